//! `wb log import`: somebody's own events, into a log.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use workloads::partition::PartitionBy;
use workloads::{Codec, Millis};

use super::ahead;
use super::fields::Fields;
use super::lines::{Lines, Style};
use super::reading::{Reading, Refusal};
use super::sink::Sink;
use crate::commands::Usage;
use crate::commands::World;
use crate::logs::{Clients, LogAddress, Lookup};

pub use super::sink::{Imported, Reject};

/// How money is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Money {
    /// As decimals: 12.50.
    #[default]
    Decimal,
    /// In minor units: 1250.
    Minor,
}

/// What is imported, and where to.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Columns are found by the names of the fields: for orders customer and amount, and where there are any order, time, \
type (order, cancel, correct), currency; for trades symbol, price, volume, and time, type (trade, bust, correct), \
target_source, target_sequence; for words word, for sensors region and reading, for transfers id, from, to and amount, \
and for each of these time. All may have source, sequence and intended, as `wb log export` writes them.

A line without a customer counts for the customer (none). An order id that is no whole number stands for 63 bits of \
its hash. A negative amount is a return. Spaces round the names of columns and round values of CSV do not count. \
Lines that give no event are counted and kept with their reason.

Examples:
  wb log import orders.csv --log runs/mine.log
  wb log import retail.csv --log runs/retail.log \\
      --map order=InvoiceNo --map customer=CustomerID \\
      --map 'amount=Quantity*UnitPrice' \\
      --map time=InvoiceDate --time-format '%m/%d/%Y %H:%M'
  wb log import trades.jsonl --workload trades --log runs/trades.log \\
      --map symbol=s --map price=p --map volume=v --map time=t
  cut -d'|' -f2- transactions | wb log import - --style jsonl \\
      --workload transfers --log runs/transfers.log --map time=ts \\
      --map from=from_account --map to=to_account
  wb answer orders spend --log runs/mine.log --contestant kappa")]
pub struct Arguments {
    /// File to read; - is the standard input
    pub file: PathBuf,
    /// The log to make, a folder or kafka://HOST:PORT/TOPIC
    #[arg(long, value_name = "LOG")]
    pub log: LogAddress,
    /// Name of the workload
    #[arg(long, default_value = "orders")]
    pub workload: String,
    /// How lines are written; by the file's name if absent (.jsonl, .ndjson and .json: JSON lines)
    #[arg(long, value_enum)]
    pub style: Option<Style>,
    /// What parts the fields of CSV: one character, or `tab`
    #[arg(long, default_value = ",")]
    pub delimiter: String,
    /// Where a field comes from; may be given many times; A*B multiplies two columns
    #[arg(long, value_name = "FIELD=COLUMN")]
    pub map: Vec<String>,
    /// How amounts of orders are written
    #[arg(long, value_enum, default_value_t)]
    pub money: Money,
    /// How times are written, as strptime takes it, if not as milliseconds since 1970 or ISO 8601
    #[arg(long, value_name = "FORMAT")]
    pub time_format: Option<String>,
    /// How events are written in the log
    #[arg(long, default_value = "bin")]
    pub codec: Codec,
    /// Number of partitions
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub partitions: u32,
    /// How events are spread over them: key or round-robin
    #[arg(long, default_value = "key", value_parser = partition_by)]
    pub partition_by: PartitionBy,
    /// File for lines that give no event; rejects.jsonl in the log's folder if absent, or here for a log on Kafka
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// How clients of Kafka are set up.
    #[command(flatten)]
    pub clients: Clients,
}

/// Reads `key` or `round-robin`.
pub fn partition_by(text: &str) -> Result<PartitionBy, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|_| "choose key or round-robin".to_owned())
}

impl Arguments {
    pub(super) fn run(mut self, world: &World) -> anyhow::Result<ExitCode> {
        self.clients.set_up([&mut self.log])?;
        let done = self
            .import(world.clock.millis(), world.environment)
            .with_context(|| format!("importing {}", self.file.display()))?;
        for Reject { line, reason, .. } in &done.first {
            eprintln!("line {line}: {}", printable(reason));
        }
        if done.rejected > 0 {
            eprintln!("{} lines were set aside, with reasons in {}", done.rejected, done.rejects.display());
        }
        eprintln!("{} records in {}", done.records, self.log);
        ensure!(done.records > 0, "no line gave an event: look at --map, --money and --time-format");
        Ok(ExitCode::SUCCESS)
    }

    /// Does it and says what came of it.
    pub fn import(&self, now: Millis, lookup: Lookup) -> anyhow::Result<Imported> {
        let mut lines = Lines::open(self.input()?, self.style(), self.delimiter()?)?;
        let fields = Fields::find(&self.workload, &self.map, lines.header())?;
        lines.want(fields.columns().to_vec());
        let mut reading = Reading {
            workload: self.workload.clone(),
            minor: self.money == Money::Minor,
            time_format: self.time_format.clone(),
            now,
            currency: None,
            ids: Default::default(),
        };
        let mut ahead = ahead::first(&mut lines, &fields, &reading)?;
        let mut sink = Sink::create(self, lookup)?;
        while let Some(line) = ahead.pop_front().map_or_else(|| lines.pull(), |line| Ok(Some(line)))? {
            let said = match &line.cells {
                Ok(cells) => reading.event(&fields, cells),
                Err(reason) => Err(Refusal::Line(reason.clone())),
            };
            match said {
                Ok(said) => sink.keep(&said, now)?,
                Err(Refusal::Line(reason)) => {
                    sink.reject(Reject { line: line.number, reason, cells: line.cells.unwrap_or_default() })?;
                }
                Err(Refusal::File(error)) => return Err(error.context(format!("line {}", line.number))),
            }
        }
        sink.finish()
    }

    fn input(&self) -> anyhow::Result<Box<dyn Read>> {
        if self.file == Path::new("-") {
            return Ok(Box::new(io::stdin()));
        }
        Ok(Box::new(File::open(&self.file).with_context(|| format!("opening {}", self.file.display()))?))
    }

    fn style(&self) -> Style {
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        let named =
            if matches!(ending, Some("jsonl" | "ndjson" | "json")) { Style::Jsonl } else { Style::Csv };
        self.style.unwrap_or(named)
    }

    fn delimiter(&self) -> anyhow::Result<u8> {
        match self.delimiter.as_bytes() {
            b"tab" => Ok(b'\t'),
            [byte] => Ok(*byte),
            _ => Err(Usage::error(format!("--delimiter {}: one character, or tab", self.delimiter))),
        }
    }
}

/// What somebody's file says, so that a terminal only shows it.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect()
}
