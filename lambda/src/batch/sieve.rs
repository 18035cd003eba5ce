//! A quick no to whether a record is among the few that marks name.

/// Bits of a number that are set for those that were added.
#[derive(Debug)]
pub(crate) struct Sieve {
    words: Vec<u64>,
    shift: u32,
}

impl Sieve {
    /// Room for `expected` numbers, so wide that few others pass.
    pub(crate) fn new(expected: usize) -> Self {
        let bits = (expected * 16).next_power_of_two().max(64);
        Sieve { words: vec![0; bits / 64], shift: 64 - bits.ilog2() }
    }

    /// Lets a number through from now on.
    pub(crate) fn add(&mut self, number: u64) {
        let bit = self.bit(number);
        self.words[bit / 64] |= 1 << (bit % 64);
    }

    /// Whether a number was added; sometimes true when it was not.
    pub(crate) fn passes(&self, number: u64) -> bool {
        let bit = self.bit(number);
        self.words[bit / 64] & 1 << (bit % 64) != 0
    }

    fn bit(&self, number: u64) -> usize {
        (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_passes_and_most_else_does_not() {
        let mut sieve = Sieve::new(100);
        (0..100).for_each(|number| sieve.add(number << 8));
        assert!((0..100).all(|number| sieve.passes(number << 8)));
        assert!((100..1100).filter(|number| sieve.passes(number << 8)).count() < 200);
        assert!(!Sieve::new(0).passes(7));
    }
}
