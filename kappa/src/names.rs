//! Customers and symbols as small numbers, shared by the workers of one process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use workloads::Name;

use crate::fold::SteadyMap;

/// Every name met so far, numbered in the order of meeting. A number never changes and is never given up.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedNames {
    names: Arc<Mutex<Names>>,
}

impl SharedNames {
    /// Taken once for many records.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Names> {
        // Whoever panicked ends the process; until then a half-made entry is only a number without use.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`SharedNames`].
#[derive(Debug, Default)]
pub struct Names {
    numbers: SteadyMap<Name, u32>,
    names: Vec<Name>,
}

impl Names {
    /// The number of a name, a new one if it has none.
    #[inline]
    pub fn number(&mut self, name: &Name) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).expect("fewer than 2^32 names fit into memory");
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        number
    }

    /// The number of a name that was met before.
    pub fn known(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The name of a number given out by [`Names::number`].
    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }
}
