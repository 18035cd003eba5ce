//! Decides which offsets the next versions stand for.

use workloads::log::{first, last};
use workloads::{Log, LogError, Micros, Millis, Version};

/// Stretches of equal append time into which a backlog is divided before it is dealt out to versions. Finding the end of
/// one takes a log on disk some milliseconds a partition.
const STRETCHES: i64 = 8;

/// Binds versions one after the other, each covering the one before.
pub(crate) struct Binder {
    bound: Version,
    last: Micros,
    granularity: u64,
    patience: Micros,
}

impl Binder {
    /// Goes on after `bound`. A version spans at most `granularity` records (one of each partition, if there are more
    /// partitions than that) and, with `version_ms` above 0, is only bound that long after the one before.
    pub(crate) fn new(bound: Version, granularity: u64, version_ms: u64) -> Self {
        let patience = i64::try_from(version_ms).unwrap_or(i64::MAX).saturating_mul(1000);
        Binder { bound, last: Micros::MIN, granularity, patience }
    }

    /// How long nothing is bound but what fills a version.
    pub(crate) fn rest(&self, now: Micros) -> Micros {
        self.last.saturating_add(self.patience).saturating_sub(now).clamp(0, self.patience)
    }

    /// For how long nothing has been bound.
    pub(crate) fn silence(&self, now: Micros) -> Micros {
        now.saturating_sub(self.last).max(0)
    }

    /// The versions to be bound now, for what lies between the last of them and `heads`.
    pub(crate) fn bind(
        &mut self,
        log: &dyn Log,
        heads: &Version,
        now: Micros,
    ) -> Result<Vec<Version>, LogError> {
        let new = heads.total() - self.bound.total();
        // A clock that was set back must not hold up the next version.
        let early = (self.last..self.last.saturating_add(self.patience)).contains(&now);
        if new == 0 || (new < self.granularity && early) {
            return Ok(Vec::new());
        }
        self.last = now;
        let from = std::mem::replace(&mut self.bound, heads.clone());
        if new <= self.granularity {
            return Ok(vec![heads.clone()]);
        }
        let mut versions = Vec::new();
        let mut start = from.clone();
        for end in stretches(log, &from, heads)? {
            deal(&start, &end, self.granularity, &mut versions);
            start = end;
        }
        Ok(versions)
    }
}

/// Versions between `from` and `heads` at equal distances of stored append time, `heads` the last of them: a
/// partition that was silent for an hour is then silent in the versions of that hour too.
fn stretches(log: &dyn Log, from: &Version, heads: &Version) -> Result<Vec<Version>, LogError> {
    let Some((first, last)) = append_times(log, from, heads)? else { return Ok(vec![heads.clone()]) };
    let mut ends: Vec<Version> = Vec::new();
    let mut reached = from.clone();
    for stretch in 1..STRETCHES {
        let step = i128::from(last - first) * i128::from(stretch) / i128::from(STRETCHES);
        let time = first + step as i64;
        let end = log.offsets_at(time)?.join(&reached).meet(heads);
        if end != reached {
            reached = end.clone();
            ends.push(end);
        }
    }
    ends.push(heads.clone());
    Ok(ends)
}

/// The earliest and the latest append time among the first and last records between two versions.
fn append_times(
    log: &dyn Log,
    from: &Version,
    heads: &Version,
) -> Result<Option<(Millis, Millis)>, LogError> {
    let mut records = Vec::new();
    for (partition, (start, head)) in (0..).zip(from.0.iter().zip(&heads.0)) {
        if start < head {
            records.extend(first(log, partition, *start..*head)?);
            records.extend(last(log, partition, *start..*head)?);
        }
    }
    let times = || records.iter().map(|record| record.appended);
    Ok(times().min().zip(times().max()))
}

/// Divides what lies between two versions evenly, every partition in proportion to its share.
fn deal(from: &Version, to: &Version, granularity: u64, versions: &mut Vec<Version>) {
    let spare = to.0.len() as u64 - 1;
    let pieces = (to.total() - from.total()).div_ceil(granularity.saturating_sub(spare).max(1));
    for piece in 1..=pieces {
        let part = |(start, end): (&u64, &u64)| {
            start + (u128::from(end - start) * u128::from(piece) / u128::from(pieces)) as u64
        };
        let version = Version(from.0.iter().zip(&to.0).map(part).collect());
        if versions.last().unwrap_or(from) != &version {
            versions.push(version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_dealt_evenly_one_after_the_other() {
        for (from, to, granularity) in [
            (vec![0, 0, 0], vec![1_000, 10, 0], 100),
            (vec![5, 7], vec![5, 8], 1),
            (vec![0, 0, 0, 0], vec![3, 3, 3, 3], 2),
            (vec![9], vec![1_009], 1_000),
            (vec![1 << 60, 0], vec![(1 << 60) + 49, 49], 7),
        ] {
            let (from, to) = (Version(from), Version(to));
            let mut versions = vec![from.clone()];
            deal(&from, &to, granularity, &mut versions);
            assert_eq!(versions.last(), Some(&to));
            for pair in versions.windows(2) {
                let span = pair[1].0.iter().zip(&pair[0].0).map(|(end, start)| end - start).sum::<u64>();
                assert!(pair[1].covers(&pair[0]) && span > 0);
                assert!(span <= granularity.max(to.0.len() as u64), "{span} records at g = {granularity}");
            }
        }
    }
}
