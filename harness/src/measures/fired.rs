//! Whether the faults that a plan names happened in a run: one that did not has tested nothing.
//!
//! Faults of the source are seen in the log beside what it would hold without them; those of the delivery by handing
//! the live records out with the fault and without; what is done to components in the marks of the driver.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use workloads::faults::DeliveryFaults;
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::{Feed, Intake};
use workloads::log::file::FileLog;
use workloads::{Dedup, Log, Origin, Version};

use crate::contestants::contestant;
use crate::judge::Evidence;
use crate::judge::evidence::Stretch;
use crate::plan::{Deed, Disturbance, Plan};

/// Records handed out at once.
const CHUNK: usize = 4096;

/// The faults that concern a run, each with whether it happened.
pub fn fired(plan: &Plan, run_folder: &Path, evidence: &Evidence) -> anyhow::Result<Vec<(String, bool)>> {
    let mut all = source(plan, run_folder, evidence)?;
    all.extend(delivered(plan, evidence)?);
    all.extend(done(plan, evidence));
    Ok(all)
}

/// What the log shows of the source's faults.
#[derive(Default)]
struct Signs {
    again: bool,
    gone: bool,
    /// Longest delay beyond the planned time, and whether it ends with a second.
    delayed: i64,
    with_second: bool,
    early: bool,
    undecodable: bool,
}

fn source(plan: &Plan, run_folder: &Path, evidence: &Evidence) -> anyhow::Result<Vec<(String, bool)>> {
    let faults = &plan.faults;
    if faults.none() {
        return Ok(Vec::new());
    }
    let signs = match &evidence.run.clean_log {
        Some(clean) => signs(evidence, &run_folder.join(clean), faults.burst > 0.0)?,
        None => Signs::default(),
    };
    let shortest = (faults.late_ms * 1000 / 120) as i64;
    let all = [
        ("resend", faults.resend, signs.again),
        ("lose", faults.lose, signs.gone),
        ("late", faults.late, signs.delayed >= shortest.max(1)),
        ("reorder", faults.reorder, signs.early),
        ("burst", faults.burst, signs.with_second),
        ("poison", faults.poison, signs.undecodable),
    ];
    let planned = all.into_iter().filter(|(_, share, _)| *share > 0.0);
    Ok(planned.map(|(name, share, seen)| (format!("{name}={share}"), seen)).collect())
}

/// Compares the live part with what the source would have sent.
fn signs(evidence: &Evidence, clean: &Path, burst: bool) -> anyhow::Result<Signs> {
    let from = &evidence.run.live_from;
    let disk: SharedDisk = Arc::new(RealDisk);
    let clean = FileLog::open(&disk, clean)?;
    let clean = Stretch::read(&clean, from, &clean.heads()?)?;
    let mut meant: HashMap<Origin, i64> =
        clean.iter().filter_map(|record| Some((record.origin?, record.intended))).collect();
    let heads = evidence.log.heads()?;
    let live = Stretch::read(&*evidence.log, from, &heads)?;
    let mut sent: HashMap<Origin, i64> = HashMap::new();
    let mut signs = Signs::default();
    let mut decoded = 0;
    for record in live.iter() {
        decoded += 1;
        let Some(origin) = record.origin else { continue };
        let before = sent.get(&origin).copied();
        signs.again |= before.is_some();
        sent.insert(origin, before.map_or(record.intended, |before| before.min(record.intended)));
    }
    signs.undecodable = decoded < heads.total() - from.total();
    for (origin, at) in sent {
        let Some(planned) = meant.remove(&origin) else { continue };
        let with_second = burst && at > planned && at % 1_000_000 == 0;
        signs.with_second |= with_second;
        signs.early |= at < planned;
        signs.delayed = signs.delayed.max(if with_second { 0 } else { at - planned });
    }
    signs.gone = !meant.is_empty();
    Ok(signs)
}

fn has(evidence: &Evidence, component: &str) -> bool {
    let parts = contestant(&evidence.run.contestant).map_or(&[][..], |contestant| contestant.parts);
    parts.iter().any(|part| part.name == component)
}

fn delivered(plan: &Plan, evidence: &Evidence) -> anyhow::Result<Vec<(String, bool)>> {
    let mut all = Vec::new();
    for delivery in plan.delivery.iter().filter(|delivery| has(evidence, &delivery.component)) {
        let whole = handed_out(evidence, &DeliveryFaults::default())?;
        let (component, faults) = (&delivery.component, &delivery.faults);
        let only =
            |drop, redeliver| DeliveryFaults { seed: faults.seed, drop, redeliver, delay_partition: None };
        if faults.drop > 0.0 {
            let fired = handed_out(evidence, &only(faults.drop, 0.0))? < whole;
            all.push((format!("drop={} before {component}", faults.drop), fired));
        }
        if faults.redeliver > 0.0 {
            let fired = handed_out(evidence, &only(0.0, faults.redeliver))? > whole;
            all.push((format!("redeliver={} before {component}", faults.redeliver), fired));
        }
        if let Some((partition, lag)) = faults.delay_partition {
            let (heads, at) = (evidence.log.heads()?, partition as usize);
            let live = heads.0.get(at) > evidence.run.live_from.0.get(at);
            let fired = lag > 0 && live;
            all.push((format!("delay_partition={partition} before {component}"), fired));
        }
    }
    Ok(all)
}

/// How many live records a component is given, no duplicate being recognised.
fn handed_out(evidence: &Evidence, faults: &DeliveryFaults) -> anyhow::Result<usize> {
    let (log, heads) = (&*evidence.log, evidence.log.heads()?);
    let partitions: Vec<u32> = (0..heads.0.len() as u32).collect();
    let feed = Feed { dedup: Dedup::None, faults: faults.clone(), ..Feed::default() };
    let from: &Version = &evidence.run.live_from;
    let mut intake = Intake::open(log, &partitions, from, &feed)?;
    let (mut records, mut count) = (Vec::new(), 0);
    for (partition, upto) in (0..).zip(&heads.0) {
        while intake.pull(partition, *upto, CHUNK, &mut records)? > 0 {
            count += records.len();
            records.clear();
        }
    }
    Ok(count)
}

fn done(plan: &Plan, evidence: &Evidence) -> Vec<(String, bool)> {
    let mut marks: Vec<(&str, &str)> =
        evidence.marks.iter().map(|mark| (mark.what.as_str(), mark.detail.as_str())).collect();
    let mut all = Vec::new();
    let deeds = plan.deeds(evidence.run.repeat);
    let concerns = |planned: &Disturbance| planned.what == Deed::Command || has(evidence, &planned.component);
    for planned in deeds.iter().filter(|planned| concerns(planned)) {
        let (what, whom) = (planned.what.name(), planned.label());
        let found = marks.iter().position(|mark| *mark == (what, whom));
        // Each mark is one deed.
        found.map(|index| marks.swap_remove(index));
        let between = if planned.what == Deed::Command { ":" } else { " of" };
        all.push((format!("{what}{between} {whom} at {} s", planned.at), found.is_some()));
    }
    all
}
