//! Numbers as people read them: three digits, SI prefixes, units.

/// Three significant digits, without an exponent and without zeros that say nothing.
pub(crate) fn digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value.is_finite() { "0".into() } else { "none".into() };
    }
    let whole = value.abs().log10().floor() as i32;
    let decimals = (2 - whole).clamp(0, 6) as usize;
    let text = format!("{value:.decimals$}");
    if decimals == 0 || !text.contains('.') { text } else { trimmed(&text) }
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// A value with an SI prefix before its unit, such as `1.2 M`.
pub(crate) fn prefixed(value: f64) -> String {
    let steps = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    match steps.iter().find(|(least, _)| value.abs() >= *least) {
        Some((least, prefix)) => format!("{}\u{a0}{prefix}", digits(value / least)),
        None => digits(value),
    }
}

/// A time given in microseconds.
pub(crate) fn time(micros: f64) -> String {
    match micros.abs() {
        m if m >= 1e6 => format!("{}\u{a0}s", digits(micros / 1e6)),
        m if m >= 1e3 => format!("{}\u{a0}ms", digits(micros / 1e3)),
        _ => format!("{}\u{a0}\u{b5}s", digits(micros)),
    }
}

/// A number of bytes, in powers of ten.
pub(crate) fn bytes(value: f64) -> String {
    format!("{}B", with_space(prefixed(value)))
}

fn with_space(text: String) -> String {
    if text.contains('\u{a0}') { text } else { format!("{text}\u{a0}") }
}

/// A share as a percentage; never rounded to 100 or to 0 when it is not.
pub(crate) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value > 99.99 && share < 1.0 {
        return ">\u{a0}99.99\u{a0}%".into();
    }
    if share > 0.0 && value < 0.01 {
        return "<\u{a0}0.01\u{a0}%".into();
    }
    let decimals = if (99.0..100.0).contains(&value) || (value > 0.0 && value < 1.0) { 2 } else { 1 };
    format!("{}\u{a0}%", trimmed(&format!("{value:.decimals$}")))
}

/// A value in the unit that its measurement names.
pub(crate) fn human(value: f64, unit: &str) -> String {
    match unit {
        "us" => time(value),
        "bytes" => bytes(value),
        "share" => percent(value),
        "count" | "" => prefixed(value),
        _ => format!("{}\u{a0}{unit}", prefixed(value)),
    }
}
