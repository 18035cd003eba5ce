//! The archive in Avro, as the document keeps it: one container file of every record, for those who read nothing else.
//!
//! A trade is `type`, `s`, `p`, `v` and `t` as in the feed's messages, the numbers as decimals; the other workloads have their
//! own messages' fields. Before them stands where the record is in the log, and from where it came.

use std::io::{self, Write};
use std::path::Path;

use apache_avro::types::Value;
use apache_avro::{Codec, Decimal, Schema, Writer};
use workloads::files::{DiskFile, SharedDisk};
use workloads::{Event, OrderKind, Origin, Record, TradeKind, Version};

use super::{Archive, ArchiveError};

/// The name of the file.
pub const FILE: &str = "archive.avro";

/// Bytes handed to the disk at once.
const PIECE: usize = 1 << 20;

/// Avro's types of columns.
const INT: &str = r#""int""#;
const LONG: &str = r#""long""#;
const TEXT: &str = r#""string""#;
const TIME: &str = r#"{"type":"long","logicalType":"timestamp-millis"}"#;
/// Prices and volumes, and amounts of money: whatever 64 bits hold.
const FINE: &str = r#"{"type":"bytes","logicalType":"decimal","precision":19,"scale":8}"#;
const MONEY: &str = r#"{"type":"bytes","logicalType":"decimal","precision":19,"scale":2}"#;
const MAYBE: &str = r#"["null","long"]"#;

/// What every record begins with.
const COMMON: &[(&str, &str)] =
    &[("partition", INT), ("offset", LONG), ("source", MAYBE), ("sequence", MAYBE), ("appended", TIME)];

/// What follows.
fn own(workload: &str) -> Result<&'static [(&'static str, &'static str)], ArchiveError> {
    Ok(match workload {
        "orders" => &[("type", TEXT), ("customer", TEXT), ("order", LONG), ("amount", MONEY), ("time", TIME)],
        "trades" => &[
            ("type", TEXT),
            ("s", TEXT),
            ("p", FINE),
            ("v", FINE),
            ("t", TIME),
            ("target_source", MAYBE),
            ("target_sequence", MAYBE),
        ],
        "words" => &[("word", TEXT), ("time", TIME)],
        "sensors" => &[("region", TEXT), ("reading", INT), ("time", TIME)],
        "transfers" => &[("id", TEXT), ("from", TEXT), ("to", TEXT), ("amount", LONG), ("time", TIME)],
        other => return Err(ArchiveError::Workload(other.to_owned())),
    })
}

/// Writes everything that the archive of a state folder holds into [`FILE`] in another folder. Says how many records
/// that is. The file is there whole, or as it was.
pub fn export(
    disk: &SharedDisk,
    (state, address): (&Path, &str),
    (workload, sealed): (&str, &Version),
    out: &Path,
) -> Result<u64, ArchiveError> {
    let archive = Archive::at(disk, state, address, workload, sealed.0.len() as u32)?;
    let (path, writing) = (out.join(FILE), out.join(format!("{FILE}.new")));
    let failed = |error| ArchiveError::io("write", &path, error);
    let file = disk.create(&writing).map_err(failed)?;
    let mut output = Output { file, waiting: Vec::new() };
    let records = write(&archive, workload, &mut output)?;
    output.finish().and_then(|()| disk.rename(&writing, &path)).map_err(failed)?;
    disk.sync_dir(out).map_err(failed)?;
    Ok(records)
}

fn write(archive: &Archive, workload: &str, output: &mut Output) -> Result<u64, ArchiveError> {
    let own = own(workload)?;
    let said =
        |error: apache_avro::Error| ArchiveError::io("write", Path::new(FILE), io::Error::other(error));
    let schema = Schema::parse_str(&schema(workload, own)).map_err(said)?;
    let mut writer = Writer::with_codec(&schema, output, Codec::Deflate(Default::default())).map_err(said)?;
    let (mut records, mut failed) = (0, None);
    archive.scan_records(archive.sealed(), &mut |record| {
        if failed.is_none() {
            records += 1;
            failed = writer.append_value(row(own, record)).err();
        }
    })?;
    match failed {
        Some(error) => Err(said(error)),
        None => writer.flush().map(|_| records).map_err(said),
    }
}

/// The schema, as Avro writes it.
fn schema(workload: &str, own: &[(&str, &str)]) -> String {
    let field = |(name, kind): &(&str, &str)| format!(r#"{{"name":"{name}","type":{kind}}}"#);
    let fields: Vec<String> = COMMON.iter().chain(own).map(field).collect();
    format!(
        r#"{{"type":"record","name":"{workload}","namespace":"archive","fields":[{}]}}"#,
        fields.join(",")
    )
}

fn row(own: &[(&str, &str)], record: &Record) -> Value {
    let Record { place, origin, appended, event, .. } = record;
    let [source, sequence] = of(*origin);
    let common = [
        Value::Int(place.partition as i32),
        Value::Long(place.offset as i64),
        source,
        sequence,
        Value::TimestampMillis(*appended),
    ];
    let names = COMMON.iter().chain(own).map(|(name, _)| (*name).to_owned());
    Value::Record(names.zip(common.into_iter().chain(values(event))).collect())
}

fn values(event: &Event) -> Vec<Value> {
    let text = |text: &str| Value::String(text.to_owned());
    match event {
        Event::Order(order) => {
            let kind = match order.kind {
                OrderKind::Placed => "order",
                OrderKind::Cancelled => "cancel",
                OrderKind::Corrected => "correct",
            };
            let (number, amount) = (Value::Long(order.order as i64), decimal(order.amount));
            vec![text(kind), text(&order.customer), number, amount, Value::TimestampMillis(order.time)]
        }
        Event::Trade(trade) => {
            let (kind, target) = match trade.kind {
                TradeKind::Traded => ("trade", None),
                TradeKind::Busted => ("bust", Some(trade.target)),
                TradeKind::Corrected => ("correct", Some(trade.target)),
            };
            let [source, sequence] = of(target);
            let (price, volume) = (decimal(trade.price), decimal(trade.volume));
            let time = Value::TimestampMillis(trade.time);
            vec![text(kind), text(&trade.symbol), price, volume, time, source, sequence]
        }
        Event::Word(word) => vec![text(&word.word), Value::TimestampMillis(word.time)],
        Event::Sensor(sensor) => {
            vec![text(&sensor.region), Value::Int(sensor.reading), Value::TimestampMillis(sensor.time)]
        }
        Event::Transfer(transfer) => vec![
            text(&transfer.transfer),
            text(&transfer.from),
            text(&transfer.to),
            Value::Long(transfer.amount),
            Value::TimestampMillis(transfer.time),
        ],
    }
}

/// Source and sequence, or nothing.
fn of(origin: Option<Origin>) -> [Value; 2] {
    match origin {
        Some(Origin { source, sequence }) => {
            [i64::from(source), sequence as i64].map(|number| Value::Union(1, Box::new(Value::Long(number))))
        }
        None => [Value::Union(0, Box::new(Value::Null)), Value::Union(0, Box::new(Value::Null))],
    }
}

/// A number of units, as the scale of its column says what they are of.
fn decimal(units: i64) -> Value {
    Value::Decimal(Decimal::from(units.to_be_bytes()))
}

/// A file that is written in large pieces.
struct Output {
    file: Box<dyn DiskFile>,
    waiting: Vec<u8>,
}

impl Output {
    fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.file.sync()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.append(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }
}
