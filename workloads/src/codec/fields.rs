//! The fields of a message, each as its text: quickly where it has the usual form, and by a parser otherwise.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{DecodeError, fail};

/// A field as its text, nothing for `null`. Numbers are never read as binary fractions, and an error can name the
/// field.
pub(super) type Field<'a> = Option<&'a str>;

/// The fields of these names; others are passed over.
pub(super) fn message<'a, const N: usize>(
    value: &'a [u8],
    names: &'static [&'static str; N],
) -> Result<[Field<'a>; N], DecodeError> {
    let Ok(text) = std::str::from_utf8(value) else {
        return fail("not UTF-8");
    };
    match usual(text, names) {
        Some(fields) => Ok(fields),
        None => parsed(text, names),
    }
}

/// The fields of a message of texts without escapes, numbers without exponents, lists of such numbers and `null`,
/// written without spaces: as producers write them. Nothing for any other, which may be one all the same.
fn usual<'a, const N: usize>(text: &'a str, names: &[&str; N]) -> Option<[Field<'a>; N]> {
    let (mut fields, mut met) = ([None; N], [false; N]);
    let mut rest = text.strip_prefix('{')?;
    loop {
        let (name, after) = split(rest, quoted(rest)?)?;
        let rest_of = after.strip_prefix(':')?;
        let (value, after) = split(rest_of, length(rest_of)?)?;
        if let Some(at) = names.iter().position(|known| *known == &name[1..name.len() - 1]) {
            if std::mem::replace(&mut met[at], true) {
                return None;
            }
            fields[at] = (value != "null").then_some(value);
        }
        rest = match after.as_bytes() {
            b"}" => return Some(fields),
            [b',', ..] => &after[1..],
            _ => return None,
        };
    }
}

fn split(text: &str, at: usize) -> Option<(&str, &str)> {
    text.split_at_checked(at)
}

/// How long the value is with which a text begins.
#[inline]
fn length(text: &str) -> Option<usize> {
    match text.as_bytes().first()? {
        b'"' => quoted(text),
        b'n' => text.starts_with("null").then_some(4),
        b'[' => list(text.as_bytes()),
        _ => number(text.as_bytes()),
    }
}

/// How long the text in quotes is with which a text begins.
#[inline]
fn quoted(text: &str) -> Option<usize> {
    let (quote, inner) = text.as_bytes().split_first()?;
    let end = inner.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '))?;
    (*quote == b'"' && inner[end] == b'"').then_some(end + 2)
}

/// How long the number is with which a text begins.
#[inline]
fn number(text: &[u8]) -> Option<usize> {
    let sign = usize::from(text.first() == Some(&b'-'));
    let whole = digits(&text[sign..]);
    if whole == 0 || (whole > 1 && text[sign] == b'0') {
        return None;
    }
    let end = sign + whole;
    if text.get(end) != Some(&b'.') {
        return Some(end);
    }
    let decimals = digits(&text[end + 1..]);
    (decimals > 0).then_some(end + 1 + decimals)
}

#[inline]
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// How long the list of numbers is with which a text begins. It has some.
fn list(text: &[u8]) -> Option<usize> {
    let mut end = 1;
    loop {
        end += number(text.get(end..)?)?;
        match text.get(end)? {
            b',' => end += 1,
            b']' => return Some(end + 1),
            _ => return None,
        }
    }
}

fn parsed<'a, const N: usize>(
    text: &'a str,
    names: &'static [&'static str; N],
) -> Result<[Field<'a>; N], DecodeError> {
    if !text.trim_start().starts_with('{') {
        return fail("not a JSON object");
    }
    let mut message = serde_json::Deserializer::from_str(text);
    let fields = Fields(names).deserialize(&mut message);
    let whole = fields.and_then(|fields| message.end().map(|()| fields));
    whole.or_else(|error| fail(format!("not a message: {error}")))
}

/// What reads the fields of these names.
struct Fields<const N: usize>(&'static [&'static str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Fields<N> {
    type Value = [Field<'de>; N];

    fn deserialize<D: Deserializer<'de>>(self, message: D) -> Result<Self::Value, D::Error> {
        message.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Fields<N> {
    type Value = [Field<'de>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut message: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut met) = ([None; N], [false; N]);
        while let Some(name) = message.next_key::<Cow<'de, str>>()? {
            let Some(at) = self.0.iter().position(|known| *known == name) else {
                message.next_value::<IgnoredAny>()?;
                continue;
            };
            if std::mem::replace(&mut met[at], true) {
                return Err(A::Error::duplicate_field(self.0[at]));
            }
            fields[at] = message.next_value::<Option<&'de RawValue>>()?.map(RawValue::get);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const NAMES: &[&str; 3] = &["a", "b", "c"];

    /// What messages are made of, and what they are not.
    const PIECES: &[&str] = &[
        "\"a\"",
        "\"b\"",
        "\"c\"",
        "\"x\"",
        ":",
        ":",
        ":",
        ",",
        ",",
        "{",
        "}",
        "[",
        "]",
        "null",
        "true",
        "0",
        "12",
        "-3",
        "01",
        "-",
        ".5",
        "1.",
        "1e3",
        "1.50",
        "[1,2]",
        "[,]",
        "[]",
        "\"t\"",
        "\"\\\"\"",
        "\"é\"",
        "\"\u{1}\"",
        " ",
        "\n",
    ];

    #[test]
    fn messages_as_they_are_written_need_no_parser() {
        let fields = usual(r#"{"a":"é","x":[0,4352],"b":-12.50,"c":null}"#, NAMES);
        assert_eq!(fields, Some([Some("\"é\""), Some("-12.50"), None]));
        for other in ["{}", r#"{"a":1,"a":1}"#, r#"{"a":1} "#, r#"{"a": 1}"#, r#"{"a":{}}"#, r#"{"a":01}"#] {
            assert_eq!(usual(other, NAMES), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn the_parser_says_the_same(
            members in proptest::collection::vec((select(PIECES), select(PIECES)), 0..4),
            pieces in proptest::collection::vec(select(PIECES), 0..12),
        ) {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
            for text in [format!("{{{}}}", members.join(",")), format!("{{{}}}", pieces.concat())] {
                if let Some(fields) = usual(&text, NAMES) {
                    prop_assert_eq!(parsed(&text, NAMES), Ok(fields), "{}", text);
                }
            }
        }
    }
}
