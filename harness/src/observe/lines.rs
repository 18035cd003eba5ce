//! Compressed JSON lines: how observations are written and read again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::marker::PhantomData;
use std::path::Path;

use anyhow::Context;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use workloads::{Query, Rows};

use super::{Kind, Observation};

/// A file of compressed JSON lines being written.
pub struct Lines<T> {
    out: BufWriter<GzEncoder<File>>,
    what: String,
    kind: PhantomData<fn(&T)>,
}

impl<T: Serialize> Lines<T> {
    /// Makes the file, in place of one that may be there.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let what = path.display().to_string();
        let file = File::create(path).with_context(|| format!("creating {what}"))?;
        Ok(Lines { out: BufWriter::new(GzEncoder::new(file, Compression::fast())), what, kind: PhantomData })
    }

    /// Adds a line.
    pub fn write(&mut self, item: &T) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.out, item).with_context(|| format!("writing {}", self.what))?;
        self.out.write_all(b"\n").with_context(|| format!("writing {}", self.what))
    }

    /// Ends the file; without it the last lines are missing.
    pub fn finish(self) -> anyhow::Result<()> {
        let encoder = self.out.into_inner().map_err(io::IntoInnerError::into_error);
        encoder.and_then(GzEncoder::finish).with_context(|| format!("ending {}", self.what)).map(drop)
    }
}

/// Writes all of a file at once.
pub fn write<T: Serialize>(path: &Path, items: &[T]) -> anyhow::Result<()> {
    let mut lines = Lines::create(path)?;
    items.iter().try_for_each(|item| lines.write(item))?;
    lines.finish()
}

/// Every line of a file. One that ends in the middle, because its writer was killed, is read up to there.
pub fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let mut input = BufReader::with_capacity(1 << 16, GzDecoder::new(BufReader::new(file)));
    let (mut items, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => return Ok(items),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(items),
            other => other.with_context(|| format!("reading {}", path.display()))?,
        };
        let item = serde_json::from_slice(&line);
        items.push(item.with_context(|| format!("{}, line {}", path.display(), items.len() + 1))?);
    }
}

/// Writes reads in their order, whole views as differences.
pub struct ReadLines {
    lines: Lines<Observation>,
    last: HashMap<String, Rows>,
}

impl ReadLines {
    /// Makes the file.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        Ok(ReadLines { lines: Lines::create(path)?, last: HashMap::new() })
    }

    /// Adds a read.
    pub fn write(&mut self, mut read: Observation) -> anyhow::Result<()> {
        if let (true, Some(answer)) = (differs(read.kind), &mut read.answer) {
            for (query, rows) in whole(&read.queries, &mut answer.rows) {
                let full = std::mem::take(rows);
                let before = self.last.entry(query.view.clone()).or_default();
                *rows = difference(before, &full);
                *before = full;
            }
        }
        self.lines.write(&read)
    }

    /// Ends the file.
    pub fn finish(self) -> anyhow::Result<()> {
        self.lines.finish()
    }
}

/// Every read of a file, whole views in full again.
pub fn reads(path: &Path) -> anyhow::Result<Vec<Observation>> {
    let mut last: HashMap<String, Rows> = HashMap::new();
    let mut all = read::<Observation>(path)?;
    for read in &mut all {
        let (true, Some(answer)) = (differs(read.kind), &mut read.answer) else { continue };
        for (query, rows) in whole(&read.queries, &mut answer.rows) {
            let full = last.entry(query.view.clone()).or_default();
            for (key, row) in std::mem::take(rows) {
                if row.is_empty() {
                    full.remove(&key)
                } else {
                    full.insert(key, row)
                };
            }
            rows.clone_from(full);
        }
    }
    Ok(all)
}

fn differs(kind: Kind) -> bool {
    matches!(kind, Kind::Whole | Kind::Final)
}

fn whole<'a>(queries: &'a [Query], rows: &'a mut [Rows]) -> impl Iterator<Item = (&'a Query, &'a mut Rows)> {
    queries.iter().zip(rows).filter(|(query, _)| query.key.is_none())
}

fn difference(before: &Rows, after: &Rows) -> Rows {
    let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| (key.clone(), Vec::new()));
    let new = after.iter().filter(|(key, row)| before.get(*key) != Some(row));
    gone.chain(new.map(|(key, row)| (key.clone(), row.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use workloads::{Answer, Version};

    use super::*;

    fn read_of(number: u64, rows: &[(&str, i128)]) -> Observation {
        let rows = rows.iter().map(|(key, value)| ((*key).to_owned(), vec![*value])).collect();
        Observation {
            read: number,
            kind: Kind::Whole,
            intended_us: 0,
            sent_us: 1,
            answered_us: 2,
            queries: vec![Query { view: "spend".into(), key: None }],
            at: None,
            answer: Some(Answer { version: Some(Version(vec![number])), rows: vec![rows] }),
            error: None,
        }
    }

    #[test]
    fn whole_views_come_back_in_full() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reads.jsonl.gz");
        let big = i128::from(i64::MAX) * 1_000_000_007;
        let given = [
            read_of(1, &[("a", 1), ("b", 2)]),
            read_of(2, &[("b", 3), ("c", big)]),
            read_of(3, &[("b", 3), ("c", big)]),
            read_of(4, &[]),
        ];
        let mut lines = ReadLines::create(&path).unwrap();
        given.iter().for_each(|read| lines.write(read.clone()).unwrap());
        lines.finish().unwrap();
        assert_eq!(reads(&path).unwrap(), given);
        let raw: Vec<Observation> = read(&path).unwrap();
        assert!(raw[2].answer.as_ref().unwrap().rows[0].is_empty(), "nothing changed");
    }

    #[test]
    fn a_file_whose_writer_was_killed_is_read_up_to_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reads.jsonl.gz");
        write(&path, &(0..20_000_u64).collect::<Vec<_>>()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let items: Vec<u64> = read(&path).unwrap_or_default();
        assert!(!items.is_empty() && items.iter().zip(0..).all(|(item, i)| *item == i));
    }
}
