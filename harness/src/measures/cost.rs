//! What a contestant takes: CPU time, memory and bytes, as the operating system counted them for each child.
//!
//! | measure | unit | meaning |
//! |---|---|---|
//! | `cpu.total`, `cpu.COMPONENT` | s | user and system time from the start of the live part until the last event could be read |
//! | `cpu.per-million`, `cpu.per-million.COMPONENT` | s | the same for each million events of the live part |
//! | `memory.peak.COMPONENT` | bytes | most that was ever resident, history included; `memory.peak` is their sum |
//! | `memory.mean.COMPONENT` | bytes | mean of what was resident in the live part; `memory.mean` is their sum |
//! | `bytes.read`, `bytes.written` | bytes | through system calls in the live part, sockets included |
//! | `bytes.kept` | bytes | what its folder holds in the end |
//! | `amplification.storage` | ratio | bytes kept for each byte of the log |
//! | `amplification.events` | ratio | events processed for each live event: each once, and all of its cut by each batch |
//! | `count.components`, `count.schedules` | number | processes, and those among them that publish batches |
//! | `count.events` | events | events of the live part |

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::observe::{self, Arrival, Run, Usage, Watched};

/// One number of a run, without what the run says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// What was measured.
    pub measure: String,
    /// In what.
    pub unit: &'static str,
    /// The number.
    pub value: f64,
}

fn number(measure: impl Into<String>, unit: &'static str, value: f64) -> Number {
    Number { measure: measure.into(), unit, value }
}

/// The costs of one run from the files of its observation folder.
pub fn measure(folder: &Path, run: &Run) -> Result<Vec<Number>> {
    let usage: Vec<Usage> = observe::read(&folder.join("usage.jsonl.gz"))?;
    let arrivals: Vec<Arrival> = observe::read(&folder.join("arrivals.jsonl.gz"))?;
    let watched: Vec<Watched> = observe::read(&folder.join("watched.jsonl.gz"))?;
    Ok(count(run, &usage, &arrivals, &watched))
}

/// The costs of one run from its observations.
pub fn count(run: &Run, usage: &[Usage], arrivals: &[Arrival], watched: &[Watched]) -> Vec<Number> {
    let events: u64 = arrivals.iter().map(|arrival| arrival.count).sum();
    let until = drained(run, arrivals, watched);
    let components = components(usage, until);
    let millions = events as f64 / 1e6;
    let mut numbers = vec![number("count.components", "number", components.len() as f64)];
    numbers.push(number("count.events", "events", events as f64));
    let mut sum = Spent::default();
    for (name, spent) in &components {
        numbers.push(number(format!("cpu.{name}"), "s", spent.cpu_s));
        if events > 0 {
            numbers.push(number(format!("cpu.per-million.{name}"), "s", spent.cpu_s / millions));
        }
        numbers.push(number(format!("memory.peak.{name}"), "bytes", spent.peak));
        numbers.push(number(format!("memory.mean.{name}"), "bytes", spent.mean));
        sum.add(spent);
    }
    numbers.push(number("cpu.total", "s", sum.cpu_s));
    if events > 0 {
        numbers.push(number("cpu.per-million", "s", sum.cpu_s / millions));
    }
    numbers.push(number("memory.peak", "bytes", sum.peak));
    numbers.push(number("memory.mean", "bytes", sum.mean));
    numbers.push(number("bytes.read", "bytes", sum.read));
    numbers.push(number("bytes.written", "bytes", sum.written));
    numbers.push(number("bytes.kept", "bytes", run.kept_bytes as f64));
    if run.log_bytes > 0 {
        numbers.push(number("amplification.storage", "ratio", run.kept_bytes as f64 / run.log_bytes as f64));
    }
    numbers.extend(batches(watched, until, events));
    numbers
}

/// When the last event could be read; when the run ended, if that never was announced.
fn drained(run: &Run, arrivals: &[Arrival], watched: &[Watched]) -> i64 {
    let mut head = run.live_from.clone();
    for arrival in arrivals {
        if let Some(next) = head.0.get_mut(arrival.partition as usize) {
            *next = (*next).max(arrival.first + arrival.count);
        }
    }
    let covering = watched.iter().filter(|line| line.component != "batch" && line.version.covers(&head));
    covering.map(|line| line.received_us).min().map_or(run.ended_us, |first| first.max(run.live_until_us))
}

/// What one component took.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    cpu_s: f64,
    peak: f64,
    mean: f64,
    read: f64,
    written: f64,
}

impl Spent {
    fn add(&mut self, other: &Spent) {
        self.cpu_s += other.cpu_s;
        self.peak += other.peak;
        self.mean += other.mean;
        self.read += other.read;
        self.written += other.written;
    }
}

