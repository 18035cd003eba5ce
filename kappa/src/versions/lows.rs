//! How far event time has come everywhere, as of the versions that are complete.

use std::collections::VecDeque;

use workloads::Millis;

use crate::workers::share::Standing;

/// Notes of one worker: a version that it read to its end, and the smallest of the newest event times of its partitions.
type Notes = VecDeque<(u64, Millis)>;

/// What the workers say of event time. What they have read already of later versions must not count yet: it may hold
/// records that are older than the newest.
#[derive(Debug)]
pub(crate) struct Lows {
    /// How far before the newest of its partition a record may lie; absent if that was not promised.
    late: Option<Millis>,
    workers: Vec<Notes>,
}

impl Lows {
    /// Nobody has said anything.
    pub(crate) fn new(late_ms: Option<u64>) -> Self {
        Lows { late: late_ms.map(millis), workers: Vec::new() }
    }

    /// Notes what the workers say. Not all that they ever said need be noted.
    pub(crate) fn note(&mut self, standings: &[Option<Standing>]) {
        if self.late.is_none() {
            return;
        }
        self.workers.resize_with(standings.len(), Notes::new);
        for (notes, standing) in self.workers.iter_mut().zip(standings) {
            let Some(low) = standing.and_then(|standing| standing.low) else { continue };
            if notes.back().is_none_or(|(time, _)| *time < low.0) {
                notes.push_back(low);
            }
        }
    }

    /// No record of a version after `newest`, which is complete, has an earlier event time; absent where that cannot be
    /// said.
    pub(crate) fn earliest(&mut self, newest: u64) -> Option<Millis> {
        let late = self.late?;
        let of = |notes: &mut Notes| {
            while notes.get(1).is_some_and(|(time, _)| *time <= newest) {
                notes.pop_front();
            }
            notes.front().filter(|(time, _)| *time <= newest).map(|(_, low)| *low)
        };
        let lows: Option<Vec<Millis>> = self.workers.iter_mut().map(of).collect();
        // Whoever has no partition holds nothing back.
        Some(lows?.into_iter().min()?.saturating_sub(late))
    }
}

/// As a span of event time.
pub(crate) fn millis(ms: u64) -> Millis {
    Millis::try_from(ms).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(time: u64, low: Millis) -> Option<Standing> {
        Some(Standing { low: Some((time, low)), ..Standing::default() })
    }

    #[test]
    fn what_is_read_already_of_later_versions_does_not_count() {
        let mut lows = Lows::new(Some(10));
        lows.note(&[standing(0, 100), None]);
        assert_eq!(lows.earliest(0), None);
        lows.note(&[standing(2, 300), standing(1, 200)]);
        assert_eq!(lows.earliest(0), None);
        assert_eq!(lows.earliest(1), Some(90));
        assert_eq!(lows.earliest(2), Some(190));
        lows.note(&[standing(3, 300), standing(3, Millis::MAX)]);
        assert_eq!(lows.earliest(3), Some(290));
        assert_eq!(Lows::new(None).earliest(3), None);
    }
}
