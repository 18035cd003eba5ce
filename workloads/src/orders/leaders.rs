//! The customers who have spent the most, kept in their order while sums go up and down.

use std::cmp::Reverse;

use super::TOP;
use crate::Name;

/// How many are kept after a look at all customers, and how many at most.
const KEPT: usize = 8 * TOP;
const MOST: usize = 2 * KEPT;

/// Where a customer stands: higher sums first, then smaller names.
type Standing = (Reverse<i128>, Name);

/// The first customers, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaders {
    /// With their numbers.
    list: Vec<(Standing, u32)>,
    /// Everybody who is not in the list stands behind this; absent when there is nobody else.
    floor: Option<Standing>,
}

impl Leaders {
    /// A customer's sum was `before` and is `after`; absent without a record.
    pub(super) fn change(&mut self, name: &Name, number: u32, before: Option<i128>, after: Option<i128>) {
        if before == after {
            return;
        }
        let standing = |sum| (Reverse(sum), name.clone());
        if let Some(old) = before.map(standing)
            && let Ok(at) = self.list.binary_search_by(|(held, _)| held.cmp(&old))
        {
            self.list.remove(at);
        }
        let new = after.map(standing).filter(|new| self.floor.as_ref().is_none_or(|floor| new <= floor));
        if let Some(new) = new {
            let at = self.list.partition_point(|(held, _)| *held < new);
            self.list.insert(at, (new, number));
        }
        if self.list.len() > MOST {
            self.cut();
        }
    }

    /// Whether too few are left to know the first ones.
    pub(super) fn short(&self) -> bool {
        self.list.len() < TOP && self.floor.is_some()
    }

    /// Begins again with every customer who has a record: name, number and sum.
    pub(super) fn refill<'a>(&mut self, all: impl Iterator<Item = (&'a Name, u32, i128)>) {
        self.list = all.map(|(name, number, sum)| ((Reverse(sum), name.clone()), number)).collect();
        self.list.sort_unstable();
        self.floor = None;
        if self.list.len() > MOST {
            self.cut();
        }
    }

    /// The first ones: their names and numbers.
    pub(super) fn top(&self) -> impl Iterator<Item = (&Name, u32)> {
        self.list.iter().take(TOP).map(|((_, name), number)| (name, *number))
    }

    fn cut(&mut self) {
        self.list.truncate(KEPT);
        self.floor = self.list.last().map(|(standing, _)| standing.clone());
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_first_are_known_though_most_customers_are_not_kept() {
        let mut dice = ChaCha8Rng::seed_from_u64(1);
        let names: Vec<Name> = (0..400).map(|n| format!("c{n}").into()).collect();
        let mut sums: Vec<Option<i128>> = vec![None; names.len()];
        let (mut leaders, mut refills) = (Leaders::default(), 0);
        for step in 0..20_000 {
            let at = match leaders.top().next() {
                // The first one falls, again and again, in every other stretch.
                Some((_, first)) if step / 2_000 % 2 == 1 => first as usize,
                _ => dice.random_range(0..names.len()),
            };
            let below = if step / 2_000 % 2 == 1 { 20 } else { 400 };
            let sum = dice.random_bool(0.9).then(|| dice.random_range(0..below));
            let before = std::mem::replace(&mut sums[at], sum);
            leaders.change(&names[at], at as u32, before, sum);
            let known =
                || names.iter().zip(0..).zip(&sums).filter_map(|((name, n), sum)| Some((name, n, (*sum)?)));
            if leaders.short() {
                leaders.refill(known());
                refills += 1;
            }
            let mut all: Vec<_> = known().map(|(name, number, sum)| (Reverse(sum), name, number)).collect();
            all.sort_unstable();
            assert!(
                leaders.top().eq(all.iter().take(TOP).map(|(_, name, number)| (*name, *number))),
                "step {step}"
            );
        }
        assert!(refills > 3, "{refills}");
    }
}
