//! When the batch is due.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use workloads::Micros;

use crate::LambdaConfig;
use crate::error::LambdaError;

const MINUTE: Micros = 60_000_000;
const DAY: Micros = 1_440 * MINUTE;

/// A time of day, UTC. As text: `00:05`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DayTime {
    minutes: u16,
}

/// Cuts after so many records, after so much time, or once a day. What falls due while a batch is under way is skipped,
/// not queued; the next one keeps to the rhythm. Days on which nobody was there are made up for by one batch, as each
/// takes in everything up to its cut.
#[derive(Debug)]
pub(crate) struct Schedule {
    every: u64,
    interval: Micros,
    daily: Option<DayTime>,
    last: Option<Last>,
}

/// The batch that was begun last.
#[derive(Clone, Copy, Debug)]
struct Last {
    /// Records below its cut.
    records: u64,
    /// When it was due.
    due: Micros,
    /// When it ended; when it began if it has not.
    ended: Micros,
}

impl Schedule {
    /// Every `cut_every` records and every `cut_ms` milliseconds, 0 leaving it to the other, and at a time of day.
    pub(crate) fn new(config: &LambdaConfig) -> Result<Self, LambdaError> {
        let (every, interval) = (config.cut_every, config.cut_ms.saturating_mul(1000));
        let daily = config.options.at;
        if every == 0 && interval == 0 && daily.is_none() {
            return Err(LambdaError::Schedule);
        }
        let interval = Micros::try_from(interval).unwrap_or(Micros::MAX);
        Ok(Schedule { every, interval, daily, last: None })
    }

    /// Goes on from a batch of an earlier process, as far as it matters: by the time of day, so that a day is neither
    /// missed nor done twice.
    pub(crate) fn resume(&mut self, records: u64, begun: Micros) {
        if self.daily.is_some() && self.every == 0 && self.interval == 0 {
            self.last = Some(Last { records, due: begun, ended: begun });
        }
    }

    /// Whether a batch up to `records` should begin now. The first is due at once; none is without a new record.
    pub(crate) fn due(&self, records: u64, now: Micros) -> bool {
        let Some(last) = self.last else { return true };
        records > last.records && self.passed(last, records, now) > 0
    }

    /// Notes that a batch up to `records` began at `now`; says how many fell due before it and were passed over.
    pub(crate) fn begun(&mut self, records: u64, now: Micros) -> u64 {
        let Some(last) = self.last else {
            self.last = Some(Last { records, due: now, ended: now });
            return 0;
        };
        // The interval is counted from the time at which this one was due, so that cuts keep their rhythm.
        let in_rhythm = self.interval > 0 && now >= last.due;
        let due = if in_rhythm { now - (now - last.due) % self.interval } else { now };
        self.last = Some(Last { records, due, ended: now });
        // While nothing was under way an interval passed by because there was nothing to do.
        let late = self.intervals(last.due, now).min(self.intervals(last.due, last.ended) + 1);
        late.max(self.counts(last, records)).max(self.days(last.due, now)).saturating_sub(1)
    }

    /// Notes that the batch that began last has ended.
    pub(crate) fn ended(&mut self, now: Micros) {
        if let Some(last) = &mut self.last {
            last.ended = now;
        }
    }

    /// How many have fallen due since the last one.
    fn passed(&self, last: Last, records: u64, now: Micros) -> u64 {
        self.counts(last, records).max(self.intervals(last.due, now)).max(self.days(last.due, now))
    }

    fn counts(&self, last: Last, records: u64) -> u64 {
        records.saturating_sub(last.records).checked_div(self.every).unwrap_or(0)
    }

    fn intervals(&self, from: Micros, upto: Micros) -> u64 {
        let time = upto.saturating_sub(from).max(0);
        time.checked_div(self.interval).map_or(0, |count| count as u64)
    }

    fn days(&self, from: Micros, upto: Micros) -> u64 {
        let number = |time: Micros, at: DayTime| (time - MINUTE * Micros::from(at.minutes)).div_euclid(DAY);
        self.daily.map_or(0, |at| (number(upto, at) - number(from, at)).max(0) as u64)
    }
}

impl FromStr for DayTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let two = |text: &str| digits(text).then(|| text.parse::<u16>().ok()).flatten();
        let parts = text.split_once(':').and_then(|(hour, minute)| Some((two(hour)?, two(minute)?)));
        match parts {
            Some((hour, minute)) if hour < 24 && minute < 60 => Ok(DayTime { minutes: 60 * hour + minute }),
            _ => Err(format!("`{text}` is not a time of day: it is written as 00:05, UTC")),
        }
    }
}

impl fmt::Display for DayTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl TryFrom<String> for DayTime {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DayTime> for String {
    fn from(time: DayTime) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Micros = 60 * MINUTE;

    fn schedule(every: u64, interval: Micros, daily: Option<&str>) -> Schedule {
        Schedule { every, interval, daily: daily.map(|text| text.parse().unwrap()), last: None }
    }

    #[test]
    fn a_batch_that_overruns_its_interval_is_skipped_not_queued() {
        let mut schedule = schedule(0, 10_000, None);
        assert!(schedule.due(5, 0));
        assert_eq!(schedule.begun(5, 0), 0);
        assert!(!schedule.due(9, 9_999));
        schedule.ended(34_900);
        assert!(schedule.due(9, 35_000));
        // Those of 10, 20 and 30 fell due; one of them is made up for at once.
        assert_eq!(schedule.begun(9, 35_000), 2);
        assert!(!schedule.due(12, 39_000));
        assert!(schedule.due(12, 40_000));
    }

    #[test]
    fn nothing_new_needs_no_batch_and_is_none_skipped() {
        let mut schedule = schedule(3, 10_000, None);
        schedule.begun(7, 0);
        schedule.ended(1_000);
        assert!(!schedule.due(7, 1_000_000));
        assert!(!schedule.due(9, 0));
        assert!(schedule.due(10, 0));
        assert_eq!(schedule.begun(8, 1_000_000), 0);
    }

    #[test]
    fn what_a_slow_batch_lets_pass_by_count_is_skipped() {
        let mut schedule = schedule(3, 0, None);
        schedule.begun(3, 0);
        assert_eq!(schedule.begun(15, 0), 3);
    }

    #[test]
    fn a_day_is_neither_missed_nor_done_twice() {
        let mut schedule = schedule(0, 0, Some("00:05"));
        schedule.resume(10, 23 * HOUR);
        assert!(!schedule.due(20, 24 * HOUR));
        assert!(schedule.due(20, 24 * HOUR + 5 * MINUTE));
        // Nobody was there for two days.
        assert_eq!(schedule.begun(20, 3 * DAY + HOUR), 2);
        assert!(!schedule.due(30, 4 * DAY));
        assert!(schedule.due(30, 4 * DAY + 5 * MINUTE));
        assert!(!schedule.due(20, 9 * DAY));
    }

    #[test]
    fn a_time_of_day_is_written_one_way() {
        assert_eq!("23:59".parse::<DayTime>().map(|time| time.to_string()), Ok("23:59".into()));
        for text in ["24:00", "5:00", "00:60", "0005", "", "+1:00"] {
            assert!(text.parse::<DayTime>().is_err(), "{text}");
        }
    }
}
