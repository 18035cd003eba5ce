//! The speed layer's stores by themselves: cells written with their version, and answers merged from them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use lambda::Options;
use lambda::options::StoreKind;
use lambda::stores::Alone;
use workloads::{Event, Millis, Place, Query, Record, Terms, WordEvent};

/// Records of one transaction: a few, and as many as one step takes while a store is filled. Each is of another word and
/// changes two cells.
const BATCHES: [usize; 2] = [1_000, 10_000];

/// Reads that are timed.
const READS: usize = 20_000;

/// How quick a store is.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreLimit {
    /// Its name.
    pub store: &'static str,
    /// Records of one transaction.
    pub records: usize,
    /// Keys that it held when it was read.
    pub keys: u64,
    /// Cells written.
    pub upserts: u64,
    /// Cells a second while it is filled, and when each is there already; none in memory, where nothing is written.
    pub per_s: Option<(f64, f64)>,
    /// Half of the reads of one key took no longer.
    pub median: Duration,
    /// 99 % of the reads of one key took no longer.
    pub p99: Duration,
}

/// Measures memory, SQLite and, if one can be reached at its usual address, PostgreSQL.
pub fn measure(keys: u64, scratch: &Path) -> anyhow::Result<Vec<StoreLimit>> {
    let stores =
        [("memory", StoreKind::Memory), ("sqlite", StoreKind::Sqlite), ("postgres", StoreKind::Postgres)];
    let mut limits = Vec::new();
    for ((name, store), records) in
        stores.into_iter().flat_map(|store| BATCHES.map(|records| (store, records)))
    {
        let options = Options { store, ..Options::default() };
        match Alone::new("words", &Terms::default(), &options, scratch) {
            // Nothing is written to memory, whatever the transaction.
            _ if store == StoreKind::Memory && records != BATCHES[0] => {}
            Err(_) if store == StoreKind::Postgres => {}
            alone => limits.push(one(name, keys, records, alone.context("opening a store")?)?),
        }
    }
    Ok(limits)
}

fn one(store: &'static str, keys: u64, records: usize, mut alone: Alone) -> anyhow::Result<StoreLimit> {
    let (new, filling) = fill(&mut alone, keys, records, 0)?;
    let (again, changing) = fill(&mut alone, keys, records, keys)?;
    let per_s = |cells: u64, took: Duration| cells as f64 / took.as_secs_f64();
    let mut times =
        (0..READS).map(|i| read(&mut alone, keys, i as u64)).collect::<anyhow::Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(StoreLimit {
        store,
        records,
        keys,
        upserts: new + again,
        per_s: (new > 0).then(|| (per_s(new, filling), per_s(again, changing))),
        median: times[READS / 2],
        p99: times[READS * 99 / 100],
    })
}

/// Every word once, a transaction a batch; says how many cells were written and how long that took.
fn fill(alone: &mut Alone, keys: u64, batch: usize, from: u64) -> anyhow::Result<(u64, Duration)> {
    let (mut cells, mut took) = (0, Duration::ZERO);
    let records: Vec<Record> = (0..keys).map(|key| record(from + key, scattered(key, keys))).collect();
    // The store has nothing yet, and is told of its first cells one by one like of all others.
    alone.keep()?;
    for batch in records.chunks(batch) {
        cells += alone.feed(batch)?;
        let began = Instant::now();
        alone.keep()?;
        took += began.elapsed();
    }
    Ok((cells, took))
}

fn read(alone: &mut Alone, keys: u64, number: u64) -> anyhow::Result<Duration> {
    let key = word(scattered(number.wrapping_mul(31), keys));
    let query = Query { view: "totals".into(), key: Some(key.clone()) };
    let began = Instant::now();
    let rows = alone.answer(&query)?;
    let took = began.elapsed();
    ensure!(rows.get(&key) == Some(&vec![2]), "{key} was said twice, and the answer is {rows:?}");
    Ok(took)
}

/// Another number for each number, in no order.
fn scattered(number: u64, keys: u64) -> u64 {
    // Any odd number that shares no factor with the number of keys.
    let step = [7_919, 104_729, 1_299_709].into_iter().find(|step| !keys.is_multiple_of(*step)).unwrap_or(1);
    (number % keys).wrapping_mul(step) % keys
}

fn word(number: u64) -> String {
    format!("word{number}")
}

fn record(offset: u64, number: u64) -> Record {
    let time: Millis = 1_000;
    let event = Event::Word(WordEvent { word: word(number).into(), time });
    Record { place: Place { partition: 0, offset }, origin: None, intended: 0, appended: 0, event }
}
