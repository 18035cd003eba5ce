//! The keys that can be asked for, numbered as the events that hold them were seen.

use std::collections::HashMap;

use workloads::trades::day_key;
use workloads::{Event, Name, View};

const DAY_MS: i64 = 86_400_000;

/// The key of an event as the views print it: alone, and with its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyNumber {
    name: u32,
    dated: u32,
}

/// Every key seen so far.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    names: Vec<String>,
    dated: Vec<String>,
    by_name: HashMap<Name, u32>,
    by_day: HashMap<(u32, i64), u32>,
}

impl Keys {
    /// The number of an event's key.
    pub fn note(&mut self, event: &Event) -> KeyNumber {
        let key = event.key();
        let name = match self.by_name.get(key) {
            Some(number) => *number,
            None => {
                let number = self.names.len() as u32;
                self.names.push(key.to_string());
                self.by_name.insert(key.clone(), number);
                number
            }
        };
        let day = event.time().div_euclid(DAY_MS);
        let dated = *self.by_day.entry((name, day)).or_insert_with(|| {
            self.dated.push(day_key(key, day));
            self.dated.len() as u32 - 1
        });
        KeyNumber { name, dated }
    }

    /// The printed key of a view's row that an event belongs to.
    pub fn of(&self, view: &View, number: KeyNumber) -> String {
        match view.key {
            "all" => "all".to_owned(),
            "symbol and day" => self.dated[number.dated as usize].clone(),
            _ => self.names[number.name as usize].clone(),
        }
    }

    /// One of a view's keys, chosen by a number from anywhere; absent while there are none.
    pub fn any(&self, view: &View, choice: u64) -> Option<String> {
        let keys = match view.key {
            "all" => return Some("all".to_owned()),
            "symbol and day" => &self.dated,
            _ => &self.names,
        };
        let choice = choice.checked_rem(keys.len() as u64)?;
        Some(keys[choice as usize].clone())
    }
}
