//! The prices of one symbol's trades in their order, shared by forks a rung at a time.

use std::sync::Arc;

use super::tally::Rank;

/// Trades on a rung at most.
const RUNG: usize = 256;

/// Trades in ascending order. Most come at the end, some a little before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ladder {
    /// None of them is empty.
    rungs: Vec<Arc<Vec<(Rank, i64)>>>,
    len: usize,
}

impl Ladder {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a trade whose rank is not there yet.
    pub(super) fn insert(&mut self, rank: Rank, price: i64) {
        self.len += 1;
        if self.rungs.last().is_none_or(|rung| rung.len() >= RUNG && rung[rung.len() - 1].0 < rank) {
            self.rungs.push(Arc::new(vec![(rank, price)]));
            return;
        }
        let at = self.rung(rank);
        let rung = Arc::make_mut(&mut self.rungs[at]);
        let place = rung.partition_point(|(other, _)| *other < rank);
        rung.insert(place, (rank, price));
        if rung.len() > RUNG {
            let upper = rung.split_off(RUNG / 2);
            self.rungs.insert(at + 1, Arc::new(upper));
        }
    }

    /// Takes out the trade of that rank.
    pub(super) fn remove(&mut self, rank: Rank) {
        let at = self.rung(rank);
        let Some(rung) = self.rungs.get_mut(at).map(Arc::make_mut) else { return };
        let Ok(place) = rung.binary_search_by_key(&rank, |(other, _)| *other) else { return };
        rung.remove(place);
        self.len -= 1;
        if rung.is_empty() {
            self.rungs.remove(at);
        }
    }

    /// All trades from the highest down.
    pub(super) fn downwards(&self) -> impl Iterator<Item = (Rank, i64)> {
        self.rungs.iter().rev().flat_map(|rung| rung.iter().rev().copied())
    }

    /// The rung on which `rank` stands or belongs: the last that begins at or below it.
    fn rung(&self, rank: Rank) -> usize {
        let last = self.rungs.len().saturating_sub(1);
        if self.rungs.last().is_some_and(|rung| rung[0].0 <= rank) {
            return last;
        }
        self.rungs.partition_point(|rung| rung[0].0 <= rank).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::Place;

    #[test]
    fn a_ladder_keeps_the_order_of_a_sorted_map_through_forks() {
        let mut dice = ChaCha8Rng::seed_from_u64(3);
        let (mut ladder, mut sorted) = (Ladder::default(), BTreeMap::new());
        let mut forks = Vec::new();
        for number in 0..20_000_u32 {
            let time = if dice.random_bool(0.8) { i64::from(number) } else { dice.random_range(0..20_000) };
            let rank = (time, Place { partition: 0, offset: u64::from(number) }, number);
            ladder.insert(rank, time);
            sorted.insert(rank, time);
            if dice.random_bool(0.4) {
                let any = sorted.range((dice.random_range(0..20_000), rank.1, 0)..).next();
                let rank = any.map_or(rank, |(rank, _)| *rank);
                ladder.remove(rank);
                sorted.remove(&rank);
            }
            if number % 5_000 == 0 {
                forks.push((ladder.clone(), sorted.clone()));
            }
        }
        forks.push((ladder, sorted));
        for (ladder, sorted) in forks {
            assert_eq!(ladder.len(), sorted.len());
            assert!(ladder.downwards().eq(sorted.into_iter().rev()));
        }
    }
}
