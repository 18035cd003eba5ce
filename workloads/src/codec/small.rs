//! The events of `words`, `sensors` and `transfers`, in both codecs: they are few fields each.
//!
//! ```text
//! {"word":"hello","time":1700000000000}
//! {"region":"north","reading":31,"time":1700000000000}
//! {"id":"17","from":"3","to":"4","amount":1,"time":1700000000000}
//! ```
//!
//! In `bin` a value is the layout, the workload's number, its own fields and the time (little endian); what the
//! record's key says is not repeated. A reading is the seed's four bytes, the most significant first.

use super::fields::{Field, message};
use super::json::{missing, name, number, write_text};
use super::{DecodeError, decimal, fail};
use crate::event::{Millis, Name, SensorEvent, TransferEvent, WordEvent};

/// The layout that is written, and after it the number of the workload. Another pair is refused.
const WORD: [u8; 2] = [1, 33];
const SENSOR: [u8; 2] = [1, 49];
const TRANSFER: [u8; 2] = [1, 65];

pub(super) fn word_from_json(value: &[u8], appended: Millis) -> Result<WordEvent, DecodeError> {
    let [word, then] = message(value, &["word", "time"])?;
    Ok(WordEvent { word: whole_word(name("word", word)?)?, time: time(then, appended)? })
}

pub(super) fn sensor_from_json(value: &[u8], appended: Millis) -> Result<SensorEvent, DecodeError> {
    let [region, reading, then] = message(value, &["region", "reading", "time"])?;
    let region = name("region", region)?;
    // rule: S9
    let reading = required("reading", reading)?;
    Ok(SensorEvent { region, reading, time: time(then, appended)? })
}

pub(super) fn transfer_from_json(value: &[u8], appended: Millis) -> Result<TransferEvent, DecodeError> {
    let [transfer, from, to, amount, then] = message(value, &["id", "from", "to", "amount", "time"])?;
    let (transfer, from, to) = (label("id", transfer)?, label("from", from)?, label("to", to)?);
    // rule: F10
    let amount = required("amount", amount)?;
    Ok(TransferEvent { transfer, from, to, amount, time: time(then, appended)? })
}

pub(super) fn word_to_json(event: &WordEvent, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"word":"#);
    write_text(&event.word, out);
    end(event.time, out);
}

pub(super) fn sensor_to_json(event: &SensorEvent, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"region":"#);
    write_text(&event.region, out);
    out.extend_from_slice(br#","reading":"#);
    decimal::write(event.reading.into(), 0, out);
    end(event.time, out);
}

pub(super) fn transfer_to_json(event: &TransferEvent, out: &mut Vec<u8>) {
    for (field, text) in [("{\"id\":", &event.transfer), (",\"from\":", &event.from), (",\"to\":", &event.to)]
    {
        out.extend_from_slice(field.as_bytes());
        write_text(text, out);
    }
    out.extend_from_slice(br#","amount":"#);
    decimal::write(event.amount, 0, out);
    end(event.time, out);
}

pub(super) fn word_from_bytes(key: &[u8], value: &[u8]) -> Result<WordEvent, DecodeError> {
    let mut rest = fields(value, WORD, "a word")?;
    let event =
        WordEvent { word: whole_word(text(key)?)?, time: i64::from_le_bytes(take(&mut rest, "a word")?) };
    finished(rest, "a word").map(|()| event)
}

pub(super) fn sensor_from_bytes(key: &[u8], value: &[u8]) -> Result<SensorEvent, DecodeError> {
    let mut rest = fields(value, SENSOR, "a reading")?;
    let reading = i32::from_be_bytes(take(&mut rest, "a reading")?);
    let time = i64::from_le_bytes(take(&mut rest, "a reading")?);
    finished(rest, "a reading")?;
    Ok(SensorEvent { region: text(key)?, reading, time })
}

pub(super) fn transfer_from_bytes(key: &[u8], value: &[u8]) -> Result<TransferEvent, DecodeError> {
    const WHAT: &str = "a transfer";
    let mut rest = fields(value, TRANSFER, WHAT)?;
    let amount = i64::from_le_bytes(take(&mut rest, WHAT)?);
    let time = i64::from_le_bytes(take(&mut rest, WHAT)?);
    let from = u32::from_le_bytes(take(&mut rest, WHAT)?) as usize;
    let Some((from, to)) = rest.split_at_checked(from) else {
        return fail("a transfer ends in its accounts");
    };
    Ok(TransferEvent { transfer: text(key)?, from: text(from)?, to: text(to)?, amount, time })
}

pub(super) fn word_to_bytes(event: &WordEvent, out: &mut Vec<u8>) {
    out.extend_from_slice(&WORD);
    out.extend_from_slice(&event.time.to_le_bytes());
}

pub(super) fn sensor_to_bytes(event: &SensorEvent, out: &mut Vec<u8>) {
    out.extend_from_slice(&SENSOR);
    out.extend_from_slice(&event.reading.to_be_bytes());
    out.extend_from_slice(&event.time.to_le_bytes());
}

pub(super) fn transfer_to_bytes(event: &TransferEvent, out: &mut Vec<u8>) {
    out.extend_from_slice(&TRANSFER);
    out.extend_from_slice(&event.amount.to_le_bytes());
    out.extend_from_slice(&event.time.to_le_bytes());
    out.extend_from_slice(&(event.from.len() as u32).to_le_bytes());
    out.extend_from_slice(event.from.as_bytes());
    out.extend_from_slice(event.to.as_bytes());
}

fn end(time: Millis, out: &mut Vec<u8>) {
    out.extend_from_slice(br#","time":"#);
    decimal::write(time, 0, out);
    out.push(b'}');
}

fn time(field: Field<'_>, appended: Millis) -> Result<Millis, DecodeError> {
    // rule: W5 S8 F9
    field.map_or(Ok(appended), |field| number("time", field))
}

fn required<T: std::str::FromStr>(what: &str, field: Field<'_>) -> Result<T, DecodeError> {
    field.map_or_else(|| missing(what), |field| number(what, field))
}

/// A name that some producers write as a number.
fn label(what: &str, field: Field<'_>) -> Result<Name, DecodeError> {
    match field {
        Some(digits) if digits.parse::<i64>().is_ok() => Ok(Name::new(digits)),
        _ => name(what, field),
    }
}

fn whole_word(word: Name) -> Result<Name, DecodeError> {
    // rule: W6
    if word.is_empty() || word.contains(char::is_whitespace) {
        return fail(format!("`{word}` is not one word"));
    }
    Ok(word)
}

fn text(bytes: &[u8]) -> Result<Name, DecodeError> {
    Name::from_utf8(bytes).or_else(|_| fail("a name is not UTF-8"))
}

/// What follows the head that a value must begin with.
fn fields<'a>(value: &'a [u8], head: [u8; 2], what: &str) -> Result<&'a [u8], DecodeError> {
    value.strip_prefix(&head).map_or_else(|| fail(format!("the value does not begin as {what} does")), Ok)
}

fn take<const N: usize>(rest: &mut &[u8], what: &str) -> Result<[u8; N], DecodeError> {
    let Some((taken, left)) = rest.split_first_chunk() else { return fail(format!("{what} ends too early")) };
    *rest = left;
    Ok(*taken)
}

fn finished(rest: &[u8], what: &str) -> Result<(), DecodeError> {
    if rest.is_empty() { Ok(()) } else { fail(format!("{what} has {} bytes too many", rest.len())) }
}
