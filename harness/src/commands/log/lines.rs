//! Lines of a CSV file or of JSON, as the text of the columns that are wanted.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

use anyhow::{Context, ensure};
use clap::ValueEnum;
use serde_json::value::RawValue;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// With a header line that names the columns.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// One line: its number in the file, from 1, and the wanted columns, or why they cannot be had.
pub struct Line {
    /// Number of its first line in the file.
    pub number: u64,
    /// Text of each wanted column, in their order; empty where there is none.
    pub cells: Result<Vec<String>, String>,
}

/// Reads lines one after the other.
pub enum Lines {
    /// Of CSV.
    Csv(Box<CsvLines>),
    /// Of JSON.
    Json(JsonLines),
}

/// Lines of CSV.
pub struct CsvLines {
    reader: csv::Reader<Box<dyn Read>>,
    header: Vec<String>,
    wanted: Vec<usize>,
    record: csv::ByteRecord,
}

/// Lines of JSON.
pub struct JsonLines {
    reader: BufReader<Box<dyn Read>>,
    wanted: Vec<String>,
    number: u64,
    line: Vec<u8>,
}

impl Lines {
    /// Begins to read; of CSV the header.
    pub fn open(input: Box<dyn Read>, style: Style, delimiter: u8) -> anyhow::Result<Lines> {
        if style == Style::Jsonl {
            let reader = BufReader::new(input);
            return Ok(Lines::Json(JsonLines { reader, wanted: Vec::new(), number: 0, line: Vec::new() }));
        }
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(input);
        let header = reader.byte_headers().context("reading the header line")?;
        let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_matches(['\u{feff}', ' ']).to_owned();
        let header: Vec<String> = header.iter().map(name).collect();
        let control = |name: &String| name.contains(|char: char| char.is_control() && char != '\t');
        ensure!(
            !header.iter().any(control),
            "its header line is not text: CSV in UTF-8 is needed, or --style jsonl"
        );
        ensure!(header.iter().any(|name| !name.is_empty()), "the file is empty: it needs a header line");
        let record = csv::ByteRecord::new();
        Ok(Lines::Csv(Box::new(CsvLines { reader, header, wanted: Vec::new(), record })))
    }

    /// The names of the columns, where the file says them before its lines.
    pub fn header(&self) -> Option<&[String]> {
        match self {
            Lines::Csv(lines) => Some(&lines.header),
            Lines::Json(_) => None,
        }
    }

    /// Says which columns are wanted, by names that the header has.
    pub fn want(&mut self, names: Vec<String>) {
        match self {
            Lines::Csv(lines) => {
                let place = |name: &String| lines.header.iter().position(|column| column == name);
                // A place beyond the line's end is an empty cell.
                lines.wanted = names.iter().map(|name| place(name).unwrap_or(usize::MAX)).collect();
            }
            Lines::Json(lines) => lines.wanted = names,
        }
    }

    /// The next line, if there is one. Empty lines are passed over.
    pub fn pull(&mut self) -> anyhow::Result<Option<Line>> {
        match self {
            Lines::Csv(lines) => lines.pull(),
            Lines::Json(lines) => lines.pull(),
        }
    }
}

impl CsvLines {
    fn pull(&mut self) -> anyhow::Result<Option<Line>> {
        if !self.reader.read_byte_record(&mut self.record).context("reading a line of CSV")? {
            return Ok(None);
        }
        let number = self.record.position().map_or(0, csv::Position::line);
        Ok(Some(Line { number, cells: self.cells() }))
    }

    fn cells(&self) -> Result<Vec<String>, String> {
        let (fields, columns) = (self.record.len(), self.header.len());
        if fields != columns {
            return Err(format!("{fields} fields where the header names {columns}"));
        }
        let cell = |place: &usize| {
            let bytes = self.record.get(*place).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|_| format!("field {} is not UTF-8", place + 1))?;
            Ok(text.trim().to_owned())
        };
        self.wanted.iter().map(cell).collect()
    }
}

impl JsonLines {
    fn pull(&mut self) -> anyhow::Result<Option<Line>> {
        loop {
            self.line.clear();
            if self.reader.read_until(b'\n', &mut self.line).context("reading a line of JSON")? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(Line { number: self.number, cells: self.cells() }));
            }
        }
    }

    fn cells(&self) -> Result<Vec<String>, String> {
        let object: Result<HashMap<String, &RawValue>, _> = serde_json::from_slice(&self.line);
        let object = object.map_err(|error| format!("not a JSON object: {error}"))?;
        self.wanted
            .iter()
            .map(|name| object.get(name).map_or(Ok(String::new()), |value| text(name, value)))
            .collect()
    }
}

/// A value as text: a number as it stands, never as a binary fraction.
fn text(name: &str, value: &RawValue) -> Result<String, String> {
    let raw = value.get();
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).map_err(|error| format!("{name}: {error}")),
        Some(b'{' | b'[') => Err(format!("{name} is not a single value")),
        _ if raw == "null" => Ok(String::new()),
        _ => Ok(raw.to_owned()),
    }
}
