//! What a random case is, and the dice that choose it.

use lambda::Options;
use workloads::partition::PartitionBy;
use workloads::{Dedup, Terms};

/// How many random cases a test goes through.
pub fn cases() -> u64 {
    std::env::var("LAMBDA_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(150)
}

/// A small generator of random numbers (splitmix64), so that a case is its seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ bits >> 31) % n
    }

    pub fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }
}

/// What a random case is made of.
#[derive(Clone, Debug)]
pub struct Case {
    pub workload: &'static str,
    pub seed: u64,
    pub partitions: u32,
    pub events: u64,
    pub keys: u64,
    pub marks: u64,
    pub terms: Terms,
    pub partition_by: PartitionBy,
    pub cut_every: u64,
    pub granularity: u64,
    /// Prices of trades are from 1 to this.
    pub prices: u64,
    /// From this event on, nothing but marks on what went before.
    pub purge_from: u64,
    /// Per mille of the steps at which a component is restarted.
    pub restarts: u64,
    pub options: Options,
}

impl Case {
    pub fn random(workload: &'static str, seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0xcafe);
        let dedup = [Dedup::Origin, Dedup::Origin, Dedup::Offset, Dedup::Content][dice.below(4) as usize];
        let horizon = [None, None, Some(5), Some(40)][dice.below(4) as usize];
        Case {
            workload,
            seed,
            partitions: 1 + dice.below(3) as u32,
            events: 50 + dice.below(250),
            keys: 1 + dice.below(5),
            marks: 20 + dice.below(40),
            terms: Terms { dedup, cancel_horizon: horizon, ..Terms::default() },
            partition_by: [PartitionBy::Key, PartitionBy::RoundRobin][dice.below(2) as usize],
            cut_every: 1 + dice.below(60),
            granularity: 1 + dice.below(30),
            restarts: dice.below(3) * 4,
            prices: 30,
            purge_from: u64::MAX,
            options: Options::default(),
        }
    }
}
