//! How long events took: until they could be read, until a batch covered them, until every answer was right.

use hdrhistogram::Histogram;
use workloads::{Event, Place, Version};

use super::consistency::quantiles;
use super::cost::Number;
use super::number;
use crate::judge::arrival::{Arrivals, Heads};
use crate::judge::evidence::Stretch;
use crate::judge::{Evidence, Verdict, Verdicts};
use crate::observe::{Kind, Observation, Watched};

/// Percentiles printed, with the number of samples that each needs.
const QUANTILES: [(&str, f64, u64); 4] =
    [("p50", 0.5, 1), ("p90", 0.9, 1), ("p99", 0.99, 1), ("p99.9", 0.999, 10_000)];
/// Width of a bin of the time line.
const BIN: i64 = 20_000;
/// An hour, in microseconds; what took longer counts as never seen.
const LONGEST: u64 = 3_600_000_000;

/// What became of one live event.
struct Passage {
    place: Place,
    intended_us: i64,
    handed_us: i64,
    /// When the stop was reached, if ever.
    at_us: Option<i64>,
}

/// A bin of the time line.
#[derive(Clone, Debug, PartialEq)]
pub struct Bin {
    /// Intended time at which it begins.
    pub at_us: i64,
    /// Median, 99th percentile and maximum of the events that reached the stop.
    pub quantiles: [i64; 3],
    /// How many they are.
    pub n: u64,
}

/// The latencies of one run, or of several, up to one stop.
#[derive(Clone, Debug)]
pub struct Latency {
    /// `speed`, `batch` or `right`.
    pub stop: &'static str,
    /// Since the intended time.
    pub corrected: Histogram<u64>,
    /// Since the time at which the event was handed to the log.
    pub uncorrected: Histogram<u64>,
    /// Events that never got there.
    pub censored: u64,
    /// Events that got there before they were due; in the histograms they stand at 1 us.
    pub negative: u64,
    /// Events within the objective.
    pub within: u64,
    /// Median gap between the reads that it comes from, for `right`.
    pub resolution_us: Option<i64>,
    /// By intended time; empty for several runs.
    pub bins: Vec<Bin>,
}

impl Latency {
    fn new(stop: &'static str, passages: &[Passage], objective_us: i64) -> Self {
        let histogram = || Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in order");
        let mut latency = Latency {
            stop,
            corrected: histogram(),
            uncorrected: histogram(),
            censored: 0,
            negative: 0,
            within: 0,
            resolution_us: None,
            bins: bins(passages),
        };
        for passage in passages {
            let Some(at) = passage.at_us.filter(|at| at - passage.intended_us <= LONGEST as i64) else {
                latency.censored += 1;
                continue;
            };
            let (corrected, uncorrected) = (at - passage.intended_us, at - passage.handed_us);
            latency.negative += u64::from(corrected < 0);
            latency.within += u64::from(corrected <= objective_us);
            latency.corrected.saturating_record(corrected.max(1) as u64);
            latency.uncorrected.saturating_record(uncorrected.max(1) as u64);
        }
        latency
    }

    /// Adds the events of another run.
    pub fn merge(&mut self, other: &Latency) {
        // Histograms of the same bounds always add.
        let added = self.corrected.add(&other.corrected).and(self.uncorrected.add(&other.uncorrected));
        debug_assert!(added.is_ok());
        self.censored += other.censored;
        self.negative += other.negative;
        self.within += other.within;
        self.resolution_us = self.resolution_us.max(other.resolution_us);
        self.bins.clear();
    }

