//! Values by a number such as a day, quickest for the number that was asked for last.

use hashbrown::HashMap;

/// Values by number. Records come mostly in the order of their times, so that most ask for what the one before did.
#[derive(Clone, Debug)]
pub(crate) struct Recent<V> {
    values: Vec<(i64, V)>,
    places: HashMap<i64, usize>,
    last: usize,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Recent { values: Vec::new(), places: HashMap::new(), last: 0 }
    }
}

impl<V: Default> Recent<V> {
    /// The value of that number, made if there is none.
    pub(crate) fn of(&mut self, number: i64) -> &mut V {
        if self.values.get(self.last).is_none_or(|(last, _)| *last != number) {
            let next = self.values.len();
            self.last = *self.places.entry(number).or_insert(next);
            if self.last == next {
                self.values.push((number, V::default()));
            }
        }
        &mut self.values[self.last].1
    }

    /// All of them, by number.
    pub(crate) fn sorted(&self) -> Vec<(i64, &V)> {
        let mut all: Vec<(i64, &V)> = self.values.iter().map(|(number, value)| (*number, value)).collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        all
    }

    /// Adds the values of another, each to the one of the same number.
    pub(crate) fn join(&mut self, other: Self, mut add: impl FnMut(&mut V, V)) {
        for (number, value) in other.values {
            add(self.of(number), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_value_whatever_was_asked_for_in_between() {
        let mut sums: Recent<i64> = Recent::default();
        [3, 3, -1, 3, 8, -1].iter().for_each(|number| *sums.of(*number) += 1);
        assert_eq!(sums.sorted(), [(-1, &2), (3, &3), (8, &1)]);
        let mut more: Recent<i64> = Recent::default();
        *more.of(8) = 5;
        *more.of(9) = 1;
        sums.join(more, |sum, more| *sum += more);
        assert_eq!(sums.sorted(), [(-1, &2), (3, &3), (8, &6), (9, &1)]);
    }
}
