//! How much of a turn a job may take that is not the one that answers.

use std::fmt;
use std::sync::Arc;

use workloads::Micros;

/// A clock, handed down by whoever hosts a Kappa. One that is stepped has none and goes by offsets alone.
#[derive(Clone)]
pub struct Ticks(Arc<dyn Fn() -> Micros + Send + Sync>);

impl Ticks {
    /// A clock in microseconds, from whatever start.
    pub fn new(now: impl Fn() -> Micros + Send + Sync + 'static) -> Self {
        Ticks(Arc::new(now))
    }

    fn now(&self) -> Micros {
        (self.0)()
    }
}

impl fmt::Debug for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticks")
    }
}

/// So much time a turn; where there is no clock, one slice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    ticks: Option<Ticks>,
    micros: Micros,
}

impl Pace {
    pub(crate) fn new(ticks: Option<Ticks>, micros: u64) -> Self {
        Pace { ticks, micros: i64::try_from(micros).unwrap_or(i64::MAX) }
    }

    /// The end of a turn that begins now.
    pub(crate) fn turn(&self) -> impl Fn() -> bool + use<'_> {
        let began = self.ticks.as_ref().map(Ticks::now);
        move || match (&self.ticks, began) {
            (Some(ticks), Some(began)) => ticks.now().saturating_sub(began) >= self.micros,
            _ => true,
        }
    }
}