    /// As rows of `measurements.csv`.
    pub fn numbers(&self) -> Vec<Number> {
        let stop = self.stop;
        let mut numbers = Vec::new();
        for (what, histogram) in [("latency", &self.corrected), ("uncorrected", &self.uncorrected)] {
            for (name, share, needs) in QUANTILES {
                if histogram.len() >= needs {
                    let value = histogram.value_at_quantile(share) as f64;
                    numbers.push(number(format!("{what}.{stop}.{name}"), "us", value));
                }
            }
            if !histogram.is_empty() {
                numbers.push(number(format!("{what}.{stop}.max"), "us", histogram.max() as f64));
            }
        }
        let n = self.corrected.len();
        let mut count = |name: &str, value: u64| {
            numbers.push(number(format!("latency.{stop}.{name}"), "events", value as f64));
        };
        count("n", n);
        count("censored", self.censored);
        count("negative", self.negative);
        let due = (n + self.censored).max(1) as f64;
        numbers.push(number(format!("latency.{stop}.within"), "share", self.within as f64 / due));
        let resolution =
            self.resolution_us.map(|gap| number(format!("latency.{stop}.resolution"), "us", gap as f64));
        numbers.extend(resolution);
        numbers
    }

    /// Latency and the share of all due events that took longer, at most one point in fifty of a decade.
    pub fn exceedance(&self, corrected: bool) -> Vec<(u64, f64)> {
        let histogram = if corrected { &self.corrected } else { &self.uncorrected };
        let due = (histogram.len() + self.censored) as f64;
        let (mut seen, mut last) = (0, 0.0);
        let mut points: Vec<(u64, f64)> = Vec::new();
        for step in histogram.iter_recorded() {
            seen += step.count_at_value();
            let value = step.value_iterated_to();
            if value as f64 >= last * 1.047 || seen == histogram.len() {
                points.push((value, 1.0 - seen as f64 / due));
                last = value as f64;
            }
        }
        points
    }
}

/// The latencies of one run.
pub fn measure(evidence: &Evidence, verdicts: &Verdicts) -> anyhow::Result<Vec<Latency>> {
    let run = &evidence.run;
    let heads = evidence.log.heads()?;
    let stretch = Stretch::read(&*evidence.log, &run.live_from, &heads)?;
    let arrivals = Arrivals::new(&run.live_from, &heads, &evidence.arrivals);
    let passages = |at: &dyn Fn(Place) -> Option<i64>| -> Vec<Passage> {
        let passage = |record: &workloads::Record| {
            let (place, intended_us) = (record.place, record.intended);
            let handed_us = arrivals.handed_time(place)?;
            Some(Passage { place, intended_us, handed_us, at_us: at(place) })
        };
        stretch.iter().filter_map(passage).collect()
    };
    let said = |lines: &mut dyn Iterator<Item = &Watched>| {
        let mut lines: Vec<&Watched> = lines.collect();
        lines.sort_by_key(|line| line.received_us);
        let each = |line: &&Watched| {
            let (at, version) = (line.received_us, line.version.clone());
            (0..).zip(version.0).map(move |(partition, next)| (partition, at, next)).collect::<Vec<_>>()
        };
        Heads::new(&run.live_from, lines.iter().flat_map(each))
    };
    let announced = said(&mut evidence.announced());
    let speed = passages(&|place| announced.time(place));
    let mut latencies = vec![Latency::new("speed", &speed, run.objective_us)];
    if evidence.has_batch() {
        let published = said(&mut evidence.published());
        latencies.push(Latency::new("batch", &passages(&|place| published.time(place)), run.objective_us));
    }
    latencies.extend(right(evidence, verdicts, &stretch, speed));
    Ok(latencies)
}

