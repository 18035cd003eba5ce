//! What goes wrong between the log and one component, the same in every run with the same seed.

use std::collections::VecDeque;

use crate::event::Place;
use crate::faults::DeliveryFaults;
use crate::log::{LogError, LogReader, RawRecord};

/// Pulls in a row that find nothing new in the log before a delayed partition gives up what it holds back: so a
/// log that has ended is delivered to its end.
pub const PATIENCE: u32 = 10_000;

/// The choices that a seed makes about each record.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    faults: DeliveryFaults,
}

impl Delivery {
    pub(super) fn new(faults: &DeliveryFaults) -> Self {
        Delivery { faults: faults.clone() }
    }

    /// Whether nothing happens to any record.
    pub(super) fn faultless(&self) -> bool {
        self.faults.redeliver <= 0.0 && self.faults.drop <= 0.0
    }

    /// How often a record is delivered: 0, 1 or 2 times.
    pub(super) fn times(&self, place: Place) -> u32 {
        if self.chosen(place, 1, self.faults.drop) {
            0
        } else {
            1 + u32::from(self.chosen(place, 2, self.faults.redeliver))
        }
    }

    fn chosen(&self, place: Place, salt: u64, share: f64) -> bool {
        let seed = mix(self.faults.seed ^ salt << 32 ^ u64::from(place.partition));
        // The upper 53 bits as a number from 0 to 1.
        let draw = (mix(seed ^ place.offset) >> 11) as f64 / (1_u64 << 53) as f64;
        draw < share
    }
}

/// The last step of splitmix64: every bit of the result depends on every bit of the input.
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// A reader that stays `lag` records behind what it has read.
pub(super) struct Delayed {
    reader: Box<dyn LogReader>,
    lag: usize,
    held: VecDeque<RawRecord>,
    read: Vec<RawRecord>,
    idle: u32,
}

impl Delayed {
    pub(super) fn new(reader: Box<dyn LogReader>, lag: u64) -> Self {
        let lag = usize::try_from(lag).unwrap_or(usize::MAX);
        Delayed { reader, lag, held: VecDeque::new(), read: Vec::new(), idle: 0 }
    }
}

impl LogReader for Delayed {
    fn read(&mut self, upto: u64, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError> {
        let wanted = self.lag.saturating_add(max).saturating_sub(self.held.len());
        self.read.clear();
        let read = self.reader.read(u64::MAX, wanted, &mut self.read)?;
        self.held.extend(self.read.drain(..));
        self.idle = if read > 0 { 0 } else { self.idle.saturating_add(1) };
        let kept = if self.idle > PATIENCE { 0 } else { self.lag };
        let due = self.held.partition_point(|record| record.offset < upto);
        let taken = self.held.len().saturating_sub(kept).min(max).min(due);
        out.extend(self.held.drain(..taken));
        Ok(taken)
    }

    fn wait(&mut self, upto: u64) -> Result<(), LogError> {
        self.reader.wait(upto)
    }

    fn position(&self) -> u64 {
        self.held.front().map_or_else(|| self.reader.position(), |record| record.offset)
    }
}
