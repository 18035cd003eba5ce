//! Rows on standard output, as a table, as CSV or as JSON.

use std::io::{self, BufWriter, ErrorKind, Write};

use clap::ValueEnum;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use crate::lang::Lang;

/// How rows are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading.
    #[default]
    Table,
    /// With a header line.
    Csv,
    /// One list of objects.
    Json,
}

/// A value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number as a language writes it, or what stands where there is none.
    Figure(String),
    /// A whole number.
    Integer(i128),
    /// Any number, with so many decimals in a table.
    Number(f64, usize),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Value::Text(text) | Value::Figure(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Number(number, decimals) => format!("{number:.decimals$}"),
        }
    }

    fn json(&self) -> String {
        match self {
            Value::Text(text) | Value::Figure(text) => serde_json::Value::from(text.as_str()).to_string(),
            number => number.text(),
        }
    }
}

/// Prints rows. A reader that has seen enough (`| head`) is no error.
pub fn rows(format: Format, header: &[&str], rows: &[Vec<Value>]) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match format {
        Format::Table => writeln!(out, "{}", lined(header, rows)),
        Format::Csv => csv(&mut out, header, rows),
        Format::Json => json(&mut out, header, rows),
    };
    quietly(printed.and_then(|()| out.flush()))
}

/// Prints a table for reading, its header as the messages of these keys.
pub fn table(lang: Lang, header: &[&str], rows: &[Vec<Value>]) -> anyhow::Result<()> {
    let header: Vec<String> = header.iter().map(|key| lang.text(key)).collect();
    text(&lined(&header.iter().map(String::as_str).collect::<Vec<_>>(), rows))
}

/// Prints text.
pub fn text(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    quietly(writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()))
}

fn quietly(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn lined(header: &[&str], rows: &[Vec<Value>]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.iter().map(Value::text));
    }
    for (number, column) in (0..).zip(table.column_iter_mut()) {
        let text = rows.first().is_none_or(|row| matches!(row.get(number), Some(Value::Text(_)) | None));
        column.set_padding((0, 2));
        column.set_cell_alignment(if text { CellAlignment::Left } else { CellAlignment::Right });
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn csv(out: &mut dyn Write, header: &[&str], rows: &[Vec<Value>]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row.iter().map(Value::text))?;
    }
    writer.flush()
}

fn json(out: &mut dyn Write, header: &[&str], rows: &[Vec<Value>]) -> io::Result<()> {
    writeln!(out, "[")?;
    for (number, row) in (1..).zip(rows) {
        let fields = header.iter().zip(row).map(|(name, value)| format!("{name:?}:{}", value.json()));
        let comma = if number < rows.len() { "," } else { "" };
        writeln!(out, "{{{}}}{comma}", fields.collect::<Vec<_>>().join(","))?;
    }
    writeln!(out, "]")
}