/// Adds up the processes that a component was: one that was killed and started again is two, counted from nothing.
fn components(usage: &[Usage], until: i64) -> BTreeMap<String, Spent> {
    let mut processes: BTreeMap<(&str, u32), Vec<&Usage>> = BTreeMap::new();
    for sample in usage {
        processes.entry((&sample.component, sample.pid)).or_default().push(sample);
    }
    let mut components: BTreeMap<String, Spent> = BTreeMap::new();
    for ((name, _), mut samples) in processes {
        samples.sort_by_key(|sample| sample.at_us);
        let spent = components.entry(name.to_string()).or_default();
        process(&samples, until, spent);
    }
    for (name, spent) in &mut components {
        let live =
            usage.iter().filter(|sample| sample.component == *name && (0..=until).contains(&sample.at_us));
        let (n, all) = live.fold((0.0, 0.0), |(n, all), sample| (n + 1.0, all + sample.resident as f64));
        spent.mean = if n > 0.0 { all / n } else { 0.0 };
    }
    components
}

/// The difference between the first sample at or after the end and the last one at or before the start.
fn process(samples: &[&Usage], until: i64, spent: &mut Spent) {
    let before = samples.iter().rev().find(|sample| sample.at_us <= 0);
    let after = samples.iter().find(|sample| sample.at_us >= until).or(samples.last());
    let Some(after) = after.filter(|after| after.at_us > 0) else {
        return;
    };
    let less = |of: fn(&Usage) -> u64| of(after).saturating_sub(before.map_or(0, |sample| of(sample))) as f64;
    spent.cpu_s += less(|sample| sample.user_us + sample.system_us) / 1e6;
    spent.read += less(|sample| sample.read);
    spent.written += less(|sample| sample.written);
    spent.peak = spent.peak.max(after.peak as f64);
}

/// How often events are gone through, and by how many schedules.
fn batches(watched: &[Watched], until: i64, events: u64) -> Vec<Number> {
    let published: Vec<&Watched> = watched.iter().filter(|line| line.component == "batch").collect();
    let live = published.iter().filter(|line| (0..=until).contains(&line.received_us));
    let again: u64 = live.map(|line| line.version.total()).sum();
    let mut numbers = vec![number("count.schedules", "number", if published.is_empty() { 0.0 } else { 1.0 })];
    if events > 0 {
        numbers.push(number("amplification.events", "ratio", (events + again) as f64 / events as f64));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Noise;
    use workloads::{Terms, Version};

    fn run() -> Run {
        Run {
            workload: "orders".into(),
            contestant: "lambda".into(),
            repeat: 1,
            log: "log".into(),
            clean_log: None,
            terms: Terms::default(),
            live_from: Version(vec![100]),
            live_until_us: 1_000,
            ended_us: 9_000,
            rate: 1.0,
            objective_us: 10,
            kept_bytes: 50,
            log_bytes: 200,
            dead_letters: 0,
            ended: "complete".into(),
            noise: Noise::default(),
        }
    }

    fn usage(pid: u32, at_us: i64, cpu: u64) -> Usage {
        Usage {
            component: "speed".into(),
            at_us,
            pid,
            user_us: cpu,
            system_us: 0,
            resident: 10,
            peak: 20,
            read: cpu,
            written: 0,
        }
    }

    fn value(numbers: &[Number], measure: &str) -> f64 {
        numbers.iter().find(|number| number.measure == measure).map(|number| number.value).unwrap()
    }

    fn arrived() -> Vec<Arrival> {
        vec![Arrival { partition: 0, first: 100, count: 10, handed_us: 1, acked_us: 2 }]
    }

    #[test]
    fn what_was_spent_on_the_history_does_not_count() {
        let samples = [usage(1, -500, 4_000_000), usage(1, 0, 5_000_000), usage(1, 1_000, 7_000_000)];
        let numbers = count(&run(), &samples, &arrived(), &[]);
        assert_eq!(value(&numbers, "cpu.speed"), 2.0);
        assert!((value(&numbers, "cpu.per-million") - 200_000.0).abs() < 1e-6);
    }

    #[test]
    fn a_process_that_was_started_again_counts_from_nothing() {
        let samples =
            [usage(1, -1, 5_000_000), usage(1, 300, 6_000_000), usage(2, 400, 10), usage(2, 1_000, 500_000)];
        let numbers = count(&run(), &samples, &arrived(), &[]);
        assert_eq!(value(&numbers, "cpu.total"), 1.5);
        assert_eq!(value(&numbers, "count.components"), 1.0);
    }

    #[test]
    fn what_comes_after_the_last_event_could_be_read_does_not_count() {
        let samples = [usage(1, 0, 0), usage(1, 2_000, 1_000_000), usage(1, 9_000, 8_000_000)];
        let seen = Watched { component: "serving".into(), version: Version(vec![110]), received_us: 1_900 };
        let numbers = count(&run(), &samples, &arrived(), &[seen]);
        assert_eq!(value(&numbers, "cpu.total"), 1.0);
    }

    #[test]
    fn a_batch_goes_through_all_of_its_cut_again() {
        let published = Watched { component: "batch".into(), version: Version(vec![105]), received_us: 500 };
        let numbers = count(&run(), &[], &arrived(), &[published]);
        assert_eq!(value(&numbers, "amplification.events"), 11.5);
        assert_eq!(value(&numbers, "amplification.storage"), 0.25);
    }
}
