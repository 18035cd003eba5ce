//! Decimal text as whole numbers of a small unit, and back, never through binary fractions.

use std::fmt;

/// Decimal places of an amount of money.
pub const MONEY: u32 = 2;

/// Decimal places of a price or a volume.
pub const FINE: u32 = 8;

/// Why a text is not a number of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// Not a decimal number.
    NotANumber,
    /// It has a digit other than zero below the unit.
    TooFine(u32),
    /// It does not fit.
    TooLarge,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecimalError::NotANumber => f.write_str("is not a number"),
            DecimalError::TooFine(places) => write!(f, "has more than {places} decimals"),
            DecimalError::TooLarge => f.write_str("does not fit in 64 bits"),
        }
    }
}

impl std::error::Error for DecimalError {}

/// Reads `-12.50` or `1.25e1` as a number of units of 10^-`places`. Zeros at the end do not count as decimals.
pub fn parse(text: &[u8], places: u32) -> Result<i64, DecimalError> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut digits = Digits::default();
    let rest = digits.take(text);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => {
            let after = digits.take(rest);
            (rest.len() - after.len(), after)
        }
        _ => (0, rest),
    };
    let dangling = fraction == 0 && rest.len() < text.len() && text[text.len() - rest.len() - 1] == b'.';
    if digits.seen == fraction || dangling {
        return Err(DecimalError::NotANumber);
    }
    let power = exponent(rest)? - fraction as i64 + digits.zeros as i64 + i64::from(places);
    digits.value(negative, power, places)
}

/// The exponent after the digits; one beyond any use is as good as another.
fn exponent(text: &[u8]) -> Result<i64, DecimalError> {
    let (sign, digits) = match text {
        [] => return Ok(0),
        [b'e' | b'E', b'-', digits @ ..] => (-1, digits),
        [b'e' | b'E', b'+', digits @ ..] | [b'e' | b'E', digits @ ..] => (1, digits),
        _ => return Err(DecimalError::NotANumber),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecimalError::NotANumber);
    }
    let far = 1 << 40;
    Ok(sign * digits.iter().fold(0, |sum, digit| far.min(sum * 10 + i64::from(digit - b'0'))))
}

/// The digits read so far, without the zeros at their end.
#[derive(Default)]
struct Digits {
    value: u64,
    overflown: bool,
    /// Zeros that have come since the last other digit.
    zeros: usize,
    seen: usize,
}

impl Digits {
    /// Takes the digits at the front of `text` and gives back what follows them.
    fn take<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        for byte in &text[..count] {
            match byte - b'0' {
                0 => self.zeros += 1,
                digit => self.push(digit),
            }
        }
        self.seen += count;
        &text[count..]
    }

    fn push(&mut self, digit: u8) {
        let zeros = std::mem::take(&mut self.zeros);
        let shifted = if self.value == 0 { Some(0) } else { scale(self.value, zeros as i64 + 1) };
        match shifted.and_then(|value| value.checked_add(u64::from(digit))) {
            Some(value) => self.value = value,
            None => self.overflown = true,
        }
    }

    /// The digits times 10^`power`, which is negative exactly when something lies below the unit.
    fn value(&self, negative: bool, power: i64, places: u32) -> Result<i64, DecimalError> {
        if self.value == 0 && !self.overflown {
            return Ok(0);
        }
        if power < 0 {
            return Err(DecimalError::TooFine(places));
        }
        let size = if self.overflown { None } else { scale(self.value, power) };
        let size = i128::from(size.ok_or(DecimalError::TooLarge)?);
        i64::try_from(if negative { -size } else { size }).map_err(|_| DecimalError::TooLarge)
    }
}

fn scale(value: u64, power: i64) -> Option<u64> {
    let factor = 10_u64.checked_pow(u32::try_from(power).ok()?)?;
    value.checked_mul(factor)
}

/// Adds `units` of 10^-`places` to `out` in the shortest form: `120`, `-12.5`, `0.01`.
pub fn write(units: i64, places: u32, out: &mut Vec<u8>) {
    if units < 0 {
        out.push(b'-');
    }
    let size = units.unsigned_abs();
    let unit = 10_u64.pow(places);
    write_u64(size / unit, out);
    let mut rest = size % unit;
    if rest == 0 {
        return;
    }
    out.push(b'.');
    let mut place = unit;
    while rest > 0 {
        place /= 10;
        out.push(b'0' + (rest / place) as u8);
        rest %= place;
    }
}

/// Adds a whole number to `out`.
pub(super) fn write_u64(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(text: &str) -> Result<i64, DecimalError> {
        parse(text.as_bytes(), MONEY)
    }

    #[test]
    fn decimals_are_read_exactly() {
        for (text, value) in [
            ("120", 12_000),
            ("-12.5", -1_250),
            ("0.01", 1),
            ("1.25e1", 1_250),
            ("1250E-2", 1_250),
            ("12.5000000000000000000000000", 1_250),
            ("0e999999999999999999999", 0),
            ("-0.0", 0),
            ("100e-4", 1),
            ("0.29", 29),
            ("92233720368547758.07", i64::MAX),
            ("-92233720368547758.08", i64::MIN),
        ] {
            assert_eq!(cents(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_for_its_reason() {
        for text in ["0.001", "1e-3", "0.1234567890123456789012345", "92233720368547758.071"] {
            assert_eq!(cents(text), Err(DecimalError::TooFine(2)), "{text}");
        }
        for text in ["92233720368547758.08", "1e17", "1e999999999999999999999", "99999999999999999999999"] {
            assert_eq!(cents(text), Err(DecimalError::TooLarge), "{text}");
        }
        for text in ["", "-", ".", "1.", ".5", "+1", "1e", "1e+", "1,5", "NaN", " 1", "1 ", "--1", "1.e3"] {
            assert_eq!(cents(text), Err(DecimalError::NotANumber), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in [0, 1, -1, 10, 99, 100, 12_345, -12_000, i64::MAX, i64::MIN] {
            for places in [MONEY, FINE] {
                let mut text = Vec::new();
                write(value, places, &mut text);
                assert_eq!(parse(&text, places), Ok(value), "{}", String::from_utf8_lossy(&text));
            }
        }
    }
}
