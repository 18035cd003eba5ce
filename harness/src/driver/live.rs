//! The live part: a thread for each thing that must not wait for another.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use workloads::log::file::FileAppender;

use super::append::{self, Appended};
use super::children::Children;
use super::reads::Planned;
use super::session::pids;
use super::source::Schedule;
use super::stop::Stop;
use super::usage::Sampler;
use super::{lanes, noise};
use crate::clock::Clock;
use crate::observe::{Mark, Observation};
use crate::plan::{Deed, Disturbance, Plan};

/// Time to start every thread before the first event is due.
const LEAD: Duration = Duration::from_millis(50);

/// How long the last reads are waited for.
const PATIENCE_US: i64 = 5_000_000;

/// How often each child's usage is sampled.
const SAMPLE_US: i64 = 50_000;

/// How often the main thread looks whether something is to be done to a component.
const LOOK_US: i64 = 2_000;

/// What the live part needs.
pub struct Part<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What is sent.
    pub schedule: &'a Schedule,
    /// What is read.
    pub planned: &'a [Planned],
    /// What is done to components.
    pub deeds: Vec<Disturbance>,
    /// Where the serving component listens.
    pub socket: &'a Path,
    /// Follows the children's usage.
    pub sampler: &'a Sampler,
    /// The driver's clock.
    pub clock: Clock,
    /// Whether to end early.
    pub stop: &'a Stop,
}

/// What the live part gave.
#[derive(Default)]
pub struct Lived {
    /// The clock of which all times are; absent if it never began.
    pub clock: Option<Clock>,
    /// What was sent.
    pub appended: Appended,
    /// What was read.
    pub reads: Vec<Observation>,
    /// What was done to components.
    pub marks: Vec<Mark>,
    /// How late the canary was each time.
    pub canary_us: Vec<i64>,
    /// Share of the time in which some task waited for a core.
    pub pressure: f64,
    /// A component that ended unasked.
    pub failed: Option<String>,
}

impl Part<'_> {
    /// Keeps to the schedule until its end. Children are started and stopped by the calling thread alone: they
    /// end with the thread that made them.
    pub fn live(&self, appender: &mut FileAppender, children: &mut Children) -> anyhow::Result<Lived> {
        let clock = self.clock.restarted(LEAD);
        let over = AtomicBool::new(false);
        let before = noise::pressure_us();
        let mut lived = Lived { clock: Some(clock), ..Lived::default() };
        let partitions = self.plan.log.partitions;
        let lanes = self.plan.reads.connections as usize;
        thread::scope(|scope| -> anyhow::Result<()> {
            let generator =
                scope.spawn(|| append::append(self.schedule, appender, partitions, &clock, self.stop));
            let read = || lanes::read_all(self.planned, self.socket, lanes, PATIENCE_US, &clock, self.stop);
            let reader = scope.spawn(read);
            let canary = scope.spawn(|| noise::canary(&clock, &over));
            let sampler = scope.spawn(|| self.sample(&clock, &over));
            let disturbed = self.disturb(&clock, children, &mut lived);
            over.store(true, Ordering::Relaxed);
            let after = noise::pressure_us();
            let waited = after.zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
            lived.pressure = waited as f64 / clock.micros().max(1) as f64;
            let joined = "the live part's threads do not panic";
            lived.appended = generator.join().expect(joined)?;
            lived.reads = reader.join().expect(joined)?;
            lived.canary_us = canary.join().expect(joined);
            sampler.join().expect(joined);
            disturbed
        })?;
        Ok(lived)
    }

    /// Samples before the start, so that what history took is known, at regular times and at the end.
    fn sample(&self, clock: &Clock, over: &AtomicBool) {
        let zero = self.clock.micros() - clock.micros();
        self.sampler.sample(zero + clock.micros());
        let mut at = 0;
        while !over.load(Ordering::Relaxed) && at <= self.schedule.until_us {
            clock.sleep_until(at);
            self.sampler.sample(zero + clock.micros());
            at = if at < self.schedule.until_us {
                (at + SAMPLE_US).min(self.schedule.until_us)
            } else {
                at + 1
            };
        }
    }

    /// Does to components what the plan says, until the schedule ends.
    fn disturb(&self, clock: &Clock, children: &mut Children, lived: &mut Lived) -> anyhow::Result<()> {
        let mut due = self.deeds.clone();
        due.sort_by(|a, b| a.at.total_cmp(&b.at));
        let mut due = due.into_iter().peekable();
        // What is over at a time, and to whom it was done.
        let mut under: Vec<(i64, i64, Deed, String)> = Vec::new();
        let end = self.schedule.until_us.max(self.schedule.due.last().map_or(0, |due| due.intended_us));
        while (clock.micros() < end || !under.is_empty()) && !self.stop.wanted() {
            let now = clock.micros();
            while let Some(next) = due.next_if(|next| (next.at * 1e6) as i64 <= now) {
                let Some(child) = children.named(&next.component) else { continue };
                match next.what {
                    Deed::Pause => child.signal(Signal::SIGSTOP),
                    Deed::Kill => child.crash()?,
                }
                under.push((now, now + (next.seconds * 1e6) as i64, next.what, next.component));
            }
            let (done, rest) = under.into_iter().partition(|(_, until, ..)| *until <= now);
            under = rest;
            for (from_us, _, deed, component) in Vec::from_iter::<Vec<_>>(done) {
                let Some(child) = children.named(&component) else { continue };
                let what = match deed {
                    Deed::Pause => {
                        child.signal(Signal::SIGCONT);
                        "pause"
                    }
                    Deed::Kill => {
                        child.restart()?;
                        "kill"
                    }
                };
                self.sampler.follow(pids(children));
                lived.marks.push(Mark { from_us, until_us: now, what: what.into(), detail: component });
            }
            if let (None, Err(error)) = (&lived.failed, children.check()) {
                lived.failed = Some(format!("{error:#}"));
            }
            clock.sleep_until(now + LOOK_US);
        }
        Ok(())
    }
}
