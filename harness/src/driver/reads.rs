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

/// Chances of the kinds of questions that are asked about a version which lies a little back.
const PAST: [(Kind, f64); 4] =
    [(Kind::Uniform, 0.3), (Kind::Recent, 0.3), (Kind::Total, 0.2), (Kind::Pair, 0.2)];

/// Share of the time for which versions are kept, that reads go back at most: what is just on the edge may be gone when
/// it is asked for.
const WITHIN: f64 = 0.8;

/// A read that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// When.
    pub intended_us: i64,
    /// Why.
    pub kind: Kind,
    /// What is asked.
    pub queries: Vec<Query>,
    /// How long before it was the newest, the version that is asked about; the newest when absent.
    pub back_us: Option<i64>,
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
        Some(Planned { intended_us, kind, queries, back_us: None })
    });
    planned.collect()
}

/// Adds reads of versions up to so many microseconds old. The other reads stay what they were: who cannot be asked so is
/// asked everything else all the same.
pub fn look_back(
    planned: &mut Vec<Planned>,
    (rate, window_us): (f64, f64),
    workload: &Workload,
    schedule: &Schedule,
    keys: &Keys,
    seed: u64,
) {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x7061_7374);
    let draw = Draw { workload, schedule, keys };
    let most = window_us * WITHIN;
    for intended_us in poisson(rate, schedule.until_us, &mut random) {
        let back_us = Some((random.random::<f64>() * most) as i64);
        let mut dice = random.random::<f64>();
        let kind = PAST.iter().find(|(_, chance)| {
            dice -= chance;
            dice < 0.0
        });
        let asked = kind.and_then(|(kind, _)| draw.queries(*kind, intended_us, &mut random));
        let read = asked.map(|queries| Planned { intended_us, kind: Kind::Past, queries, back_us });
        planned.extend(read);
    }
    planned.sort_by_key(|read| read.intended_us);
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
            Kind::Pair | Kind::Past => self.pair(random),
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

    /// Views that must agree with each other: about one key, now and then whole views that have one sum.
    fn pair(&self, random: &mut impl Rng) -> Option<Vec<Query>> {
        let (kinds, turn) = (alike(self.workload.name), random.random_range(0..WHOLE_PAIRS));
        let views = match kinds.whole {
            Some(views) if turn < kinds.often => return whole(self.workload, views),
            _ => kinds.keyed.get(turn as usize % kinds.keyed.len().max(1))?,
        };
        let number = random.next_u64();
        let first = self.workload.view(views.first()?)?;
        let key = self.keys.any(first, number)?;
        let of = |name: &&str| {
            let view = self.workload.view(name)?;
            let short = key.rsplit_once(' ').map_or(key.as_str(), |(name, _)| name);
            Some(query(view, Some(if view.key == first.key { key.clone() } else { short.to_owned() })))
        };
        views.iter().map(of).collect()
    }
}

/// Which views of a workload must agree with each other at every version.
struct Alike {
    /// About one key, or about a key and its first part.
    keyed: &'static [&'static [&'static str]],
    /// In whole, the second with the sum of the first.
    whole: Option<[&'static str; 2]>,
    /// How many of so many pairs are whole.
    often: u32,
}

fn alike(workload: &str) -> Alike {
    let (keyed, whole, often): (&[&[&str]], _, _) = match workload {
        "orders" => {
            (&[&["spend", "big_spenders"], &["spend", "large_orders"]], Some(["spend", "revenue"]), 1)
        }
        "trades" => (&[&["volume", "vwap"], &["range", "last"], &["mean", "last"]], None, 0),
        "words" => (&[&["windows", "totals"]], None, 0),
        "sensors" => (&[&["average", "recent"], &["seconds", "average"]], None, 0),
        // Few accounts: the sum of all balances is asked for as often as one of them.
        "transfers" => (&[&["credits", "debits", "balance"]], Some(["balance", "total"]), WHOLE_PAIRS / 2),
        _ => (&[], None, 0),
    };
    Alike { keyed, whole, often }
}

fn whole(workload: &Workload, views: [&str; 2]) -> Option<Vec<Query>> {
    views.iter().map(|name| Some(query(workload.view(name)?, None))).collect()
}

fn query(view: &View, key: Option<String>) -> Query {
    Query { view: view.name.to_owned(), key }
}

fn choose<'a, T>(items: &'a [T], random: &mut impl Rng) -> Option<&'a T> {
    (!items.is_empty()).then(|| &items[random.random_range(0..items.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::source;
    use crate::plan::Plan;

    #[test]
    fn every_kind_of_read_is_made_of_every_workload_as_often_as_the_plan_says() {
        let mut plan = Plan::load("default").unwrap();
        (plan.live.seconds, plan.live.rate) = (10.0, 500.0);
        for workload in workloads::WORKLOADS {
            let mut keys = Keys::default();
            let schedule = source::schedule(&plan, workload, 1, &mut keys).unwrap();
            let mix = Mix { pair: 50.0, whole: 20.0, ..plan.reads.clone() };
            let planned = super::plan(&mix, workload, &schedule, &keys, 1);
            for (kind, rate) in
                [(Kind::Uniform, 200.0), (Kind::Recent, 200.0), (Kind::Pair, 50.0), (Kind::Whole, 20.0)]
            {
                let made = planned.iter().filter(|read| read.kind == kind).count() as f64;
                assert!((made / 10.0 / rate - 1.0).abs() < 0.3, "{} {kind:?}: {made}", workload.name);
            }
            let pairs = planned.iter().filter(|read| read.kind == Kind::Pair);
            assert!(pairs.clone().all(|read| read.queries.len() > 1 && !read.queries[0].view.is_empty()));
            assert!(pairs.flat_map(|read| &read.queries).all(|query| query.key.as_deref() != Some("")));
        }
    }
}
