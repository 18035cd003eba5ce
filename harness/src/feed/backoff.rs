//! How long to wait before the next attempt, when the ones before have failed.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Waits that double up to a ceiling. Each is drawn from the upper half of what it may be, so that many clients of one
/// feed do not come back all at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    least: Duration,
    most: Duration,
    failed: u32,
    dice: ChaCha8Rng,
}

impl Backoff {
    /// From `least` up to `most`.
    pub fn new(least: Duration, most: Duration, seed: u64) -> Self {
        Backoff { least, most, failed: 0, dice: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Another attempt has failed: how long to wait before the next.
    pub fn failed(&mut self) -> Duration {
        let doubled = self.least.saturating_mul(2_u32.saturating_pow(self.failed));
        self.failed = self.failed.saturating_add(1);
        self.most.min(doubled).mul_f64(self.dice.random_range(0.5..=1.0))
    }

    /// An attempt did what it should.
    pub fn worked(&mut self) {
        self.failed = 0;
    }

    /// Attempts that have failed one after the other.
    pub fn attempts(&self) -> u32 {
        self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_ceiling_and_begin_again_after_a_success() {
        let (least, most) = (Duration::from_millis(100), Duration::from_secs(10));
        let mut backoff = Backoff::new(least, most, 7);
        let waits: Vec<Duration> = (0..12).map(|_| backoff.failed()).collect();
        for (number, wait) in waits.iter().enumerate() {
            let whole = most.min(least * 2_u32.pow(number as u32));
            assert!(*wait >= whole / 2 && *wait <= whole, "attempt {number}: {wait:?} of {whole:?}");
        }
        assert_eq!(backoff.attempts(), 12);
        backoff.worked();
        assert!(backoff.failed() <= least);
    }

    #[test]
    fn two_clients_do_not_come_back_together() {
        let of = |seed| Backoff::new(Duration::from_secs(1), Duration::from_secs(60), seed).failed();
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn an_attempt_beyond_all_number_still_waits_no_longer_than_the_ceiling() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60), 1);
        assert!((0..200).map(|_| backoff.failed()).all(|wait| wait <= Duration::from_secs(60)));
    }
}
