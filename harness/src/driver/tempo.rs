//! When each event of somebody's own log is due, sent again at a multiple of the speed at which it happened.
//!
//! What sets the pace is the newest event time so far: an event that is older is sent with its predecessors. A gap in the
//! times counts for a second of sending at the most, and only when the next event is beyond it too: so neither a quiet
//! night nor a clock that is years ahead holds up everything after it, and how long a log takes is known before any
//! of it is sent.

/// Longest pause between two events, in microseconds of sending.
pub const LONGEST_GAP_US: f64 = 1e6;

/// Goes along the events of a log.
#[derive(Clone, Debug)]
pub struct Tempo {
    speed: f64,
    newest: Option<i64>,
    /// The time of the last event, where it was beyond a gap that no other has confirmed.
    ahead: Option<i64>,
    due_us: f64,
}

impl Tempo {
    /// So many seconds of event time in one second.
    pub fn new(speed: f64) -> Self {
        Tempo { speed, newest: None, ahead: None, due_us: 0.0 }
    }

    /// When the next event is due, in microseconds since the first; `time` is its own, in milliseconds, if it has one.
    pub fn next(&mut self, time: Option<i64>) -> f64 {
        let Some(time) = time else { return self.due_us };
        let newest = *self.newest.get_or_insert(time);
        if time <= newest {
            return self.due_us;
        }
        if self.pause(newest, time) <= LONGEST_GAP_US {
            self.ahead = None;
            return self.go(newest, time);
        }
        let Some(ahead) = self.ahead.replace(time) else { return self.due_us };
        // Two in a row: there is a gap, and it ends with the earlier of them.
        let begin = ahead.min(time);
        self.go(newest, begin);
        if self.pause(begin, time) <= LONGEST_GAP_US {
            self.ahead = None;
            return self.go(begin, time);
        }
        self.due_us
    }

    fn pause(&self, from: i64, upto: i64) -> f64 {
        upto.abs_diff(from) as f64 * 1000.0 / self.speed
    }

    fn go(&mut self, from: i64, upto: i64) -> f64 {
        self.due_us += self.pause(from, upto).min(LONGEST_GAP_US);
        self.newest = Some(upto);
        self.due_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: i64 = 31_536_000_000;

    fn due(speed: f64, times: &[i64]) -> Vec<i64> {
        let mut tempo = Tempo::new(speed);
        times.iter().map(|time| tempo.next(Some(*time)) as i64).collect()
    }

    #[test]
    fn events_keep_their_distances_at_the_speed_asked_for() {
        assert_eq!(due(1.0, &[5_000, 5_010, 5_500]), [0, 10_000, 500_000]);
        assert_eq!(due(10.0, &[5_000, 5_010, 5_500]), [0, 1_000, 50_000]);
    }

    #[test]
    fn small_distances_add_up_at_a_high_speed() {
        let times: Vec<i64> = (0..10_001).collect();
        let last = due(10_000.0, &times)[10_000];
        assert!((999..=1_000).contains(&last), "{last}");
    }

    #[test]
    fn an_older_event_is_sent_with_its_predecessor_and_does_not_slow_the_next_one() {
        assert_eq!(due(1.0, &[1_000, 1_200, 3, 1_100, 1_201]), [0, 200_000, 200_000, 200_000, 201_000]);
    }

    #[test]
    fn a_clock_that_is_years_ahead_holds_nobody_up() {
        assert_eq!(due(1.0, &[0, YEAR, 10, 20, 2 * YEAR, 30]), [0, 0, 10_000, 20_000, 20_000, 30_000]);
    }

    #[test]
    fn a_quiet_night_takes_a_second() {
        assert_eq!(due(1.0, &[0, YEAR, YEAR + 5, YEAR + 6]), [0, 0, 1_005_000, 1_006_000]);
        assert_eq!(due(1.0, &[0, YEAR, 2 * YEAR, 3 * YEAR]), [0, 0, 1_000_000, 2_000_000]);
        assert_eq!(due(1.0, &[i64::MIN, i64::MAX, i64::MAX]), [0, 0, 1_000_000]);
    }
}
