//! The answers as files: everything as one JSON file, and each view as Parquet.
//!
//! Each file is written under another name, synced and renamed, so that whoever reads it finds the earlier or the new
//! one, whole. Each says the version that it is for. Nothing that the layers at work keep is touched.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde::Serialize;
use workloads::files::{SharedDisk, make_dir};
use workloads::intake::{Duplicates, Feed, Intake};
use workloads::{Log, Query, Rows, Terms, Version, View, workload};

use crate::error::LambdaError;
use crate::layers::{Layers, with_layers};
use crate::publication::{Loaded, Loading, Shelf, replace};

/// Records read in one step.
const SLICE: usize = 1 << 14;

/// The largest number with 38 digits.
const LARGEST: i128 = 10i128.pow(38) - 1;

/// The whole of every view, all at one version.
pub struct Export {
    /// Name of the workload.
    pub workload: String,
    /// What the answers include.
    pub version: Version,
    /// Every view with its rows.
    pub views: Vec<(&'static View, Rows)>,
}

/// As it stands in the JSON file.
#[derive(Serialize)]
struct Text<'a> {
    workload: &'a str,
    version: String,
    views: BTreeMap<&'a str, Lines<'a>>,
}

/// One view of it.
#[derive(Serialize)]
struct Lines<'a> {
    key: &'a str,
    columns: &'a [&'a str],
    rows: &'a Rows,
}

impl Export {
    /// The answers of the newest publication; with a log, merged with what a speed layer makes of everything since. If
    /// so much of the publication was taken back since that a view cannot be merged, all are as they were published.
    pub fn read(
        disk: &SharedDisk,
        state: &Path,
        log: Option<&Arc<dyn Log>>,
        terms: &Terms,
    ) -> Result<Self, LambdaError> {
        let shelf = Shelf::find(disk, state)?;
        let newest = shelf.current()?.ok_or(LambdaError::NotYet)?;
        let mut loading = Loading::begin(&shelf, newest, true)?;
        while !loading.step()? {}
        let loaded = loading.finish();
        let name = loaded.manifest.workload.clone();
        with_layers!(name.as_str(), L => merged::<L>(&name, loaded, log, terms))
    }

    /// Writes `serving_view.json` and a Parquet file a view into a folder, which is made if it is not there.
    pub fn write(&self, disk: &SharedDisk, out: &Path) -> Result<(), LambdaError> {
        make_dir(&**disk, out).map_err(|e| LambdaError::io("making", out, e))?;
        let views = self.views.iter();
        let views =
            views.map(|(view, rows)| (view.name, Lines { key: view.key, columns: view.columns, rows }));
        let text =
            Text { workload: &self.workload, version: self.version.to_string(), views: views.collect() };
        let text = serde_json::to_vec(&text).expect("rows have no keys but strings");
        replace(disk, out, "serving_view.json", &text)?;
        for (view, rows) in &self.views {
            let name = format!("{}.parquet", view.name);
            let bytes = self.parquet(view, rows).map_err(|error| LambdaError::Io {
                what: format!("writing {}", out.join(&name).display()),
                cause: std::io::Error::other(error),
            })?;
            replace(disk, out, &name, &bytes)?;
        }
        Ok(())
    }

    /// The key as text, and every other column as a decimal of 38 digits.
    fn parquet(&self, view: &View, rows: &Rows) -> Result<Vec<u8>, ParquetError> {
        let mut schema = String::from("message view { required binary key (STRING);");
        for name in view.columns {
            schema += &format!("required fixed_len_byte_array(16) {name} (DECIMAL(38,0));");
        }
        let schema = Arc::new(parse_message_type(&(schema + "}"))?);
        let says = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        let about = vec![says("version", self.version.to_string()), says("view", view.name.to_owned())];
        let properties = WriterProperties::builder().set_key_value_metadata(Some(about)).build();
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
        let mut group = writer.next_row_group()?;
        let missing = || ParquetError::General("a column is missing from the schema".into());
        let keys: Vec<ByteArray> = rows.keys().map(|key| ByteArray::from(key.as_str())).collect();
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column.typed::<ByteArrayType>().write_batch(&keys, None, None)?;
        column.close()?;
        for number in 0..view.columns.len() {
            let values = rows.values().map(|row| decimal(row[number])).collect::<Result<Vec<_>, _>>()?;
            let mut column = group.next_column()?.ok_or_else(missing)?;
            column.typed::<FixedLenByteArrayType>().write_batch(&values, None, None)?;
            column.close()?;
        }
        group.close()?;
        writer.into_inner()
    }
}

fn decimal(number: i128) -> Result<FixedLenByteArray, ParquetError> {
    if number.abs() > LARGEST {
        return Err(ParquetError::General(format!("{number} has more than 38 digits")));
    }
    Ok(number.to_be_bytes().to_vec().into())
}

/// The answers of a publication, merged with everything that the log holds since.
fn merged<L: Layers>(
    name: &str,
    mut loaded: Loaded,
    log: Option<&Arc<dyn Log>>,
    terms: &Terms,
) -> Result<Export, LambdaError> {
    let known = workload(name).ok_or_else(|| LambdaError::Workload(name.to_owned()))?;
    let cut = loaded.manifest.cut.clone();
    let seen = Duplicates::restore(&loaded.take("seen")?);
    let base = L::base(loaded)?;
    let (mut state, mut version) = (L::State::default(), cut.clone());
    if let Some(log) = log {
        let seen = seen.unwrap_or_else(|_| Duplicates::new(terms.dedup));
        version = follow::<L>(&**log, &base, &mut state, &cut, seen, terms)?;
    }
    let whole = |state: &L::State| {
        let rows = known.views.iter().map(|view| {
            let query = Query { view: view.name.to_owned(), key: None };
            let rows = L::serve(terms, &base, &L::partial(state, &query), &query)?;
            Ok(rows.map(|rows| (view, rows)))
        });
        rows.collect::<Result<Option<Vec<_>>, LambdaError>>()
    };
    let workload = name.to_owned();
    if let Some(views) = whole(&state)? {
        return Ok(Export { workload, version, views });
    }
    let views = whole(&L::State::default())?.ok_or(LambdaError::NotYet)?;
    Ok(Export { workload, version: cut, views })
}

/// Reads the log from a cut to its heads, as a speed layer would.
fn follow<L: Layers>(
    log: &dyn Log,
    base: &L::Base,
    state: &mut L::State,
    cut: &Version,
    seen: Duplicates,
    terms: &Terms,
) -> Result<Version, LambdaError> {
    let all: Vec<u32> = (0..log.meta().partitions).collect();
    let heads = log.heads()?;
    let feed = Feed { dedup: seen.dedup(), ..Feed::default() };
    let mut intake = Intake::resume(log, &all, cut, &feed, seen)?;
    let mut records = Vec::new();
    for (partition, head) in heads.0.iter().enumerate() {
        while intake.pull(partition as u32, *head, SLICE, &mut records)? > 0 {
            records.drain(..).try_for_each(|record| L::speed(terms, base, state, &record))?;
        }
    }
    Ok(intake.version().clone())
}