/// Time from which on every audited read that depends on an event was true and covered it. Reads of totals, pairs and
/// whole views depend on every event; a wrong read of one key on the events of that key.
fn right(
    evidence: &Evidence,
    verdicts: &Verdicts,
    stretch: &Stretch,
    mut passages: Vec<Passage>,
) -> Option<Latency> {
    let broad = |verdict: &&Verdict| !matches!(verdict.kind, Kind::Uniform | Kind::Recent | Kind::Past);
    let mut reads: Vec<&Verdict> = verdicts.reads.iter().filter(broad).collect();
    reads.sort_by_key(|verdict| verdict.sent_us);
    let gaps: Vec<i64> = reads.windows(2).map(|pair| pair[1].sent_us - pair[0].sent_us).collect();
    let first = reads.iter().rposition(|verdict| verdict.class.wrong()).map_or(0, |last| last + 1);
    let reads = &reads[first..];
    // What every read from here on covers.
    let mut covered: Vec<Version> = Vec::new();
    for verdict in reads.iter().rev() {
        let version = verdict.claimed.as_ref().or(verdict.matched.as_ref().map(|matched| &matched.1))?;
        covered.push(covered.last().map_or(version.clone(), |later| later.meet(version)));
    }
    covered.reverse();
    let wrong = wrong_keys(verdicts);
    for passage in &mut passages {
        let from = covered.partition_point(|version| !version.contains(passage.place));
        let at = reads.get(from).map(|verdict| verdict.answered_us);
        let key = stretch.get(passage.place).map(|record| key(&record.event));
        let last_wrong = key.and_then(|key| wrong.get(key).copied());
        passage.at_us = at.map(|at| last_wrong.map_or(at, |wrong| at.max(wrong)));
    }
    let mut latency = Latency::new("right", &passages, evidence.run.objective_us);
    latency.resolution_us = Some(quantiles(gaps)[0].1);
    Some(latency)
}

fn key(event: &Event) -> &str {
    event.key().as_str()
}

/// When each key's last wrong point read was answered.
fn wrong_keys(verdicts: &Verdicts) -> std::collections::HashMap<&str, i64> {
    let mut last = std::collections::HashMap::new();
    let points = verdicts.reads.iter().filter(|verdict| matches!(verdict.kind, Kind::Uniform | Kind::Recent));
    for verdict in points.filter(|verdict| verdict.class.wrong()) {
        // A key of symbol and day stands for its symbol.
        let whole = verdict.key.as_str();
        let symbol = whole.rsplit_once(' ').map_or(whole, |(symbol, _)| symbol);
        for name in [whole, symbol] {
            let at: &mut i64 = last.entry(name).or_default();
            *at = verdict.answered_us.max(*at);
        }
    }
    last
}

fn bins(passages: &[Passage]) -> Vec<Bin> {
    let mut binned: std::collections::BTreeMap<i64, Vec<i64>> = std::collections::BTreeMap::new();
    for passage in passages {
        if let Some(at) = passage.at_us {
            binned.entry(passage.intended_us.div_euclid(BIN)).or_default().push(at - passage.intended_us);
        }
    }
    let bin = |(index, latencies): (i64, Vec<i64>)| {
        let n = latencies.len() as u64;
        let found = quantiles(latencies);
        Bin { at_us: index * BIN, quantiles: [found[0].1, found[1].1, found[2].1], n }
    };
    binned.into_iter().map(bin).collect()
}

/// What is taken as the length of a read.
type Took = fn(&Observation) -> i64;

/// Round trips of reads: since their intended time, and since they were sent.
pub fn round_trips(evidence: &Evidence) -> Vec<Number> {
    let mut numbers = Vec::new();
    let live = |past: bool| {
        let meant = move |read: &&Observation| read.kind != Kind::Final && (read.kind == Kind::Past) == past;
        evidence.reads.iter().filter(meant)
    };
    let each: [(&str, bool, Took); 3] = [
        ("read", false, |read| read.answered_us - read.intended_us),
        ("read.sent", false, |read| read.answered_us - read.sent_us),
        ("read.past", true, |read| read.answered_us - read.intended_us),
    ];
    for (name, past, took) in each {
        let mut histogram: Histogram<u64> =
            Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in order");
        live(past).for_each(|read| histogram.saturating_record(took(read).max(1) as u64));
        if histogram.is_empty() {
            continue;
        }
        for (which, share, _) in QUANTILES.into_iter().filter(|(_, _, needs)| histogram.len() >= *needs) {
            let value = histogram.value_at_quantile(share) as f64;
            numbers.push(number(format!("{name}.{which}"), "us", value));
        }
        numbers.push(number(format!("{name}.max"), "us", histogram.max() as f64));
        numbers.push(number(format!("{name}.n"), "reads", histogram.len() as f64));
    }
    numbers
}
