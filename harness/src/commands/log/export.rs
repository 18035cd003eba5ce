//! `wb log export`: a log's events, for other programs.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use workloads::codec::decimal::{self, FINE, MONEY};
use workloads::event::{Event, OrderKind, Origin, TradeKind};
use workloads::log::RawRecord;

use super::lines::Style;
use super::merge::Merged;
use crate::logs::{Clients, LogAddress, Lookup};

/// What is printed, and how.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Records come by the time they were appended, each with its place and origin; wb log import takes the same columns. \
Records that cannot be decoded are left out and counted.

Examples:
  wb log export runs/orders.log > orders.csv
  wb log export runs/orders.log --style jsonl | head")]
pub struct Arguments {
    /// The log, a folder or kafka://HOST:PORT/TOPIC
    pub log: LogAddress,
    /// How lines are written
    #[arg(long, value_enum, default_value = "csv")]
    pub style: Style,
    /// How clients of Kafka are set up.
    #[command(flatten)]
    pub clients: Clients,
}

/// A cell, and whether it is a number.
type Cell = (&'static str, String, bool);

impl Arguments {
    pub(super) fn run(mut self, lookup: Lookup) -> anyhow::Result<ExitCode> {
        self.clients.set_up([&mut self.log])?;
        let out = BufWriter::new(io::stdout().lock());
        match self.export(out, lookup) {
            Ok(0) => {}
            Ok(left_out) => eprintln!("{left_out} records could not be decoded and were left out"),
            // A reader that has seen enough.
            Err(error) if is_closed(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Writes every event and says how many records were left out.
    pub fn export(&self, out: impl Write, lookup: Lookup) -> anyhow::Result<u64> {
        let log = self.log.open(lookup)?;
        let meta = log.meta();
        let mut lines = Printer::new(self.style, out);
        let mut merged = Merged::of(&*log)?;
        let mut left_out = 0;
        while let Some((partition, record)) = merged.pull()? {
            match meta.codec.decode(&meta.workload, &record.key, &record.value, record.appended) {
                Ok(event) => lines.print(&cells(partition, &record, &event))?,
                Err(_) => left_out += 1,
            }
        }
        lines.flush()?;
        Ok(left_out)
    }
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = match cause.downcast_ref::<csv::Error>().map(csv::Error::kind) {
            Some(csv::ErrorKind::Io(error)) => Some(error.kind()),
            _ => cause.downcast_ref::<io::Error>().map(io::Error::kind),
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    })
}

enum Printer<W: Write> {
    /// And whether its header is written.
    Csv(Box<csv::Writer<W>>, bool),
    Jsonl(W),
}

impl<W: Write> Printer<W> {
    fn new(style: Style, out: W) -> Self {
        match style {
            Style::Csv => Printer::Csv(Box::new(csv::Writer::from_writer(out)), false),
            Style::Jsonl => Printer::Jsonl(out),
        }
    }

    fn print(&mut self, cells: &[Cell]) -> anyhow::Result<()> {
        match self {
            Printer::Csv(out, begun) => {
                if !*begun {
                    out.write_record(cells.iter().map(|(name, ..)| name))?;
                    *begun = true;
                }
                out.write_record(cells.iter().map(|(_, text, _)| text))?;
            }
            Printer::Jsonl(out) => {
                let present = cells.iter().filter(|(_, text, _)| !text.is_empty());
                let fields = present.map(|(name, text, number)| match number {
                    true => format!("\"{name}\":{text}"),
                    false => format!("\"{name}\":{}", serde_json::Value::from(text.as_str())),
                });
                writeln!(out, "{{{}}}", fields.collect::<Vec<_>>().join(","))?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Printer::Csv(out, _) => out.flush(),
            Printer::Jsonl(out) => out.flush(),
        }
    }
}

fn cells(partition: u32, record: &RawRecord, event: &Event) -> Vec<Cell> {
    let mut cells = vec![
        ("partition", partition.to_string(), true),
        ("offset", record.offset.to_string(), true),
        ("appended", record.appended.to_string(), true),
        ("intended", record.intended.to_string(), true),
    ];
    origin(["source", "sequence"], record.origin, &mut cells);
    match event {
        Event::Order(order) => {
            let (kind, amount) = match order.kind {
                OrderKind::Placed => ("order", Some(order.amount)),
                OrderKind::Cancelled => ("cancel", None),
                OrderKind::Corrected => ("correct", Some(order.amount)),
            };
            cells.push(("time", order.time.to_string(), true));
            cells.push(("type", kind.to_owned(), false));
            cells.push(("customer", order.customer.to_string(), false));
            cells.push(("order", order.order.to_string(), true));
            cells.push(("amount", units(amount, MONEY), true));
        }
        Event::Trade(trade) => {
            let (kind, named) = match trade.kind {
                TradeKind::Traded => ("trade", false),
                TradeKind::Busted => ("bust", true),
                TradeKind::Corrected => ("correct", true),
            };
            let held = trade.kind != TradeKind::Busted;
            cells.push(("time", trade.time.to_string(), true));
            cells.push(("type", kind.to_owned(), false));
            cells.push(("symbol", trade.symbol.to_string(), false));
            cells.push(("price", units(held.then_some(trade.price), FINE), true));
            cells.push(("volume", units(held.then_some(trade.volume), FINE), true));
            origin(["target_source", "target_sequence"], named.then_some(trade.target), &mut cells);
        }
        Event::Word(word) => {
            cells.push(("time", word.time.to_string(), true));
            cells.push(("word", word.word.to_string(), false));
        }
        Event::Sensor(sensor) => {
            cells.push(("time", sensor.time.to_string(), true));
            cells.push(("region", sensor.region.to_string(), false));
            cells.push(("reading", sensor.reading.to_string(), true));
        }
        Event::Transfer(transfer) => {
            cells.push(("time", transfer.time.to_string(), true));
            cells.push(("id", transfer.transfer.to_string(), false));
            cells.push(("from", transfer.from.to_string(), false));
            cells.push(("to", transfer.to.to_string(), false));
            cells.push(("amount", transfer.amount.to_string(), true));
        }
    }
    cells
}

fn origin(names: [&'static str; 2], origin: Option<Origin>, cells: &mut Vec<Cell>) {
    let numbers = origin.map(|origin| [u64::from(origin.source), origin.sequence]);
    for (place, name) in names.into_iter().enumerate() {
        let text = numbers.map_or(String::new(), |numbers| numbers[place].to_string());
        cells.push((name, text, true));
    }
}

/// A number of units as decimal text; empty if there is none.
fn units(units: Option<i64>, places: u32) -> String {
    let mut text = Vec::new();
    if let Some(units) = units {
        decimal::write(units, places, &mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}
