//! The batch layer's file, an order a line as the document has it: made once, then read as somebody left it.

use std::fs;
use std::path::Path;

use anyhow::Context;
use workloads::{Codec, Event, Millis};

use super::seed::{Amounts, HISTORY};

/// What was in a file.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Its orders, in their order.
    pub(super) orders: Vec<Event>,
    /// Lines that give none: their number from 1, and why.
    pub(super) broken: Vec<(usize, String)>,
}

/// Makes the file of the document, unless there is one; whether it did.
pub(super) fn make(path: &Path) -> anyhow::Result<bool> {
    if path.exists() {
        return Ok(false);
    }
    let text: String = HISTORY.iter().map(|order| message(order) + "\n").collect();
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(true)
}

/// An order as the document's producer writes it.
pub(super) fn message((customer, amount): &(&str, i64)) -> String {
    format!(r#"{{"customer": "{customer}", "amount": {amount}}}"#)
}

/// Reads a file. An order without a time of its own is of now.
pub(super) fn read(path: &Path, now: Millis) -> anyhow::Result<Contents> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let mut contents = Contents::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match Codec::Json.decode("orders", b"", line, now) {
            Ok(event) => contents.orders.push(event),
            Err(reason) => contents.broken.push((number, reason.to_string())),
        }
    }
    Ok(contents)
}

/// Whether these orders are those, and nothing else.
pub(super) fn is(orders: &[Event], amounts: Amounts) -> bool {
    let same = |(event, (customer, amount)): (&Event, &(&str, i64))| match event {
        Event::Order(order) => {
            order.kind == workloads::OrderKind::Placed
                && order.customer == *customer
                && order.amount == amount * 100
        }
        _ => false,
    };
    orders.len() == amounts.len() && orders.iter().zip(amounts).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_file_is_made_once_and_read_as_it_was_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("transactions.json");
        assert!(make(&path).expect("it is written"));
        let contents = read(&path, 0).expect("it is read");
        assert!(is(&contents.orders, HISTORY) && contents.broken.is_empty());
        fs::write(&path, b"\xef\xbb\xbf{\"customer\":\"Ali\",\"amount\":-3}\r\n\r\nhello\n\xff\n")
            .expect("written");
        assert!(!make(&path).expect("it is there"));
        let contents = read(&path, 0).expect("it is read");
        assert!(!is(&contents.orders, HISTORY) && contents.orders.len() == 1);
        assert_eq!(contents.broken.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
    }
}
