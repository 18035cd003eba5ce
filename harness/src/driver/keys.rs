//! The keys that can be asked for, numbered as the events that hold them were seen.

use std::collections::HashMap;

use workloads::{Event, View};

/// Kinds of keys that a workload's views have at most, the grand total's left aside.
const KINDS: usize = 4;

/// In place of the number of a key that an event does not have.
const NONE: u32 = u32::MAX;

/// The keys of an event, one for each kind of key that its workload's views have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyNumber([u32; KINDS]);

/// Every key seen so far.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    kinds: Vec<Kind>,
}

/// The keys of one kind, such as `customer`.
#[derive(Clone, Debug)]
struct Kind {
    /// The first of the views that have it.
    view: &'static View,
    keys: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Keys {
    /// The numbers of an event's keys. All of them can be asked for from now on; of several of one kind the first
    /// stands for the event.
    pub fn note(&mut self, event: &Event) -> KeyNumber {
        let mut noted = KeyNumber([NONE; KINDS]);
        let Some(workload) = workloads::workload(event.workload()) else { return noted };
        if self.kinds.is_empty() {
            self.kinds = kinds(workload.views);
        }
        for (kind, noted) in self.kinds.iter_mut().zip(&mut noted.0) {
            (workload.keys)(kind.view, event, &mut |key| {
                let number = kind.number(key);
                if *noted == NONE {
                    *noted = number;
                }
            });
        }
        noted
    }

    /// The printed key of a view's row that an event is about.
    pub fn of(&self, view: &View, number: KeyNumber) -> String {
        if view.key == "all" {
            return "all".to_owned();
        }
        let mut kinds = self.kinds.iter().zip(number.0);
        let key = kinds.find(|(kind, _)| kind.view.key == view.key);
        key.and_then(|(kind, number)| kind.keys.get(number as usize)).cloned().unwrap_or_default()
    }

    /// One of a view's keys, chosen by a number from anywhere; absent while there are none.
    pub fn any(&self, view: &View, choice: u64) -> Option<String> {
        if view.key == "all" {
            return Some("all".to_owned());
        }
        let keys = &self.kinds.iter().find(|kind| kind.view.key == view.key)?.keys;
        let choice = choice.checked_rem(keys.len() as u64)?;
        Some(keys[choice as usize].clone())
    }
}

impl Kind {
    fn number(&mut self, key: String) -> u32 {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = self.keys.len() as u32;
        self.keys.push(key.clone());
        self.numbers.insert(key, number);
        number
    }
}

/// The kinds of keys that some views have, none of them known yet.
fn kinds(views: &'static [View]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for view in views.iter().filter(|view| view.key != "all") {
        if kinds.iter().all(|kind| kind.view.key != view.key) {
            kinds.push(Kind { view, keys: Vec::new(), numbers: HashMap::new() });
        }
    }
    assert!(kinds.len() <= KINDS, "a workload's views have at most {KINDS} kinds of keys");
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_is_noted_for_every_workload() {
        for workload in workloads::WORKLOADS {
            let shape = workloads::Shape {
                seed: 3,
                events: 200,
                rate: 10.0,
                keys: 5,
                cancellations: 0.0,
                corrections: 0.0,
                start: 1_700_000_000_000,
                first_sequence: 0,
            };
            let mut keys = Keys::default();
            for draft in (workload.generate)(&shape) {
                let number = keys.note(&draft.event);
                for view in workload.views {
                    let mut about = Vec::new();
                    let alike = workload.views.iter().filter(|other| other.key == view.key);
                    alike.for_each(|view| (workload.keys)(view, &draft.event, &mut |key| about.push(key)));
                    assert!(about.contains(&keys.of(view, number)), "{} {}", workload.name, view.name);
                }
            }
            for view in workload.views {
                assert!(keys.any(view, 7).is_some_and(|key| !key.is_empty()), "{}", view.name);
            }
        }
    }
}
