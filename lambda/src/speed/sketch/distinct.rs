//! How many different things there are, without keeping any: HyperLogLog (Flajolet and others, 2007) with the estimate
//! of Ertl (2017), which has no bias for few or many and needs no table.

/// Registers, each with the longest run of zeros that it has seen.
#[derive(Clone, Debug)]
pub(crate) struct Distinct {
    registers: Vec<u8>,
}

impl Distinct {
    /// Nothing seen; `registers` is a power of two.
    pub(crate) fn new(registers: u32) -> Self {
        Distinct { registers: vec![0; registers as usize] }
    }

    /// One more thing; it may have been seen before.
    pub(crate) fn add(&mut self, thing: u64) {
        let mixed = mixed(thing);
        let bits = self.registers.len().trailing_zeros();
        let register = &mut self.registers[(mixed >> (64 - bits)) as usize];
        let run = (mixed << bits).leading_zeros().min(64 - bits) + 1;
        *register = (*register).max(run as u8);
    }

    /// About how many different ones were seen.
    pub(crate) fn estimate(&self) -> u64 {
        let most = 64 - self.registers.len().trailing_zeros() as usize;
        let mut with = vec![0u32; most + 2];
        self.registers.iter().for_each(|run| with[usize::from(*run)] += 1);
        let all = self.registers.len() as f64;
        let mut sum = all * full(1.0 - f64::from(with[most + 1]) / all);
        for run in (1..=most).rev() {
            sum = 0.5 * (sum + f64::from(with[run]));
        }
        sum += all * empty(f64::from(with[0]) / all);
        (all * all / (2.0 * std::f64::consts::LN_2 * sum)).round() as u64
    }

    /// Bytes that it takes.
    pub(crate) fn bytes(&self) -> u64 {
        self.registers.len() as u64
    }
}

/// What registers without anything add to the sum, by their share: `x + x^2 + 2 x^4 + 4 x^8 + ...`
fn empty(share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut weight, mut sum) = (share, 1.0, share);
    loop {
        power *= power;
        let before = sum;
        sum += power * weight;
        weight *= 2.0;
        if sum <= before {
            return sum;
        }
    }
}

/// What registers add that can go no higher, by the share of the others.
fn full(others: f64) -> f64 {
    if others <= 0.0 || others >= 1.0 {
        return 0.0;
    }
    let (mut root, mut weight, mut sum) = (others, 1.0, 1.0 - others);
    loop {
        root = root.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - root) * (1.0 - root) * weight;
        if sum >= before {
            return sum / 3.0;
        }
    }
}

/// Another number for each number, in no order (the finish of splitmix64).
fn mixed(thing: u64) -> u64 {
    let mut bits = thing.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a hundred sketches of `n` things each, over `n`.
    fn errors(registers: u32, n: u64) -> Vec<f64> {
        let error = |sketch: u64| {
            let mut distinct = Distinct::new(registers);
            // Everything twice.
            (0..2 * n).for_each(|i| distinct.add((sketch << 40) | (i % n)));
            (distinct.estimate() as f64 - n as f64) / n as f64
        };
        (0..100).map(error).collect()
    }

    #[test]
    fn the_error_is_as_stated_for_few_and_for_many() {
        for registers in [64, 1_024] {
            let stated = 1.04 / f64::from(registers).sqrt();
            for n in [10, 300, 3_000, 20_000] {
                let errors = errors(registers, n);
                let squares: f64 = errors.iter().map(|error| error * error).sum();
                let (spread, worst) =
                    ((squares / 100.0).sqrt(), errors.iter().fold(0.0f64, |a, b| a.max(b.abs())));
                let mean = errors.iter().sum::<f64>() / 100.0;
                // Estimated from a hundred, the spread itself is off by 7 %.
                assert!(spread < 1.25 * stated, "{registers} registers, {n}: {spread}, stated {stated}");
                assert!(worst < 4.0 * stated, "{registers} registers, {n}: {worst}, stated {stated}");
                assert!(mean.abs() < 0.4 * stated, "{registers} registers, {n}: biased by {mean}");
            }
        }
    }

    #[test]
    fn nothing_is_nothing_and_one_is_one() {
        let mut distinct = Distinct::new(1_024);
        assert_eq!(distinct.estimate(), 0);
        (0..9).for_each(|_| distinct.add(7));
        assert_eq!((distinct.estimate(), distinct.bytes()), (1, 1_024));
    }
}
