//! What is true of a log of words, kept up to date one record at a time.

use hashbrown::HashMap;

use super::window_of;
use crate::calendar::Unit;
use crate::repeats::Repeats;
use crate::shared::Shards;
use crate::{Event, Name, Record, Row, Rows, Terms, Touched, Truth};

/// The oracle at the empty log.
pub(super) fn truth(terms: &Terms) -> Box<dyn Truth> {
    Box::new(Oracle {
        repeats: Repeats::new(terms.dedup),
        numbers: HashMap::new(),
        words: Vec::new(),
        windows: Shards::new(),
    })
}

/// Neighbouring windows are kept apart, each with all of its words: a fork copies those that are still written to.
const APART: u32 = 8;

#[derive(Clone, Debug)]
struct Oracle {
    repeats: Repeats,
    numbers: HashMap<Name, u32>,
    /// By the word's number: the word and its count.
    words: Vec<(Name, u64)>,
    /// Counts by the word's number and the window's beginning.
    windows: Shards<(u32, i64), u64>,
}

impl Oracle {
    /// The number of a word, from now on its own.
    fn number(&mut self, word: &Name) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.words.len() as u32;
        self.numbers.insert(word.clone(), number);
        self.words.push((word.clone(), 0));
        number
    }
}

fn shard(window: i64) -> u64 {
    (window as u64) << APART
}

fn row(count: u64) -> Row {
    vec![i128::from(count)]
}

impl Truth for Oracle {
    fn feed(&mut self, record: &Record, touched: Option<&mut Vec<Touched>>) {
        let Event::Word(event) = &record.event else { return };
        if !self.repeats.first(record) {
            return;
        }
        let (number, window) = (self.number(&event.word), window_of(event.time));
        self.words[number as usize].1 += 1;
        *self.windows.entry(shard(window), (number, window), 0) += 1;
        if let Some(touched) = touched {
            touched.push(Touched { view: "totals", key: event.word.to_string() });
            touched.push(Touched { view: "windows", key: Unit::Second.key(&event.word, window) });
        }
    }

    fn row(&self, view: &str, key: &str) -> Option<Row> {
        if view == "totals" {
            return Some(row(self.words[*self.numbers.get(key)? as usize].1));
        }
        let (word, window) = Unit::Second.parse_key(key).filter(|_| view == "windows")?;
        let number = *self.numbers.get(word)?;
        self.windows.get(shard(window), &(number, window)).map(row)
    }

    fn rows(&self, view: &str) -> Rows {
        match view {
            "totals" => self.words.iter().map(|(word, count)| (word.to_string(), row(*count))).collect(),
            "windows" => {
                let word = |number: u32| &self.words[number as usize].0;
                let windows = self.windows.iter();
                windows
                    .map(|((number, window), count)| (Unit::Second.key(word(*number), *window), row(*count)))
                    .collect()
            }
            _ => Rows::new(),
        }
    }

    fn waiting(&self) -> u64 {
        0
    }

    fn refused(&self) -> u64 {
        0
    }

    fn fork(&self) -> Box<dyn Truth> {
        Box::new(self.clone())
    }
}
