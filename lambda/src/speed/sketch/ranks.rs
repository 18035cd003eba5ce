//! How many of some numbers are below any number, without keeping all of them: compactors after Manku, Rajagopalan and
//! Lindsay (1998).
//!
//! Numbers of one weight are kept until there are so many; then every second of them in their order goes on with twice
//! the weight, first the odd ones, the next time the even ones. Halving numbers of weight `w` moves the rank of anything
//! up by `w` at most the first time and down by `w` at most the next, so that a level that was halved `c` times is wrong
//! by no more than `w * ceil(c / 2)`. That holds always, not only on average.

/// Numbers, by weight.
#[derive(Clone, Debug)]
pub(crate) struct Ranks {
    /// How many numbers of one weight there are before they are halved; even.
    most: usize,
    levels: Vec<Level>,
}

/// Numbers of one weight.
#[derive(Clone, Debug, Default)]
struct Level {
    numbers: Vec<i64>,
    halved: u64,
}

impl Ranks {
    /// No number; `most` is even.
    pub(crate) fn new(most: usize) -> Self {
        Ranks { most, levels: vec![Level::default()] }
    }

    /// One more number.
    pub(crate) fn add(&mut self, number: i64) {
        self.levels[0].numbers.push(number);
        let mut at = 0;
        while self.levels[at].numbers.len() >= self.most {
            let half = self.levels[at].halve();
            at += 1;
            if self.levels.len() == at {
                self.levels.push(Level::default());
            }
            self.levels[at].numbers.extend(half);
        }
    }

    /// The numbers that are kept, and how many each stands for, in no order; together they stand for all.
    pub(crate) fn weights(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let of = |(at, level): (u32, &'_ Level)| {
            level.numbers.clone().into_iter().map(move |number| (number, 1 << at))
        };
        (0..).zip(&self.levels).flat_map(of)
    }

    /// By how much the rank of any number can be wrong.
    pub(crate) fn error(&self) -> u64 {
        (0..).zip(&self.levels).map(|(at, level)| level.halved.div_ceil(2) << at).sum()
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> u64 {
        self.levels.iter().map(|level| 8 * level.numbers.capacity() as u64).sum()
    }
}

impl Level {
    /// Every second of its numbers; none is left.
    fn halve(&mut self) -> Vec<i64> {
        self.numbers.sort_unstable();
        let first = (self.halved % 2) as usize;
        self.halved += 1;
        let half = self.numbers.iter().copied().skip(first).step_by(2).collect();
        self.numbers.clear();
        half
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// How many of the numbers are said to be below `x`, and how many are.
    fn below(ranks: &Ranks, numbers: &[i64], x: i64) -> (i64, i64) {
        let said = ranks.weights().filter(|(number, _)| *number < x).map(|(_, weight)| weight).sum();
        (said, numbers.iter().filter(|number| **number < x).count() as i64)
    }

    proptest! {
        #[test]
        fn no_rank_is_wrong_by_more_than_is_stated(
            numbers in prop::collection::vec(-50i64..500, 0..3_000),
            half in 4usize..40,
        ) {
            let mut ranks = Ranks::new(2 * half);
            numbers.iter().for_each(|number| ranks.add(*number));
            prop_assert_eq!(ranks.weights().map(|(_, weight)| weight).sum::<i64>(), numbers.len() as i64);
            for x in (-60..510).step_by(7) {
                let (said, is) = below(&ranks, &numbers, x);
                prop_assert!((said - is).unsigned_abs() <= ranks.error(), "{said} below {x}, not {is}");
            }
        }
    }

    #[test]
    fn what_is_stated_is_little_of_many() {
        let mut ranks = Ranks::new(256);
        let numbers: Vec<i64> = (0..100_000).map(|i| i * 7_919 % 100_003).collect();
        numbers.iter().for_each(|number| ranks.add(*number));
        // log2(100000 / 256) / (2 * 256) is 1.7 %.
        assert!(ranks.error() < 1_900, "{}", ranks.error());
        assert!(ranks.bytes() < 8 * 256 * 2 * 10, "{}", ranks.bytes());
        let worst = (0..100_003).step_by(97).map(|x| {
            let (said, is) = below(&ranks, &numbers, x);
            (said - is).abs()
        });
        assert!(worst.max().unwrap() as u64 <= ranks.error());
    }
}
