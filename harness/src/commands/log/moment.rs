//! Points in time as people write them.

use workloads::Millis;

/// Reads a time: whole milliseconds since 1970, or ISO 8601 (UTC where it names no zone), or as `format` says in
/// the manner of `strptime`.
pub fn parse(text: &str, format: Option<&str>) -> Result<Millis, String> {
    let refused = |error: jiff::Error| format!("time {text}: {error}");
    if let Some(format) = format {
        let parts = jiff::fmt::strtime::parse(format, text).map_err(refused)?;
        if let Ok(timestamp) = parts.to_timestamp() {
            return Ok(timestamp.as_millisecond());
        }
        let date = parts.to_date().map_err(refused)?;
        return utc(date.to_datetime(parts.to_time().unwrap_or_default())).map_err(refused);
    }
    if let Ok(millis) = text.parse() {
        return Ok(millis);
    }
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.as_millisecond());
    }
    let civil = text.parse::<jiff::civil::DateTime>();
    civil.and_then(utc).map_err(|_| {
        format!(
            "time {text} is neither milliseconds since 1970 nor like 2010-12-01 08:26:00: see --time-format"
        )
    })
}

fn utc(civil: jiff::civil::DateTime) -> Result<Millis, jiff::Error> {
    Ok(civil.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_spelling() {
        for text in ["1291191960000", "2010-12-01 08:26", "2010-12-01T08:26:00Z", "2010-12-01T09:26:00+01:00"]
        {
            assert_eq!(parse(text, None), Ok(1_291_191_960_000), "{text}");
        }
        assert_eq!(parse("2010-12-01", None), Ok(1_291_161_600_000));
        assert_eq!(parse("12/1/2010 8:26", Some("%m/%d/%Y %H:%M")), Ok(1_291_191_960_000));
        assert_eq!(parse("12/1/2010", Some("%m/%d/%Y")), Ok(1_291_161_600_000));
        assert!(parse("yesterday", None).unwrap_err().contains("--time-format"));
        assert!(parse("12/13/x", Some("%m/%d/%Y")).is_err());
    }
}
