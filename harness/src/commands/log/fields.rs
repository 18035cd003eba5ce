//! Which columns give the fields of an event.

use std::collections::HashMap;

use anyhow::ensure;
use workloads::codec::decimal::{self, FINE};

use crate::commands::Usage;

/// The fields of a workload's events, those that must have a column first.
fn known(workload: &str) -> anyhow::Result<(&'static [&'static str], &'static [&'static str])> {
    match workload {
        "orders" => Ok((
            &["customer", "amount"],
            &["order", "time", "type", "currency", "source", "sequence", "intended"],
        )),
        "trades" => Ok((
            &["symbol", "price", "volume"],
            &["time", "type", "target_source", "target_sequence", "source", "sequence", "intended"],
        )),
        "words" => Ok((&["word"], &["time", "source", "sequence", "intended"])),
        "sensors" => Ok((&["region", "reading"], &["time", "source", "sequence", "intended"])),
        "transfers" => Ok((&["id", "from", "to", "amount"], &["time", "source", "sequence", "intended"])),
        other => Err(Usage::error(format!(
            "no workload `{other}`: there are orders, trades, words, sensors, transfers"
        ))),
    }
}

/// Where a field comes from: a column, or the product of two.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    One(usize),
    Product(usize, usize),
}

/// Which columns give which fields.
#[derive(Debug)]
pub struct Fields {
    cells: HashMap<&'static str, Cell>,
    columns: Vec<String>,
}

impl Fields {
    /// Finds a column for each field: the one that `maps` (`field=column` or `field=column*column`) says, or the one
    /// of the field's own name. Without a header every column is taken to be there.
    pub fn find(workload: &str, maps: &[String], header: Option<&[String]>) -> anyhow::Result<Fields> {
        let (required, optional) = known(workload)?;
        let mut fields = Fields { cells: HashMap::new(), columns: Vec::new() };
        for map in maps {
            let wrong = |what: String| Usage::error(format!("--map {map}: {what}"));
            let (field, expression) =
                map.split_once('=').ok_or_else(|| wrong("expected field=column".into()))?;
            let field = required.iter().chain(optional).find(|known| **known == field).ok_or_else(|| {
                wrong(format!("the fields are {}, {}", required.join(", "), optional.join(", ")))
            })?;
            fields.map(field, expression, header)?;
        }
        for field in required.iter().chain(optional) {
            let found = header.is_none_or(|names| names.iter().any(|name| name == field));
            if !fields.cells.contains_key(field) && found {
                fields.map(field, field, header)?;
            }
        }
        for field in required {
            let names = listed(header.unwrap_or_default());
            ensure!(
                fields.cells.contains_key(field),
                "no column `{field}`: say which it is with --map {field}=COLUMN; the columns are {names}"
            );
        }
        Ok(fields)
    }

    fn map(
        &mut self,
        field: &'static str,
        expression: &str,
        header: Option<&[String]>,
    ) -> anyhow::Result<()> {
        // A column may have a star in its own name.
        let whole = header.is_some_and(|names| names.iter().any(|name| name == expression));
        let cell = match expression.split_once('*') {
            Some((left, right)) if !whole => {
                Cell::Product(self.column(left.trim(), header)?, self.column(right.trim(), header)?)
            }
            _ => Cell::One(self.column(expression, header)?),
        };
        self.cells.insert(field, cell);
        Ok(())
    }

    fn column(&mut self, name: &str, header: Option<&[String]>) -> anyhow::Result<usize> {
        if let Some(names) = header {
            let there = names.iter().any(|column| column == name);
            ensure!(there, "no column `{name}`: the columns are {}", listed(names));
        }
        let place = self.columns.iter().position(|column| column == name);
        Ok(place.unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        }))
    }

    /// The columns that are needed.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// A field's text; empty if no column gives it.
    pub fn text<'a>(&self, cells: &'a [String], field: &str) -> &'a str {
        match self.cells.get(field) {
            Some(Cell::One(place)) => cells.get(*place).map_or("", String::as_str),
            _ => "",
        }
    }

    /// A field as a number of units of 10^-`places`.
    pub fn units(&self, cells: &[String], field: &str, places: u32) -> Result<i64, String> {
        let cell = |place: &usize| cells.get(*place).map_or("", String::as_str);
        let parse = |text: &str, places| match text {
            "" => Err(format!("{field} is missing")),
            text => {
                decimal::parse(text.as_bytes(), places).map_err(|error| format!("{field} {text} {error}"))
            }
        };
        match self.cells.get(field) {
            Some(Cell::One(place)) => parse(cell(place), places),
            Some(Cell::Product(left, right)) => {
                let product = i128::from(parse(cell(left), FINE)?) * i128::from(parse(cell(right), FINE)?);
                let unit = 10_i128.pow(2 * FINE - places);
                let text = || format!("{field} {} * {}", cell(left), cell(right));
                if product % unit != 0 {
                    return Err(format!("{} has more than {places} decimals", text()));
                }
                i64::try_from(product / unit).map_err(|_| format!("{} does not fit in 64 bits", text()))
            }
            None => Err(format!("{field} is missing")),
        }
    }
}

/// Names with commas between, as many as a reader can take in.
fn listed(names: &[String]) -> String {
    const MANY: usize = 400;
    let text = names.join(", ");
    match text.char_indices().nth(MANY) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}
