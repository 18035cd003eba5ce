//! The one clock of a run: made where the program starts and handed down.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::contestants::Now;

/// Microseconds since a start, by a clock that never steps back. The start may lie ahead.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    made: Instant,
    /// Wall-clock time of `made`.
    wall_us: i64,
    /// Microseconds from `made` to the start.
    start_us: i64,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { made: Instant::now(), wall_us: since.as_micros() as i64, start_us: 0 }
    }

    /// The same clock with its start `ahead` of now.
    pub fn restarted(self, ahead: Duration) -> Self {
        Clock { start_us: self.elapsed_us() + ahead.as_micros() as i64, ..self }
    }

    /// Microseconds since the start; negative before it.
    pub fn micros(&self) -> i64 {
        self.elapsed_us() - self.start_us
    }

    /// The present time of day, as components are told it.
    pub fn now(&self) -> Now {
        Now { micros: self.wall_us + self.elapsed_us() }
    }

    /// The time of day in milliseconds, as records carry it.
    pub fn millis(&self) -> i64 {
        self.now().micros / 1000
    }

    /// Sleeps until `at`, in microseconds since the start; at once if that is past.
    pub fn sleep_until(&self, at: i64) {
        let wait = at - self.micros();
        if wait > 0 {
            std::thread::sleep(Duration::from_micros(wait as u64));
        }
    }

    fn elapsed_us(&self) -> i64 {
        self.made.elapsed().as_micros() as i64
    }
}
