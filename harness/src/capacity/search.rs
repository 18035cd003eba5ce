//! The search for the highest rate: doubling until it fails, then the middle of what is left, then both ends again.

use super::Trial;

/// Rates below which nobody looks.
const LEAST: f64 = 100.0;

/// What a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Every trial, in the order in which they were made.
    pub trials: Vec<Trial>,
    /// The highest rate that was sustained, and the same rate tried again.
    pub pass: Option<(Trial, Trial)>,
    /// The lowest rate that was not, and the same rate tried again; nothing if the highest rate allowed was sustained.
    pub failure: Option<(Trial, Trial)>,
}

/// Looks from a rate on for the highest that is sustained, up to `most`, until failure and pass lie within `tolerance`,
/// a share, of each other.
pub fn search(
    from: f64,
    most: f64,
    tolerance: f64,
    mut trial: impl FnMut(f64) -> anyhow::Result<Trial>,
) -> anyhow::Result<Found> {
    let mut trials = Vec::new();
    let (mut pass, mut failure): (Option<Trial>, Option<Trial>) = (None, None);
    loop {
        let next = match (&pass, &failure) {
            (None, None) => from.min(most),
            (Some(pass), None) if pass.rate < most => (2.0 * pass.rate).min(most),
            (None, Some(failure)) if failure.rate / 2.0 >= LEAST => failure.rate / 2.0,
            (Some(pass), Some(failure)) if failure.rate > pass.rate * (1.0 + tolerance) => {
                (pass.rate * failure.rate).sqrt()
            }
            _ => break,
        };
        let made = trial(next)?;
        trials.push(made.clone());
        if made.sustained() { pass = Some(made) } else { failure = Some(made) }
    }
    let mut again = |end: Option<Trial>| {
        end.map(|end| -> anyhow::Result<_> {
            let again = trial(end.rate)?;
            trials.push(again.clone());
            Ok((end, again))
        })
        .transpose()
    };
    let (pass, failure) = (again(pass)?, again(failure)?);
    Ok(Found { trials, pass, failure })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::Slope;

    fn trial(rate: f64, limit: f64) -> anyhow::Result<Trial> {
        let still = Slope { mid: 0.0, low: 0.0, high: 0.0 };
        let failures = if rate > limit { vec!["too much".to_owned()] } else { Vec::new() };
        Ok(Trial { rate, failures, latency_us: [1.0, 2.0], growth: still, drain_us: Some(0) })
    }

    #[test]
    fn a_limit_is_found_within_the_tolerance_from_either_side() {
        for limit in [200.0, 4_321.0, 70_000.0, 999_999.0] {
            let found = search(5_000.0, 1e9, 0.05, |rate| trial(rate, limit)).unwrap();
            let (pass, failure) = (found.pass.unwrap().0.rate, found.failure.unwrap().0.rate);
            assert!(pass <= limit && limit < failure && failure <= 1.05 * pass, "{pass} {limit} {failure}");
            let last = &found.trials[found.trials.len() - 2..];
            assert_eq!([last[0].rate, last[1].rate], [pass, failure], "both ends are tried again");
        }
    }

    #[test]
    fn nobody_looks_beyond_the_most_or_below_the_least() {
        let found = search(1_000.0, 6_000.0, 0.05, |rate| trial(rate, 1e9)).unwrap();
        assert_eq!((found.pass.unwrap().0.rate, found.failure), (6_000.0, None));
        let found = search(1_000.0, 6_000.0, 0.05, |rate| trial(rate, 1.0)).unwrap();
        assert_eq!((found.pass, found.failure.unwrap().0.rate), (None, 125.0));
    }
}
