//! Questions 5 and 6 of the document, answered with figures of this machine.

use std::sync::Arc;

use anyhow::Context;
use tempfile::TempDir;
use workloads::files::{RealDisk, SharedDisk};
use workloads::orders::ORDERS;
use workloads::{Codec, Draft, Shape};

use super::super::super::World;
use super::super::stage::{Ground, Stage};
use super::cast::Cast;
use super::shown::{heading, say};
use super::totals::money;
use crate::lang::context;
use crate::limits::Effort;
use crate::limits::law::law;
use crate::limits::replay::curve;
use crate::measures::duplication;
use crate::switches::cases;

/// Events appended at once.
const CHUNK: usize = 10_000;
/// Customers of the measured orders.
const CUSTOMERS: u32 = 10_000;
/// Share of them that are taken back, as `wb limits` has it.
const CANCELLATIONS: f64 = 0.05;
/// Records that a version of the replay spans at most.
const GRANULARITY: u64 = 100_000;
/// The weak hand-over that is tried, as the table of switches names it.
const WEAK: &str = "handover = at-publish delay_ms = 10";

/// What is measured over how many orders.
pub(super) struct Measured<'a> {
    world: &'a World,
    events: u64,
    ground: &'a Ground,
    scratch: TempDir,
}

impl<'a> Measured<'a> {
    /// Over so many orders, in a folder that goes with this.
    pub(super) fn over(events: u64, ground: &'a Ground, world: &'a World) -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir().context("making a temporary folder")?;
        Ok(Measured { world, events, ground, scratch })
    }

    /// The limits of the Lambda.
    pub(super) fn limits(&self, cast: &Cast<'_>) -> anyhow::Result<()> {
        heading(self.world.lang, "orders.limits")?;
        self.staleness(cast)?;
        self.recompute()?;
        self.rules()?;
        self.jump()
    }

    /// What a Kappa does about them.
    pub(super) fn motivation(&self) -> anyhow::Result<()> {
        let lang = self.world.lang;
        heading(lang, "orders.motivation")?;
        say(lang, "orders.one-function", ())?;
        self.replay()
    }

    /// What the batch does not have, and since when.
    fn staleness(&self, cast: &Cast<'_>) -> anyhow::Result<()> {
        let since = cast.records(&cast.cut()?)?;
        let oldest = since.iter().map(|record| record.appended).min().unwrap_or(0);
        let age = (self.world.clock.millis() - oldest) as f64 / 1e3;
        let [lambda, kappa] = cast.took.map(|took| took as f64 / 1e3);
        let fields = context! { orders => since.len(), age, lambda, kappa };
        say(self.world.lang, "orders.staleness", fields)
    }

    /// What it costs to compute everything again.
    fn recompute(&self) -> anyhow::Result<()> {
        let (events, keys) = (self.events, CUSTOMERS);
        let effort = Effort { events, keys, cancellations: CANCELLATIONS, rounds: 1 };
        let scratch = self.scratch.path().join("law");
        let law = law(&ORDERS, &effort, &scratch, |_| self.world.stop.check())?;
        let whole = law.points.last().context("no length of history was measured")?.seconds;
        let (ms, each) = (whole * 1e3, whole * 1e6 / events as f64);
        // Millions, as each takes so many millionths of a second.
        let minute = 60.0 / each;
        say(self.world.lang, "orders.recompute", context! { events, ms, each, minute })
    }

    /// In how many places a rule stands.
    fn rules(&self) -> anyhow::Result<()> {
        let counts = duplication::measure()?;
        let of = |contestant: &str, measure: &str| {
            let found = counts.iter().find(|count| {
                count.workload == ORDERS.name && count.contestant == contestant && count.measure == measure
            });
            found
                .map(|count| count.value)
                .with_context(|| format!("{measure} of {contestant} was not counted"))
        };
        let (sites, lines) = ("code.sites-per-rule", "code.lines.logic");
        let fields = context! {
            lambda => of("lambda", sites)?,
            kappa => of("kappa", sites)?,
            lambda_lines => of("lambda", lines)? as u64,
            kappa_lines => of("kappa", lines)? as u64,
        };
        say(self.world.lang, "orders.rules", fields)
    }

    /// What a hand-over that is not by offset makes of the total.
    fn jump(&self) -> anyhow::Result<()> {
        let case = cases().into_iter().find(|case| case.switch == WEAK);
        let case = case.with_context(|| format!("nobody can be switched to {WEAK}"))?;
        let (evidence, verdicts) = case.run()?;
        let findings = case.findings(&verdicts);
        let found = findings.iter().find(|finding| finding.view == "revenue");
        let found = found.context("the weak hand-over was not noticed")?;
        let records = evidence.log.heads()?.total();
        let by = self.world.lang.digits(&money(found.over.max(found.under)));
        let (reads, wrong) = (found.reads, found.wrong);
        say(self.world.lang, "orders.jump", context! { records, reads, wrong, by })
    }

    /// How long a Kappa takes to compute everything again.
    fn replay(&self) -> anyhow::Result<()> {
        let stage = self.history()?;
        let disk: SharedDisk = Arc::new(RealDisk);
        let ways = (&[1][..], &[GRANULARITY][..]);
        let replays = curve(&stage.log, &disk, &[], ways, 1, &self.world.stop, |_, _, _| {})?;
        let point = replays.points.first().context("nothing was replayed")?;
        let (events, seconds) = (replays.records, point.seconds);
        let speed = events as f64 / seconds;
        say(self.world.lang, "orders.replay", context! { events, seconds, speed })
    }

    /// A log of these orders.
    fn history(&self) -> anyhow::Result<Stage> {
        let log = self.scratch.path().join("orders.log").display().to_string();
        let ground = Ground { log: Some(log), ..self.ground.clone() };
        let mut stage = ground.open(ORDERS.name, Codec::Bin, self.world)?;
        let start = self.world.clock.millis();
        let shape = Shape {
            seed: 42,
            events: self.events,
            rate: 20_000.0,
            keys: CUSTOMERS,
            cancellations: CANCELLATIONS,
            corrections: 0.0,
            start,
            first_sequence: 0,
        };
        let drafts: Vec<Draft> = (ORDERS.generate)(&shape).collect();
        drafts.chunks(CHUNK).try_for_each(|chunk| stage.append(chunk, start))?;
        Ok(stage)
    }
}
