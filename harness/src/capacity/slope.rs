//! How fast something grows, from points of which some may be far off: Theil and Sen's slope, and its bounds.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::report::median;

/// Resamples behind the bounds.
const RESAMPLES: usize = 200;

/// A slope with a lower and an upper 95 % bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The median of the slopes between any two points.
    pub mid: f64,
    /// With 95 % it is not less.
    pub low: f64,
    /// With 95 % it is not more.
    pub high: f64,
}

impl Slope {
    /// Of some points, in their order: what is left beside the line is drawn again in blocks, as neighbours are alike. Always
    /// the same from the same points.
    pub fn of(points: &[(f64, f64)]) -> Self {
        let mid = slope(points);
        let level: Vec<f64> = points.iter().map(|(x, y)| y - mid * x).collect();
        let level = median(&level).unwrap_or(0.0);
        let rest: Vec<f64> = points.iter().map(|(x, y)| y - mid * x - level).collect();
        let block = ((points.len() as f64).sqrt().ceil() as usize).max(1);
        if points.len() < 2 {
            return Slope { mid, low: mid, high: mid };
        }
        let mut dice = ChaCha8Rng::seed_from_u64(1);
        let mut slopes: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let mut drawn = Vec::with_capacity(points.len() + block);
                while drawn.len() < points.len() {
                    let start = dice.random_range(0..=rest.len() - block);
                    drawn.extend_from_slice(&rest[start..start + block]);
                }
                let again = points.iter().zip(drawn).map(|((x, _), rest)| (*x, level + mid * x + rest));
                slope(&again.collect::<Vec<_>>())
            })
            .collect();
        slopes.sort_by(f64::total_cmp);
        let at = |share: f64| slopes[((RESAMPLES - 1) as f64 * share) as usize];
        Slope { mid, low: at(0.05), high: at(0.95) }
    }

    /// In another unit.
    pub fn scaled(self, factor: f64) -> Self {
        Slope { mid: self.mid * factor, low: self.low * factor, high: self.high * factor }
    }
}

/// The median of the slopes between any two points; 0 for fewer than two.
fn slope(points: &[(f64, f64)]) -> f64 {
    let pairs = points.iter().enumerate().flat_map(|(n, a)| points[n + 1..].iter().map(move |b| (a, b)));
    let slopes: Vec<f64> =
        pairs.filter(|(a, b)| a.0 != b.0).map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect();
    median(&slopes).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope_and_no_doubt() {
        let points: Vec<(f64, f64)> = (0..50).map(|x| (f64::from(x), 3.0 * f64::from(x) + 7.0)).collect();
        let slope = Slope::of(&points);
        assert!((slope.mid - 3.0).abs() < 1e-9 && (slope.high - slope.low).abs() < 1e-9, "{slope:?}");
    }

    #[test]
    fn a_saw_does_not_grow_and_a_few_spikes_do_not_matter() {
        let saw: Vec<(f64, f64)> = (0..60)
            .map(|x| (f64::from(x) / 20.0, f64::from(x % 6) + if x == 55 { 1_000.0 } else { 0.0 }))
            .collect();
        let slope = Slope::of(&saw);
        assert!(slope.low <= 0.2 && slope.high >= -0.2 && slope.mid.abs() < 0.5, "{slope:?}");
    }

    #[test]
    fn nothing_does_not_grow() {
        assert_eq!(Slope::of(&[(1.0, 5.0)]).mid, 0.0);
        assert_eq!(Slope::of(&[]).mid, 0.0);
    }
}
