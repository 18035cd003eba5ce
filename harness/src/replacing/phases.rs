//! Before, during and after: how late events could be read, and how long readers waited.

use super::Outcome;
use crate::driver::noise::quantile;

/// What one phase of a trial was like; times in microseconds.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name.
    pub name: &'static str,
    /// How long it lasted.
    pub seconds: f64,
    /// Appends whose records were waited for.
    pub arrivals: usize,
    /// From the moment that records were handed to the log until they could be read: median, 99th percentile, maximum.
    pub lag_us: [f64; 3],
    /// Reads.
    pub reads: usize,
    /// From the moment that a read was wanted until its answer had come: median, 99th percentile, maximum.
    pub read_us: [f64; 3],
    /// Versions that could be read.
    pub versions: usize,
}

/// The phases of a trial.
pub struct Phases {
    /// Before, during and after.
    pub all: [Phase; 3],
}

impl Phases {
    /// Of what was seen.
    pub fn of(outcome: &Outcome) -> Self {
        let (begun, answers) = outcome.replaced_us;
        let end = outcome.arrivals.last().map_or(answers, |arrival| arrival.handed_us).max(answers);
        let lags = lags(outcome);
        let phase = |name, from: i64, upto: i64| {
            let within = |at: i64| (from..upto).contains(&at);
            let lag = lags.iter().filter(|(at, _)| within(*at)).map(|(_, lag)| *lag).collect::<Vec<_>>();
            let read = outcome.reads.iter().filter(|read| within(read.intended_us) && read.error.is_none());
            let read = read.map(|read| read.answered_us - read.intended_us).collect::<Vec<_>>();
            Phase {
                name,
                seconds: (upto - from) as f64 / 1e6,
                arrivals: lag.len(),
                lag_us: spread(lag),
                reads: read.len(),
                read_us: spread(read),
                versions: outcome.heard.iter().filter(|it| within(it.received_us)).count(),
            }
        };
        Phases {
            all: [phase("before", 0, begun), phase("during", begun, answers), phase("after", answers, end)],
        }
    }
}

/// When records were handed to the log, and how long it took until they could be read.
fn lags(outcome: &Outcome) -> Vec<(i64, i64)> {
    // Both are in the order of their times; versions of one partition never step back.
    let mut heard = vec![0; outcome.heard.first().map_or(0, |first| first.version.0.len())];
    let mut lags = Vec::new();
    for arrival in &outcome.arrivals {
        let (partition, end) = (arrival.partition as usize, arrival.first + arrival.count);
        let Some(at) = heard.get_mut(partition) else { continue };
        while outcome.heard.get(*at).is_some_and(|it| it.version.0[partition] < end) {
            *at += 1;
        }
        lags.extend(outcome.heard.get(*at).map(|it| (arrival.handed_us, it.received_us - arrival.handed_us)));
    }
    lags
}

fn spread(mut items: Vec<i64>) -> [f64; 3] {
    if items.is_empty() {
        return [0.0; 3];
    }
    [0.5, 0.99, 1.0].map(|share| quantile(&mut items, share))
}

#[cfg(test)]
mod tests {
    use workloads::Version;

    use super::*;
    use crate::observe::{Arrival, Watched};

    #[test]
    fn a_record_can_be_read_with_the_first_version_that_covers_it() {
        let arrival = |partition, first, handed_us| Arrival {
            partition,
            first,
            count: 5,
            handed_us,
            acked_us: handed_us,
        };
        let heard = |version: [u64; 2], received_us| Watched {
            component: "kappa".into(),
            version: Version(version.to_vec()),
            received_us,
        };
        let outcome = Outcome {
            history: 0,
            started_s: 0.0,
            replaced_us: (15, 25),
            progress: Vec::new(),
            arrivals: vec![arrival(0, 0, 10), arrival(1, 0, 20), arrival(0, 5, 30), arrival(1, 5, 40)],
            reads: Vec::new(),
            heard: vec![heard([0, 0], 5), heard([5, 0], 13), heard([5, 5], 27), heard([10, 5], 34)],
            rows: (0, 0),
            canary_us: Vec::new(),
            back_s: 0.0,
        };
        assert_eq!(lags(&outcome), [(10, 3), (20, 7), (30, 4)]);
        let phases = Phases::of(&outcome);
        assert_eq!(phases.all.each_ref().map(|phase| phase.arrivals), [1, 1, 1]);
        assert_eq!(phases.all[1].lag_us[1], 7.0);
    }
}
