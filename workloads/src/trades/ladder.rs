//! The prices of one symbol's trades in their order, shared by forks a rung at a time.

use std::sync::Arc;

use super::tally::Rank;

/// Trades on a rung at most.
const RUNG: usize = 256;

/// Trades in ascending order. Most come at the end, some a little before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Ladder {
    /// None of them is empty.
    rungs: Vec<Rung>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Rung {
    /// At or below the rung's first trade, above the trades of the rung before it.
    from: Rank,
    trades: Arc<Vec<(Rank, i64)>>,
}

impl Ladder {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a trade whose rank is not there yet.
    pub(super) fn insert(&mut self, rank: Rank, price: i64) {
        self.len += 1;
        let full = |rung: &Rung| rung.trades.len() >= RUNG && rung.trades[rung.trades.len() - 1].0 < rank;
        if self.rungs.last().is_none_or(full) {
            self.rungs.push(Rung { from: rank, trades: Arc::new(vec![(rank, price)]) });
            return;
        }
        let at = self.rung(rank);
        let rung = &mut self.rungs[at];
        rung.from = rung.from.min(rank);
        let trades = Arc::make_mut(&mut rung.trades);
        let place = trades.partition_point(|(other, _)| *other < rank);
        trades.insert(place, (rank, price));
        if trades.len() > RUNG {
            let upper = trades.split_off(RUNG / 2);
            self.rungs.insert(at + 1, Rung { from: upper[0].0, trades: Arc::new(upper) });
        }
    }

    /// Takes out the trade of that rank.
    pub(super) fn remove(&mut self, rank: Rank) {
        let at = self.rung(rank);
        let Some(rung) = self.rungs.get_mut(at) else { return };
        let trades = Arc::make_mut(&mut rung.trades);
        let Ok(place) = trades.binary_search_by_key(&rank, |(other, _)| *other) else { return };
        trades.remove(place);
        self.len -= 1;
        if trades.is_empty() {
            self.rungs.remove(at);
        }
    }

    /// All trades from the highest down.
    pub(super) fn downwards(&self) -> impl Iterator<Item = (Rank, i64)> {
        self.rungs.iter().rev().flat_map(|rung| rung.trades.iter().rev().copied())
    }

    /// The rung on which `rank` stands or belongs: the last that begins at or below it.
    fn rung(&self, rank: Rank) -> usize {
        // Mostly it is one of the last few.
        let last = self.rungs.len().saturating_sub(1);
        match (last.saturating_sub(3)..=last)
            .rev()
            .find(|at| self.rungs.get(*at).is_some_and(|rung| rung.from <= rank))
        {
            Some(at) => at,
            None => self.rungs.partition_point(|rung| rung.from <= rank).saturating_sub(1),
        }
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
