//! What the oracle keeps of one region: its seconds, and what state the alert was left in after each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{CLEARED_BELOW, RAISED_ABOVE, SPAN};

/// Seconds that forks share until one of them writes to one.
const BLOCK: i64 = 256;

/// A sum of readings and how many it is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) sum: i128,
    pub(super) count: u64,
}

/// One second that holds readings.
#[derive(Clone, Copy, Debug, Default)]
struct Second {
    figures: Figures,
    /// Whether an alert stands after it.
    stands: bool,
}

/// The readings of one region.
#[derive(Clone, Debug, Default)]
pub(super) struct Region {
    pub(super) all: Figures,
    blocks: BTreeMap<i64, Arc<BTreeMap<i64, Second>>>,
    alerts: BTreeMap<i64, Figures>,
}

impl Figures {
    fn add(&mut self, other: Figures) {
        self.sum += other.sum;
        self.count += other.count;
    }

    fn average_above(self, degrees: i128) -> bool {
        self.sum > degrees * i128::from(self.count)
    }

    fn average_below(self, degrees: i128) -> bool {
        self.sum < degrees * i128::from(self.count)
    }
}

impl Region {
    /// One more reading; the alerts that it has changed are added to `changed` by their seconds.
    pub(super) fn read(&mut self, second: i64, reading: i32, changed: &mut Vec<i64>) {
        let one = Figures { sum: i128::from(reading), count: 1 };
        self.all.add(one);
        self.held(second).figures.add(one);
        self.alert(second, changed);
    }

    /// Goes through the seconds from `from` on until they are as they were.
    fn alert(&mut self, from: i64, changed: &mut Vec<i64>) {
        let mut stands = self.before(from).is_some_and(|second| second.stands);
        let mut next = Some(from);
        while let Some(at) = next {
            let (figures, stood) = (self.up_to(at), stands);
            stands = if stood {
                !figures.average_below(CLEARED_BELOW)
            } else {
                figures.average_above(RAISED_ABOVE)
            };
            let raised = (stands && !stood).then_some(figures);
            let before = match raised {
                Some(figures) => self.alerts.insert(at, figures),
                None => self.alerts.remove(&at),
            };
            if before != raised {
                changed.push(at);
            }
            let held = self.held(at);
            let same = std::mem::replace(&mut held.stands, stands) == stands;
            // Beyond the reach of the first one's readings only the state can still differ.
            next = if same && at >= from + SPAN - 1 { None } else { self.after(at) };
        }
    }

    /// Sum and number of the ten seconds that end with `second`.
    fn up_to(&self, second: i64) -> Figures {
        let mut figures = Figures::default();
        let from = second - SPAN + 1;
        for (_, block) in self.blocks.range(from.div_euclid(BLOCK)..=second.div_euclid(BLOCK)) {
            block.range(from..=second).for_each(|(_, second)| figures.add(second.figures));
        }
        figures
    }

    fn held(&mut self, second: i64) -> &mut Second {
        let block = self.blocks.entry(second.div_euclid(BLOCK)).or_default();
        Arc::make_mut(block).entry(second).or_default()
    }

    fn before(&self, second: i64) -> Option<Second> {
        let mut blocks = self.blocks.range(..=second.div_euclid(BLOCK)).rev();
        blocks.find_map(|(_, block)| block.range(..second).next_back()).map(|(_, second)| *second)
    }

    fn after(&self, second: i64) -> Option<i64> {
        let mut blocks = self.blocks.range(second.div_euclid(BLOCK)..);
        blocks.find_map(|(_, block)| block.range(second + 1..).next()).map(|(at, _)| *at)
    }

    /// The second of that number, if it holds a reading.
    pub(super) fn second(&self, second: i64) -> Option<Figures> {
        Some(self.blocks.get(&second.div_euclid(BLOCK))?.get(&second)?.figures)
    }

    /// Every second that holds a reading.
    pub(super) fn seconds(&self) -> impl Iterator<Item = (i64, Figures)> {
        let blocks = self.blocks.values();
        blocks.flat_map(|block| block.iter().map(|(at, second)| (*at, second.figures)))
    }

    /// The ten seconds that end with the newest.
    pub(super) fn recent(&self) -> Option<Figures> {
        let (newest, _) = self.blocks.last_key_value()?.1.last_key_value()?;
        Some(self.up_to(*newest))
    }

    /// The alert raised in a second.
    pub(super) fn alerted(&self, second: i64) -> Option<Figures> {
        self.alerts.get(&second).copied()
    }

    /// Every alert.
    pub(super) fn alerts(&self) -> impl Iterator<Item = (i64, Figures)> {
        self.alerts.iter().map(|(at, figures)| (*at, *figures))
    }
}
