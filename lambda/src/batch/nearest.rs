//! The few prices that are nearest to one end, and how many trades have each.

use super::trades::NEAREST;

/// Prices in a row, the nearest first. The lowest are held as they are, the highest turned around.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nearest {
    prices: [(i64, u64); NEAREST],
    held: usize,
    /// Whether there were more prices than have room.
    more: bool,
}

impl Nearest {
    /// Adds a price so many times. One that has no room now will never have: none is taken away.
    #[inline]
    pub(crate) fn add(&mut self, price: i64, times: u64) {
        if self.held == NEAREST && price > self.prices[NEAREST - 1].0 {
            self.more = true;
        } else {
            self.insert(price, times);
        }
    }

    fn insert(&mut self, price: i64, times: u64) {
        let at = self.prices[..self.held].partition_point(|(held, _)| *held < price);
        if at < self.held && self.prices[at].0 == price {
            self.prices[at].1 += times;
            return;
        }
        self.more |= self.held == NEAREST;
        self.held = NEAREST.min(self.held + 1);
        self.prices.copy_within(at..self.held - 1, at + 1);
        self.prices[at] = (price, times);
    }

    /// Adds the prices of another.
    pub(crate) fn join(&mut self, other: &Nearest) {
        self.more |= other.more;
        other.held().for_each(|(price, times)| self.add(price, times));
    }

    /// The prices, the nearest first, and how many trades have each.
    pub(crate) fn held(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.prices[..self.held].iter().copied()
    }

    /// Whether there were more.
    pub(crate) fn more(&self) -> bool {
        self.more
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_nearest_are_held_with_their_numbers_in_one_go_and_in_two() {
        for span in [3, 8, 9, 1_000] {
            let prices: Vec<i64> = (0..500_i64).map(|i| i * i * 7_919 % span - 2).collect();
            let mut all: BTreeMap<i64, u64> = BTreeMap::new();
            let [mut whole, mut one, mut other] = [Nearest::default(); 3];
            for (i, price) in prices.iter().enumerate() {
                *all.entry(*price).or_default() += 1;
                whole.add(*price, 1);
                if i % 3 == 0 { one.add(*price, 1) } else { other.add(*price, 1) }
            }
            one.join(&other);
            for nearest in [whole, one] {
                assert!(nearest.held().eq(all.iter().take(NEAREST).map(|(price, times)| (*price, *times))));
                assert_eq!(nearest.more(), all.len() > NEAREST);
            }
        }
    }
}
