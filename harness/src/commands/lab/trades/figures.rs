//! Whole numbers of small units as the decimals that people and databases read.

/// Units in one, of prices and volumes.
const ONE: u128 = 100_000_000;
/// Decimals of a quotient, as a factor.
const MILLION: i128 = 1_000_000;

/// A price or a volume in its shortest form.
pub(super) fn fine(units: i128) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let size = units.unsigned_abs();
    let decimals = format!("{:08}", size % ONE);
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{decimals}", size / ONE)
}

/// A quotient with six decimals, halves to the even one.
pub(super) fn percentage(over: i128, under: i128) -> String {
    let (over, under) = if under < 0 { (-over, -under) } else { (over, under) };
    let Some(scaled) = over.checked_mul(MILLION).filter(|_| under > 0) else { return "0.000000".to_owned() };
    let (whole, rest) = (scaled.div_euclid(under), scaled.rem_euclid(under));
    let up = match (rest * 2).cmp(&under) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => whole.rem_euclid(2),
        std::cmp::Ordering::Greater => 1,
    };
    let rounded = whole + up;
    let sign = if rounded < 0 { "-" } else { "" };
    let size = rounded.unsigned_abs();
    let million = MILLION.unsigned_abs();
    format!("{sign}{}.{:06}", size / million, size % million)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_written_to_the_last_digit() {
        for (units, text) in [(0, "0"), (1, "0.00000001"), (-150_000_000, "-1.5"), (12_000_000_000, "120")] {
            assert_eq!(fine(units), text);
        }
    }

    #[test]
    fn quotients_have_six_decimals_and_halves_go_to_the_even_one() {
        for (over, under, text) in [
            (0, 1, "0.000000"),
            (100, 3, "33.333333"),
            (-100, 3, "-33.333333"),
            (200, 3, "66.666667"),
            (1, 2_000_000, "0.000000"),
            (3, 2_000_000, "0.000002"),
            (-3, 2_000_000, "-0.000002"),
            (5, -2, "-2.500000"),
        ] {
            assert_eq!(percentage(over, under), text, "{over} / {under}");
        }
    }
}
