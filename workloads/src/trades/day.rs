//! How a key of symbol and day is printed, and read again.

/// `SYMBOL YYYY-MM-DD`, where `day` counts from 1970-01-01.
pub fn day_key(symbol: &str, day: i64) -> String {
    let (year, month, date) = civil(day);
    if !(0..=9_999).contains(&year) {
        return format!("{symbol} {year:04}-{month:02}-{date:02}");
    }
    // By hand, because the oracle prints a key for almost every trade.
    let mut key = String::with_capacity(symbol.len() + 11);
    key.push_str(symbol);
    for (before, number) in [(' ', year / 100), ('\0', year % 100), ('-', month), ('-', date)] {
        if before != '\0' {
            key.push(before);
        }
        key.push(digit(number / 10));
        key.push(digit(number % 10));
    }
    key
}

fn digit(number: i64) -> char {
    char::from(b'0' + number as u8)
}

/// The symbol and the day of a printed key; absent when it is none.
pub fn parse_day_key(key: &str) -> Option<(&str, i64)> {
    let (symbol, text) = key.rsplit_once(' ')?;
    let mut parts = text.rsplitn(3, '-');
    let (date, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let day = number(year.parse().ok()?, month.parse().ok()?, date.parse().ok()?)?;
    (civil(day) == (year.parse().ok()?, month.parse().ok()?, date.parse().ok()?)).then_some((symbol, day))
}

/// Days in 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;
/// From 0000-03-01, where leap days come last in their year, to 1970-01-01.
const EPOCH: i64 = 719_468;

fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + EPOCH;
    let (era, of_era) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, date)
}

/// The inverse of [`civil`]; absent beyond any time that milliseconds can hold.
fn number(year: i64, month: i64, date: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&date) || year.abs() > 400_000_000 {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    let day = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(year.div_euclid(400) * ERA + day - EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_printed_as_the_calendar_says() {
        for (day, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (19_675, "2023-11-14"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(day_key("A:B", day), format!("A:B {text}"));
        }
    }

    #[test]
    fn a_printed_key_is_read_back() {
        let days = (-800_000..800_000).step_by(97).chain([i64::MIN / 86_400_000, i64::MAX / 86_400_000]);
        for day in days {
            assert_eq!(parse_day_key(&day_key("BINANCE:BTC USDT", day)), Some(("BINANCE:BTC USDT", day)));
        }
        for bad in ["", "A", "A 2023-02-30", "A 2023-1x-02", "A 2023", "A 2023-13-01"] {
            assert_eq!(parse_day_key(bad), None, "{bad}");
        }
    }
}
