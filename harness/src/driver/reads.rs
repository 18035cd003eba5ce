//! Which reads are made, and when: a Poisson process for each kind, drawn before the run begins.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp};
use workloads::{Query, View, Workload};

use super::keys::Keys;
use super::source::{Due, Schedule};
use crate::observe::Kind;
use crate::plan::Mix;

/// How far back the keys of recent events are taken from, in microseconds.
const RECENT_US: i64 = 1_000_000;

/// One pair in so many reads the sum of a whole view against its grand total.
const WHOLE_PAIRS: u32 = 10;

/// A read that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// When.
    pub intended_us: i64,
    /// Why.
    pub kind: Kind,
    /// What is asked.
    pub queries: Vec<Query>,
}

/// Every read of a live part, in order. The same seed, schedule and keys give the same reads.
pub fn plan(mix: &Mix, workload: &Workload, schedule: &Schedule, keys: &Keys, seed: u64) -> Vec<Planned> {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x7265_6164);
    let rates = [
        (Kind::Uniform, mix.uniform),
        (Kind::Recent, mix.recent),
        (Kind::Total, mix.total),
        (Kind::Pair, mix.pair),
        (Kind::Whole, mix.whole),
    ];
    let mut times = Vec::new();
    for (kind, rate) in rates {
        times.extend(poisson(rate, schedule.until_us, &mut random).into_iter().map(|at| (at, kind)));
    }
    times.sort_by_key(|(at, _)| *at);
    let draw = Draw { workload, schedule, keys };
    let planned = times.into_iter().filter_map(|(intended_us, kind)| {
        let queries = draw.queries(kind, intended_us, &mut random)?;
        Some(Planned { intended_us, kind, queries })
    });
    planned.collect()
}

fn poisson(rate: f64, until_us: i64, random: &mut impl Rng) -> Vec<i64> {
    let Ok(gaps) = Exp::new(rate / 1e6) else { return Vec::new() };
    let (mut at, mut times) = (0.0, Vec::new());
    // An infinite gap, which the rate 0 gives, ends it at once.
    loop {
        at += gaps.sample(random);
        if at >= until_us as f64 {
            return times;
        }
        times.push(at as i64);
    }
}

struct Draw<'a> {
    workload: &'a Workload,
    schedule: &'a Schedule,
    keys: &'a Keys,
}

impl Draw<'_> {
    fn queries(&self, kind: Kind, at: i64, random: &mut impl Rng) -> Option<Vec<Query>> {
        match kind {
            Kind::Uniform => Some(vec![self.uniform(self.keyed(random)?, random)?]),
            Kind::Recent => {
                let view = self.keyed(random)?;
                let recent = self.recent(at, random);
                Some(vec![match recent.and_then(|due| due.key) {
                    Some(number) => query(view, Some(self.keys.of(view, number))),
                    None => self.uniform(view, random)?,
                }])
            }
            Kind::Total => Some(vec![self.total(random)?]),
            Kind::Pair => self.pair(random),
            Kind::Whole | Kind::Final => Some(vec![query(choose(self.workload.views, random)?, None)]),
        }
    }

    /// A view with a row for each key.
    fn keyed(&self, random: &mut impl Rng) -> Option<&'static View> {
        let keyed: Vec<&View> = self.workload.views.iter().filter(|view| view.key != "all").collect();
        choose(&keyed, random).copied()
    }

    fn uniform(&self, view: &'static View, random: &mut impl Rng) -> Option<Query> {
        Some(query(view, Some(self.keys.any(view, random.next_u64())?)))
    }

    /// An event that should have been sent in the second before `at`.
    fn recent(&self, at: i64, random: &mut impl Rng) -> Option<&Due> {
        let due = &self.schedule.due;
        let until = due.partition_point(|event| event.intended_us <= at);
        let from = due.partition_point(|event| event.intended_us <= at - RECENT_US);
        (from < until).then(|| &due[random.random_range(from..until)])
    }

    /// The grand total, or what comes nearest where a workload has none: the mean of one key.
    fn total(&self, random: &mut impl Rng) -> Option<Query> {
        match self.workload.views.iter().find(|view| view.key == "all") {
            Some(view) => Some(query(view, Some("all".to_owned()))),
            None => self.uniform(self.workload.view("mean").or_else(|| self.workload.views.first())?, random),
        }
    }

    /// Two views that must agree with each other: about one key, now and then a whole view beside its total.
    fn pair(&self, random: &mut impl Rng) -> Option<Vec<Query>> {
        let number = random.next_u64();
        let both = |first: &str, second: &str| {
            let (first, second) = (self.workload.view(first)?, self.workload.view(second)?);
            let key = self.keys.any(first, number)?;
            let short = key.rsplit_once(' ').map_or(key.clone(), |(name, _)| name.to_owned());
            let second_key = if second.key == first.key { key.clone() } else { short };
            Some(vec![query(first, Some(key)), query(second, Some(second_key))])
        };
        if self.workload.name == "orders" {
            match random.random_range(0..WHOLE_PAIRS) {
                0 => Some(vec![
                    query(self.workload.view("spend")?, None),
                    query(self.workload.view("revenue")?, None),
                ]),
                n if n % 2 == 0 => both("spend", "big_spenders"),
                _ => both("spend", "large_orders"),
            }
        } else {
            match random.random_range(0..3) {
                0 => both("volume", "vwap"),
                1 => both("range", "last"),
                _ => both("mean", "last"),
            }
        }
    }
}

fn query(view: &View, key: Option<String>) -> Query {
    Query { view: view.name.to_owned(), key }
}

fn choose<'a, T>(items: &'a [T], random: &mut impl Rng) -> Option<&'a T> {
    (!items.is_empty()).then(|| &items[random.random_range(0..items.len())])
}
