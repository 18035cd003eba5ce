//! What the reads of a stepped run ask.

use std::collections::VecDeque;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use workloads::log::RawRecord;
use workloads::{Log, Query, View, Workload};

use crate::driver::keys::{KeyNumber, Keys};
use crate::observe::Kind;

/// Chance of each kind of read after each step.
pub(super) const MIX: [(Kind, f64); 5] =
    [(Kind::Uniform, 0.4), (Kind::Recent, 0.4), (Kind::Total, 0.3), (Kind::Pair, 0.1), (Kind::Whole, 0.05)];

/// Keys of the last second's events.
const RECENT: usize = 200;

/// Draws questions.
pub(super) struct Questions {
    workload: &'static Workload,
    keys: Keys,
    recent: VecDeque<KeyNumber>,
}

impl Questions {
    pub(super) fn new(workload: &'static Workload) -> Self {
        Questions { workload, keys: Keys::default(), recent: VecDeque::new() }
    }

    /// Takes note of the keys of records that were appended.
    pub(super) fn learn(&mut self, log: &dyn Log, records: &[RawRecord]) {
        let meta = log.meta();
        for record in records {
            let event = meta.codec.decode(&meta.workload, &record.key, &record.value, record.appended);
            let Ok(event) = event else { continue };
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(self.keys.note(&event));
        }
    }

    /// A question of that kind.
    pub(super) fn ask(&self, kind: Kind, dice: &mut ChaCha8Rng) -> Vec<Query> {
        let views = self.workload.views;
        let view = |dice: &mut ChaCha8Rng| &views[dice.random_range(0..views.len())];
        match kind {
            Kind::Uniform | Kind::Recent => vec![self.point(view(dice), kind, dice)],
            Kind::Total => vec![self.total()],
            Kind::Pair | Kind::Past => self.pair(dice),
            Kind::Whole | Kind::Final => vec![whole(view(dice).name)],
        }
    }

    /// Every view in whole.
    pub(super) fn every_view(&self) -> Vec<Query> {
        self.workload.views.iter().map(|view| whole(view.name)).collect()
    }

    fn point(&self, view: &View, kind: Kind, dice: &mut ChaCha8Rng) -> Query {
        let key = match kind {
            Kind::Recent if !self.recent.is_empty() => {
                Some(self.keys.of(view, self.recent[dice.random_range(0..self.recent.len())]))
            }
            _ => self.keys.any(view, dice.random()),
        };
        Query { view: view.name.into(), key: Some(key.unwrap_or_else(|| "nobody".into())) }
    }

    /// The grand total; where there is none, one key's mean or what comes nearest to it.
    fn total(&self) -> Query {
        let views = self.workload.views;
        let all = views.iter().find(|view| view.key == "all");
        let view = all.or_else(|| self.workload.view("mean")).unwrap_or(&views[0]);
        Query { view: view.name.into(), key: self.keys.any(view, 0) }
    }

    /// Views that must agree with each other: one in whole beside its grand total, or those of one key.
    fn pair(&self, dice: &mut ChaCha8Rng) -> Vec<Query> {
        let views = self.workload.views;
        if let Some(all) = views.iter().find(|view| view.key == "all") {
            let parts = views.iter().find(|view| view.key != "all" && view.columns == all.columns);
            return parts.map(|view| whole(view.name)).into_iter().chain([self.total()]).collect();
        }
        let first = self.point(&views[0], Kind::Recent, dice);
        let alike = views.iter().filter(|view| view.key == views[0].key);
        alike.map(|view| Query { view: view.name.into(), ..first.clone() }).collect()
    }
}

fn whole(view: &str) -> Query {
    Query { view: view.into(), key: None }
}
