//! What the reads of a stepped run ask.

use std::collections::VecDeque;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use workloads::log::RawRecord;
use workloads::{Event, Log, Query, Workload};

use crate::observe::Kind;

/// Chance of each kind of read after each step.
pub(super) const MIX: [(Kind, f64); 5] =
    [(Kind::Uniform, 0.4), (Kind::Recent, 0.4), (Kind::Total, 0.3), (Kind::Pair, 0.1), (Kind::Whole, 0.05)];

/// Keys of the last second's events.
const RECENT: usize = 200;

/// Draws questions.
pub(super) struct Questions {
    workload: &'static Workload,
    /// Every key seen, with the days on which it was: (key, key and day).
    keys: Vec<(String, String)>,
    recent: VecDeque<(String, String)>,
}

impl Questions {
    pub(super) fn new(workload: &'static Workload) -> Self {
        Questions { workload, keys: Vec::new(), recent: VecDeque::new() }
    }

    /// Takes note of the keys of records that were appended.
    pub(super) fn learn(&mut self, log: &dyn Log, records: &[RawRecord]) {
        let meta = log.meta();
        for record in records {
            let event = meta.codec.decode(&meta.workload, &record.key, &record.value, record.appended);
            let Ok(event) = event else { continue };
            let day = match &event {
                Event::Trade(trade) => {
                    workloads::trades::day_key(&trade.symbol, trade.time.div_euclid(86_400_000))
                }
                _ => String::new(),
            };
            let key = (event.key().to_string(), day);
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(key.clone());
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
    }

    /// A question of that kind.
    pub(super) fn ask(&self, kind: Kind, dice: &mut ChaCha8Rng) -> Vec<Query> {
        let view =
            |dice: &mut ChaCha8Rng| self.workload.views[dice.random_range(0..self.workload.views.len())].name;
        match kind {
            Kind::Uniform | Kind::Recent => vec![self.point(view(dice), kind, dice)],
            Kind::Total => vec![self.total(dice)],
            Kind::Pair => self.pair(dice),
            Kind::Whole | Kind::Final => vec![whole(view(dice))],
        }
    }

    /// Every view in whole.
    pub(super) fn every_view(&self) -> Vec<Query> {
        self.workload.views.iter().map(|view| whole(view.name)).collect()
    }

    fn point(&self, view: &str, kind: Kind, dice: &mut ChaCha8Rng) -> Query {
        let (key, daily) = match kind {
            Kind::Recent if !self.recent.is_empty() => &self.recent[dice.random_range(0..self.recent.len())],
            _ if self.keys.is_empty() => return Query { view: view.into(), key: Some("nobody".into()) },
            _ => &self.keys[dice.random_range(0..self.keys.len())],
        };
        let key = match self.workload.view(view).map(|view| view.key) {
            Some("all") => "all".into(),
            Some("symbol and day") => daily.clone(),
            _ => key.clone(),
        };
        Query { view: view.into(), key: Some(key) }
    }

    /// Orders have a grand total; of trades it is one symbol's mean, the first that was seen.
    fn total(&self, _dice: &mut ChaCha8Rng) -> Query {
        match self.workload.view("revenue") {
            Some(_) => Query { view: "revenue".into(), key: Some("all".into()) },
            None => Query { view: "mean".into(), key: self.keys.first().map(|(key, _)| key.clone()) },
        }
    }

    fn pair(&self, dice: &mut ChaCha8Rng) -> Vec<Query> {
        if self.workload.view("revenue").is_some() {
            return vec![whole("spend"), self.total(dice)];
        }
        let volume = self.point("volume", Kind::Recent, dice);
        vec![volume.clone(), Query { view: "vwap".into(), ..volume }]
    }
}

fn whole(view: &str) -> Query {
    Query { view: view.into(), key: None }
}
