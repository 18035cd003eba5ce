//! Days, hours and seconds of UTC as keys: how they are printed, alone or after a name, and read again.

use crate::event::Millis;

/// A length of time by which a view keeps its rows. Such times are numbered from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Printed `YYYY-MM-DD`.
    Day,
    /// Printed `YYYY-MM-DDTHH`.
    Hour,
    /// Printed `YYYY-MM-DDTHH:MM:SS`.
    Second,
}

impl Unit {
    /// How many of them a day has.
    const fn a_day(self) -> i64 {
        match self {
            Unit::Day => 1,
            Unit::Hour => 24,
            Unit::Second => 86_400,
        }
    }

    /// The number of the one that holds `time`.
    pub const fn of(self, time: Millis) -> i64 {
        time.div_euclid(86_400_000 / self.a_day())
    }

    /// The one of that number, printed.
    pub fn print(self, number: i64) -> String {
        let mut text = String::with_capacity(19);
        self.write(number, &mut text);
        text
    }

    /// The number of a printed one; absent unless it is printed exactly so.
    pub fn parse(self, text: &str) -> Option<i64> {
        let (date, clock) = match text.split_once('T') {
            None => (text, ""),
            Some((date, clock)) => (date, clock),
        };
        let mut parts = date.rsplitn(3, '-');
        let (date, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        let day = number(year.parse().ok()?, month.parse().ok()?, date.parse().ok()?)?;
        let mut clock = clock.split(':').map(|part| part.parse::<u8>().map_or(0, i64::from));
        let mut next = || clock.next().unwrap_or(0);
        let number = match self {
            Unit::Day => day,
            Unit::Hour => day * 24 + next(),
            Unit::Second => day * 86_400 + next() * 3_600 + next() * 60 + next(),
        };
        // Whatever was passed over so far is not printed like that.
        (self.print(number) == text).then_some(number)
    }

    /// The key of a name and the one of that number: `NAME YYYY-MM-DD`, and so on.
    pub fn key(self, name: &str, number: i64) -> String {
        let mut key = String::with_capacity(name.len() + 20);
        key.push_str(name);
        key.push(' ');
        self.write(number, &mut key);
        key
    }

    /// The name and the number of a printed key; absent when it is none.
    pub fn parse_key(self, key: &str) -> Option<(&str, i64)> {
        let (name, text) = key.rsplit_once(' ')?;
        Some((name, self.parse(text)?))
    }

    /// By hand, because the oracles print a key for almost every event.
    fn write(self, number: i64, out: &mut String) {
        let (day, rest) = (number.div_euclid(self.a_day()), number.rem_euclid(self.a_day()));
        let (year, month, date) = civil(day);
        if (0..=9_999).contains(&year) {
            pair(year / 100, out);
            pair(year % 100, out);
        } else {
            out.push_str(&format!("{year:04}"));
        }
        then('-', month, out);
        then('-', date, out);
        match self {
            Unit::Day => {}
            Unit::Hour => then('T', rest, out),
            Unit::Second => {
                then('T', rest / 3_600, out);
                then(':', rest / 60 % 60, out);
                then(':', rest % 60, out);
            }
        }
    }
}

fn then(sign: char, number: i64, out: &mut String) {
    out.push(sign);
    pair(number, out);
}

/// Two digits.
fn pair(number: i64, out: &mut String) {
    out.push(char::from(b'0' + (number / 10) as u8));
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// `SYMBOL YYYY-MM-DD`, where `day` counts from 1970-01-01.
pub fn day_key(symbol: &str, day: i64) -> String {
    Unit::Day.key(symbol, day)
}

/// The symbol and the day of a printed key; absent when it is none.
pub fn parse_day_key(key: &str) -> Option<(&str, i64)> {
    Unit::Day.parse_key(key)
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
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&date)
        || !(-400_000_000..=400_000_000).contains(&year)
    {
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
    use proptest::prelude::*;

    use super::*;

    const UNITS: [Unit; 3] = [Unit::Day, Unit::Hour, Unit::Second];

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
    fn times_fall_into_the_day_hour_and_second_that_hold_them() {
        for (time, day, hour, second) in [
            (0, "1970-01-01", "1970-01-01T00", "1970-01-01T00:00:00"),
            (-1, "1969-12-31", "1969-12-31T23", "1969-12-31T23:59:59"),
            (1_700_000_000_999, "2023-11-14", "2023-11-14T22", "2023-11-14T22:13:20"),
            (3_599_999, "1970-01-01", "1970-01-01T00", "1970-01-01T00:59:59"),
        ] {
            assert_eq!(UNITS.map(|unit| unit.print(unit.of(time))), [day, hour, second]);
        }
    }

    #[test]
    fn what_is_printed_otherwise_is_no_key() {
        for bad in [
            "",
            "A",
            "A 2023-02-30",
            "A 2023-1x-02",
            "A 2023",
            "A 2023-13-01",
            "A 2023-1-02",
            "A +2023-01-02",
            "A 2023-01-02T03",
            "A2023-01-02",
            "A 2023-01-02 ",
            "A --400000001-01-01",
            "A 9223372036854775807-01-01",
        ] {
            assert_eq!(parse_day_key(bad), None, "{bad}");
        }
        for bad in [
            "2023-01-02",
            "2023-01-02T",
            "2023-01-02T3:00:00",
            "2023-01-02T24:00:00",
            "2023-01-02T00:60:00",
            "2023-01-02T00:00:60",
            "2023-01-02T00:00",
            "2023-01-02T00:00:00:00",
            "2023-01-02T00:00:00Z",
            "2023-01-02T00:00:99999999999999999999",
            "2023-01-02T9223372036854775807:00:00",
        ] {
            assert_eq!(Unit::Second.parse(bad), None, "{bad}");
        }
        assert_eq!(Unit::Hour.parse("2023-01-02T24"), None);
        assert_eq!(Unit::Hour.parse("2023-01-02T23"), Some(19_359 * 24 + 23));
    }

    proptest! {
        #[test]
        fn a_printed_key_is_read_back(name in ".{0,20}", time in any::<i64>(), near in -99_999_999_999_999_i64..99_999_999_999_999) {
            for (unit, time) in UNITS.into_iter().flat_map(|unit| [(unit, time), (unit, near)]) {
                let number = unit.of(time);
                prop_assert_eq!(unit.parse(&unit.print(number)), Some(number));
                let key = unit.key(&name, number);
                prop_assert_eq!(unit.parse_key(&key), Some((name.as_str(), number)));
            }
        }

        #[test]
        fn later_times_are_printed_later(one in 0..99_999_999_999_999_i64, other in 0..99_999_999_999_999_i64) {
            for unit in UNITS {
                let (one, other) = (unit.of(one), unit.of(other));
                prop_assert_eq!(one.cmp(&other), unit.print(one).cmp(&unit.print(other)));
            }
        }

        #[test]
        fn no_text_stops_the_program(text in "[-+0-9T: ]{0,40}") {
            for unit in UNITS {
                let _ = unit.parse_key(&text);
            }
        }
    }
}
