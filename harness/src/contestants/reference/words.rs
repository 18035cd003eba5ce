//! Words folded into hash maps.

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::words::window_of;
use workloads::{Name, Row, Rows, WordEvent};

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct Words {
    ids: HashMap<Name, u32>,
    names: Vec<Name>,
    totals: Vec<u64>,
    /// By a window's beginning, then by word.
    windows: HashMap<i64, HashMap<u32, u64>>,
}

impl Words {
    /// The next word.
    pub fn feed(&mut self, event: &WordEvent) {
        let id = match self.ids.get(&event.word) {
            Some(id) => *id,
            None => {
                let id = self.names.len() as u32;
                self.ids.insert(event.word.clone(), id);
                self.names.push(event.word.clone());
                self.totals.push(0);
                id
            }
        };
        self.totals[id as usize] += 1;
        *self.windows.entry(window_of(event.time)).or_default().entry(id).or_default() += 1;
    }

    /// One row of a view.
    pub fn row(&self, view: &str, key: &str) -> Option<Row> {
        let count = match view {
            "totals" => self.totals[*self.ids.get(key)? as usize],
            "windows" => {
                let (word, window) = Unit::Second.parse_key(key)?;
                *self.windows.get(&window)?.get(self.ids.get(word)?)?
            }
            _ => return None,
        };
        Some(vec![count.into()])
    }

    /// Every row of a view.
    pub fn rows(&self, view: &str) -> Rows {
        let mut rows = Rows::new();
        match view {
            "totals" => {
                let counts = self.names.iter().zip(&self.totals);
                rows.extend(counts.map(|(name, count)| (name.to_string(), vec![(*count).into()])));
            }
            "windows" => {
                for (window, counts) in &self.windows {
                    let key = |id: &u32| Unit::Second.key(&self.names[*id as usize], *window);
                    rows.extend(counts.iter().map(|(id, count)| (key(id), vec![(*count).into()])));
                }
            }
            _ => {}
        }
        rows
    }
}
