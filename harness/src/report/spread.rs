//! How far repeats of one measure lie apart, and whether two contestants differ.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::unit::digits;

/// From this many repeats on an interval is given, else only the least and the most.
pub(crate) const LEAST_REPEATS: usize = 5;
/// Ratios nearer to one than this are no difference that matters.
pub(crate) const THRESHOLD: f64 = 1.05;
const RESAMPLES: usize = 2000;

/// The middle value; of an even number the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[half]),
        _ => Some((sorted[half - 1] + sorted[half]) / 2.0),
    }
}

/// A middle and how far around it the values lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The median, or the ratio of two medians.
    pub mid: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Repeats, of the side that has fewer.
    pub n: usize,
}

/// What a ratio says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Surely larger, by more than the threshold.
    More,
    /// Surely smaller, by more than the threshold.
    Less,
    /// Surely within the threshold.
    Same,
    /// The data does not decide it.
    Undecided,
}

impl Spread {
    /// Median, least and most of some values.
    pub fn of(values: &[f64]) -> Option<Spread> {
        let mid = median(values)?;
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Spread { mid, low, high, n: values.len() })
    }

    /// The ratio of two medians: from `LEAST_REPEATS` on with the middle 95 % of its bootstrap distribution, else with
    /// the least and the most that any two of the values give.
    pub fn ratio(over: &[f64], under: &[f64]) -> Option<Spread> {
        let (top, bottom) = (median(over)?, median(under)?);
        if bottom <= 0.0 {
            return None;
        }
        let n = over.len().min(under.len());
        let (low, high) = if n >= LEAST_REPEATS { resampled(over, under)? } else { extremes(over, under)? };
        Some(Spread { mid: top / bottom, low, high, n })
    }

    /// What this ratio says. Fewer than `LEAST_REPEATS` decide nothing.
    pub fn outcome(&self) -> Outcome {
        match self {
            _ if self.n < LEAST_REPEATS => Outcome::Undecided,
            _ if self.low > THRESHOLD => Outcome::More,
            _ if self.high < 1.0 / THRESHOLD => Outcome::Less,
            _ if self.low >= 1.0 / THRESHOLD && self.high <= THRESHOLD => Outcome::Same,
            _ => Outcome::Undecided,
        }
    }

    /// As `2.1 (1.9 to 2.4)`, or with its n where no interval can be given.
    pub fn text(&self) -> String {
        let ends = format!("{} to {}", digits(self.low), digits(self.high));
        match self.n {
            1 => format!("{} (n = 1)", digits(self.mid)),
            n if n >= LEAST_REPEATS && digits(self.low) == digits(self.high) => digits(self.mid),
            n if n < LEAST_REPEATS => format!("{} (min to max {ends}, n = {n})", digits(self.mid)),
            _ => format!("{} ({ends})", digits(self.mid)),
        }
    }
}

fn extremes(over: &[f64], under: &[f64]) -> Option<(f64, f64)> {
    let (top, bottom) = (Spread::of(over)?, Spread::of(under)?);
    Some((top.low / bottom.high, if bottom.low > 0.0 { top.high / bottom.low } else { f64::INFINITY }))
}

/// The percentile bootstrap, from a fixed seed, so that a report made twice says the same.
fn resampled(over: &[f64], under: &[f64]) -> Option<(f64, f64)> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut draw = |values: &[f64]| {
        let drawn: Vec<f64> = values.iter().map(|_| values[rng.random_range(0..values.len())]).collect();
        median(&drawn)
    };
    let mut ratios = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let (top, bottom) = (draw(over)?, draw(under)?);
        ratios.push(if bottom > 0.0 { top / bottom } else { f64::INFINITY });
    }
    ratios.sort_by(f64::total_cmp);
    let at = |share: f64| ratios[((RESAMPLES - 1) as f64 * share).round() as usize];
    Some((at(0.025), at(0.975)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_a_ratio_without_width() {
        let spread = Spread::ratio(&[4.0; 5], &[2.0; 5]).unwrap();
        assert_eq!((spread.mid, spread.low, spread.high), (2.0, 2.0, 2.0));
        assert_eq!(spread.outcome(), Outcome::More);
    }

    #[test]
    fn two_repeats_give_the_extremes_and_decide_nothing() {
        let spread = Spread::ratio(&[4.0, 6.0], &[2.0, 3.0]).unwrap();
        assert_eq!((spread.mid, spread.low, spread.high), (2.0, 4.0 / 3.0, 3.0));
        assert_eq!(spread.outcome(), Outcome::Undecided);
        assert_eq!(spread.text(), "2 (min to max 1.33 to 3, n = 2)");
    }

    #[test]
    fn an_interval_holds_its_middle_and_spans_one_when_the_sides_overlap() {
        let (over, under) = ([1.0, 1.1, 0.9, 1.2, 0.8], [1.0, 0.9, 1.1, 1.05, 0.95]);
        let spread = Spread::ratio(&over, &under).unwrap();
        assert!(spread.low <= spread.mid && spread.mid <= spread.high);
        assert_eq!(spread.outcome(), Outcome::Undecided);
    }

    #[test]
    fn nothing_has_no_spread() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::ratio(&[1.0], &[0.0]), None);
    }
}
