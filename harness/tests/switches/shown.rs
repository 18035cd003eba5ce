//! What a run on orders shows, read by read.

use harness::judge::Evidence;
use harness::observe::Kind;
use workloads::Version;

use super::case;

/// What a run on orders shows: how many records too many or too few the revenue counts, read by read, and the cuts.
pub(crate) struct Shown {
    pub(crate) evidence: Evidence,
    /// When it was sent, the version claimed, and the error.
    pub(crate) reads: Vec<(i64, Version, i64)>,
    /// The cuts of the publications, that of the history first, with the time at which each was heard of.
    pub(crate) cuts: Vec<(i64, Version)>,
}

/// What the run of a switch on orders shows.
pub(crate) fn shown(switch: &str) -> Shown {
    let (evidence, _) = case(switch, "orders").run().unwrap();
    let totals = evidence.reads.iter().filter(|read| read.kind == Kind::Total);
    let reads = totals.filter_map(|read| {
        let answer = read.answer.as_ref()?;
        let counted = answer.rows[0].get("all").map_or(0, |row| row[1] as i64);
        let version = answer.version.clone()?;
        let error = counted - version.total() as i64;
        Some((read.sent_us, version, error))
    });
    let reads: Vec<_> = reads.collect();
    let history = (i64::MIN, evidence.run.live_from.clone());
    let live = evidence.published().map(|line| (line.received_us, line.version.clone()));
    let cuts: Vec<_> = std::iter::once(history).chain(live).collect();
    assert!(reads.len() > 100 && cuts.len() > 4, "{} reads, {} cuts", reads.len(), cuts.len());
    Shown { evidence, reads, cuts }
}

impl Shown {
    /// Asserts that each read shows the error that is due to a publication about which the driver heard just then, and
    /// that the last but one was read from.
    pub(crate) fn follows(&self, law: impl Fn(usize) -> i64) {
        for (at, version, error) in &self.reads {
            let heard = self.cuts.iter().rposition(|(heard, _)| heard <= at).unwrap();
            let may = [law(heard), law(heard.saturating_sub(1)), law((heard + 1).min(self.cuts.len() - 1))];
            assert!(may.contains(error), "at {at}, {version}: {error} is none of {may:?}");
        }
        // The last may have come when all events had, and there were no more reads.
        let late = law(self.cuts.len() - 2);
        assert_ne!(late, 0, "the law says that nothing is wrong");
        assert!(self.reads.iter().any(|(.., error)| *error == late), "no read shows {late}");
    }

    pub(crate) fn total(&self, publication: usize) -> i64 {
        self.cuts[publication].1.total() as i64
    }

    /// When the log had all that a publication covers.
    pub(crate) fn reached(&self, publication: usize) -> i64 {
        let mut log = self.evidence.run.live_from.total();
        let cut = self.cuts[publication].1.total();
        let arrived = self.evidence.arrivals.iter().find(|arrival| {
            log += arrival.count;
            log >= cut
        });
        arrived.map_or(i64::MIN, |arrival| arrival.acked_us)
    }

    /// Errors of the reads that were made well after a publication was taken in, and before the next was heard of.
    pub(crate) fn settled(&self, publication: usize) -> Vec<i64> {
        let from = self.cuts[publication].0.saturating_add(16_000);
        let upto = self.cuts.get(publication + 1).map_or(i64::MAX, |next| next.0 - 8_000);
        let between = self.reads.iter().filter(|(at, ..)| (from..upto).contains(at));
        between.map(|(.., error)| *error).collect()
    }

    /// How many records one partition has in the interval before a publication.
    pub(crate) fn interval(&self, publication: usize, partition: usize) -> u64 {
        let before = publication.checked_sub(1).map_or(0, |before| self.cuts[before].1.0[partition]);
        self.cuts[publication].1.0[partition] - before
    }
}
