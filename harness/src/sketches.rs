//! An approximate speed layer beside the exact one: how wrong it is beside what is stated, and what it saves.

use std::time::{Duration, Instant};

use anyhow::Context;
use lambda::halves::Halves;
use lambda::options::Sketches;
use workloads::calendar::Unit;
use workloads::{Event, Query, Record, Rows, Terms, workload};

use crate::merges::{Extent, records};

/// One view, exact and approximate.
#[derive(Clone, Debug, PartialEq)]
pub struct Approximation {
    /// Name of the view.
    pub view: &'static str,
    /// Key of the row that is compared: the day with the most records.
    pub key: String,
    /// The first column as it should be, and as it was said.
    pub right: i128,
    /// See `right`.
    pub said: i128,
    /// How wrong: the number of customers over those of whom only the speed layer knows, the rank of the median over
    /// the number of ranks.
    pub error: f64,
    /// What is stated of that: a standard error of the former, the most that there can be of the latter.
    pub stated: f64,
    /// Bytes held for the view, exact and approximate.
    pub bytes: (u64, u64),
    /// Nanoseconds to fold an event into all views, exact and approximate.
    pub fold: (u64, u64),
}

/// Both layers over the same halves of orders of which nothing is taken back.
pub fn beside_exact(sketches: Sketches, extent: &Extent) -> anyhow::Result<[Approximation; 2]> {
    let orders = workload("orders").context("there are orders")?;
    let records = records(orders, &Extent { cancellations: 0.0, ..*extent });
    let (batched, since) = records.split_at(extent.batched as usize);
    let layer = |sketches| Halves::new("orders", &Terms::default(), batched, sketches);
    let (mut exact, mut rough) = (layer(None)?, layer(Some(sketches))?);
    let before = rows(&exact, "customers_per_day")?;
    let fold = (folded(&mut exact, since)?, folded(&mut rough, since)?);
    let medians = rows(&exact, "median_order")?;
    let (key, row) = medians.iter().max_by_key(|(_, row)| row[1]).context("there are orders")?;
    let (day, count) = (Unit::Day.parse(key).context("a day is a key")?, row[1] as f64);
    let one = |view: &'static str| -> anyhow::Result<Approximation> {
        let of =
            |halves: &Halves| Ok::<_, anyhow::Error>(rows(halves, view)?.get(key).map_or(0, |row| row[0]));
        let (right, said) = (of(&exact)?, of(&rough)?);
        let (error, stated) = if view == "median_order" {
            (off_the_middle(&records, day, said) / count, rough.rank_error(day) as f64 / count)
        } else {
            let own = right - before.get(key).map_or(0, |row| row[0]);
            ((said - right).abs() as f64 / own.max(1) as f64, sketches.relative_error())
        };
        let query = Query { view: view.into(), key: None };
        let bytes = (exact.merged(&query)?.held, rough.merged(&query)?.held);
        Ok(Approximation { view, key: key.clone(), right, said, error, stated, bytes, fold })
    };
    Ok([one("customers_per_day")?, one("median_order")?])
}

fn rows(halves: &Halves, view: &str) -> anyhow::Result<Rows> {
    let rows = halves.answer(&Query { view: view.into(), key: None })?;
    rows.context("nothing of orders is out of reach")
}

/// Folds records, and says how many nanoseconds each took.
fn folded(halves: &mut Halves, since: &[Record]) -> anyhow::Result<u64> {
    let began = Instant::now();
    halves.feed(since)?;
    let took: Duration = began.elapsed();
    Ok(took.as_nanos() as u64 / since.len().max(1) as u64)
}

/// How many ranks lie between the middle of a day's amounts and an amount of which this is twice.
fn off_the_middle(records: &[Record], day: i64, twice: i128) -> f64 {
    let amount = |record: &Record| match &record.event {
        Event::Order(order) if Unit::Day.of(order.time) == day => Some(2 * i128::from(order.amount)),
        _ => None,
    };
    let amounts: Vec<i128> = records.iter().filter_map(amount).collect();
    let count = |which: &dyn Fn(&&i128) -> bool| amounts.iter().filter(which).count() as f64;
    let (below, above) = (count(&|amount| **amount < twice), count(&|amount| **amount > twice));
    (below.max(above) - amounts.len() as f64 / 2.0).max(0.0)
}
