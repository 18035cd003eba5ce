//! The live part: a thread for each thing that must not wait for another.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use workloads::Appender;

use super::append::{self, Appended};
use super::children::Children;
use super::deeds::{Around, Deeds};
use super::reads::Planned;
use super::session::pids;
use super::source::Schedule;
use super::stop::Stop;
use super::usage::Sampler;
use super::watch::Watch;
use super::{lanes, noise};
use crate::clock::Clock;
use crate::observe::{Mark, Observation};
use crate::plan::{Disturbance, Plan};

/// Time to start every thread before the first event is due.
const LEAD: Duration = Duration::from_millis(50);

/// How long the last reads are waited for.
const PATIENCE_US: i64 = 5_000_000;

/// How often each child's usage is sampled.
const SAMPLE_US: i64 = 50_000;

/// How often the main thread looks whether something is to be done.
const LOOK_US: i64 = 2_000;

/// What the live part needs.
pub struct Part<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What is sent.
    pub schedule: &'a Schedule,
    /// What is read.
    pub planned: &'a [Planned],
    /// What is done to components, and around them.
    pub deeds: Vec<Disturbance>,
    /// What commands among them need.
    pub around: Around<'a>,
    /// Where the serving component listens.
    pub socket: &'a Path,
    /// What it announces.
    pub watch: Option<&'a Watch>,
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
}

impl Part<'_> {
    /// Keeps to the schedule until its end, or until something fails: with that, everything ends at once, and what was
    /// seen so far is given back all the same. Children are started and stopped by the calling thread alone: they end
    /// with the thread that made them.
    pub fn live(&self, appender: &mut dyn Appender, children: &mut Children) -> (Lived, anyhow::Result<()>) {
        let clock = self.clock.restarted(LEAD);
        let (over, stop) = (AtomicBool::new(false), self.stop.inner());
        let before = noise::pressure_us();
        let mut lived = Lived { clock: Some(clock), ..Lived::default() };
        let partitions = self.plan.log.partitions;
        let lanes = self.plan.reads.connections as usize;
        let zero = self.clock.micros() - clock.micros();
        // What was announced before the live part is of its history.
        let heard = |at: i64| self.watch?.newest(zero, zero + at);
        let ended = thread::scope(|scope| {
            let generator = scope.spawn(|| {
                let appended = append::append(self.schedule, appender, partitions, &clock, &stop);
                appended.inspect_err(|_| stop.want())
            });
            let read =
                || lanes::read_all(self.planned, self.socket, lanes, PATIENCE_US, &clock, &stop, &heard);
            let reader = scope.spawn(read);
            let canary = scope.spawn(|| noise::canary(&clock, &over));
            let sampler = scope.spawn(|| self.sample(&clock, &over));
            let disturbed = self.disturb(&clock, children, &mut lived.marks, &stop);
            let disturbed = disturbed.inspect_err(|_| stop.want());
            over.store(true, Ordering::Relaxed);
            let after = noise::pressure_us();
            let waited = after.zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
            lived.pressure = waited as f64 / clock.micros().max(1) as f64;
            let joined = "the live part's threads do not panic";
            let appended = generator.join().expect(joined).map(|appended| lived.appended = appended);
            let read = reader.join().expect(joined).map(|reads| lived.reads = reads);
            lived.canary_us = canary.join().expect(joined);
            sampler.join().expect(joined);
            appended.and(disturbed).and(read)
        });
        (lived, ended)
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

    /// Does what the plan says, until the schedule ends. A component that ends unasked is an error.
    fn disturb(
        &self,
        clock: &Clock,
        children: &mut Children,
        marks: &mut Vec<Mark>,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        let mut deeds = Deeds::new(self.deeds.clone(), &self.around);
        let end = self.schedule.until_us.max(self.schedule.due.last().map_or(0, |due| due.intended_us));
        while (clock.micros() < end || deeds.under_way()) && !stop.wanted() {
            let now = clock.micros();
            deeds.begin(now, children)?;
            for mark in deeds.undo(now, children)? {
                self.sampler.follow(pids(children));
                marks.push(mark);
            }
            children.check()?;
            clock.sleep_until(now + LOOK_US);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use workloads::files::{PowerLoss, SharedDisk};
    use workloads::log::file::{FileLog, FsyncPolicy};

    use super::*;
    use crate::driver::source::{meta, schedule};
    use crate::logs::LogAddress;

    #[test]
    fn a_full_disk_ends_the_live_part_at_once_with_the_reason() {
        let mut plan = Plan::load("short").unwrap();
        (plan.live.seconds, plan.live.rate, plan.faults) = (60.0, 2_000.0, Default::default());
        let workload = workloads::workload("orders").unwrap();
        let schedule = schedule(&plan, workload, 1, &mut Default::default()).unwrap();
        let memory = PowerLoss::new(1);
        let disk: SharedDisk = Arc::new(memory.clone());
        let folder = Path::new("/log");
        FileLog::create(&disk, folder, &meta(&plan.log, "orders", String::new())).unwrap();
        let mut appender = FileLog::appender(&disk, folder, FsyncPolicy::None).unwrap();
        memory.full_after(Some(10_000));
        let part = Part {
            plan: &plan,
            schedule: &schedule,
            planned: &[],
            deeds: Vec::new(),
            around: Around {
                place: &LogAddress::Folder(folder.into()),
                lookup: |_| None,
                folder: Path::new("/nowhere"),
            },
            socket: Path::new("/nowhere"),
            watch: None,
            sampler: &Sampler::default(),
            clock: Clock::start(),
            stop: &Stop::default(),
        };
        let (lived, ended) = part.live(&mut appender, &mut Children { all: Vec::new() });
        let said = format!("{:#}", ended.unwrap_err());
        assert!(said.contains("no storage space") && !said.contains('\n'), "{said}");
        assert!(lived.clock.unwrap().micros() < 20_000_000, "it goes on for a minute otherwise");
        assert!(!part.stop.wanted(), "nobody has asked for more to end than this");
    }
}
