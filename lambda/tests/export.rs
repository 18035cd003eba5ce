//! What is exported is read by others: DuckDB and pyarrow find the same rows in the JSON file and in Parquet.
#![allow(clippy::unwrap_used)]

mod rig;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use lambda::{Batch, Export, Serving};
use rig::{Case, Rig};
use workloads::files::{RealDisk, SharedDisk};

/// Reads an exported folder both ways, and holds each view of the JSON file against its Parquet file.
const READER: &str = r#"
import json, pathlib, sys
try:
    import duckdb, pyarrow.parquet
except ImportError as error:
    print(error)
    sys.exit(77)
folder = pathlib.Path(sys.argv[1])
said = json.loads((folder / "serving_view.json").read_text())
for name, view in said["views"].items():
    path = str(folder / f"{name}.parquet")
    names = ["key", *view["columns"]]
    expected = sorted([key, *row] for key, row in view["rows"].items())
    table = pyarrow.parquet.read_table(path)
    assert table.column_names == names, (name, table.column_names)
    assert table.schema.metadata[b"version"].decode() == said["version"], name
    columns = [column.to_pylist() for column in table.columns]
    found = sorted([key, *map(int, row)] for key, *row in zip(*columns))
    assert found == expected, f"pyarrow: {name}"
    found = duckdb.execute("select * from read_parquet($1) order by key", [path]).fetchall()
    assert sorted([key, *map(int, row)] for key, *row in found) == expected, f"duckdb: {name}"
keys = duckdb.execute("select count(*) from read_json($1)", [str(folder / "serving_view.json")]).fetchone()
assert keys == (1,), keys
print(sum(len(view["rows"]) for view in said["views"].values()))
"#;

/// The project's own Python, if `scripts/sql` or CI has made it; that of the machine if not.
fn python() -> Command {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python/bin/python");
    Command::new(if own.exists() { own.as_path() } else { Path::new("python3") })
}

#[test]
fn duckdb_and_pyarrow_read_what_was_exported() {
    for workload in ["orders", "trades", "words", "sensors", "transfers"] {
        let mut rig = Rig::new(Case { restarts: 0, cut_every: 1, ..Case::random(workload, 3) });
        (0..300).for_each(|_| rig.append());
        let ((log, memory), config) = (rig.shared(), rig.config());
        let mut batch = Batch::start(Arc::clone(&log), &memory, &config).unwrap();
        let mut serving = Serving::start(Arc::clone(&log), &memory, &config).unwrap();
        while batch.step(0).unwrap() | serving.step(0).unwrap() {}
        (0..20).for_each(|_| rig.append());
        let folder = tempfile::tempdir().unwrap();
        let real: SharedDisk = Arc::new(RealDisk);
        let export = Export::read(&memory, Path::new("/state"), Some(&log), &config.terms).unwrap();
        export.write(&real, folder.path()).unwrap();
        let read = python().arg("-c").arg(READER).arg(folder.path()).output();
        let here = read.as_ref().is_ok_and(|read| read.status.code() != Some(77));
        if !here && std::env::var_os("CI").is_none() {
            println!("skipped: no python3 with duckdb and pyarrow (pip install duckdb pyarrow)");
            return;
        }
        let read = read.unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(read.status.success(), "{workload}: {} {}", said(&read.stdout), said(&read.stderr));
        let rows: usize = export.views.iter().map(|(_, rows)| rows.len()).sum();
        assert_eq!(said(&read.stdout).trim(), rows.to_string(), "{workload}");
        assert!(rows > 0);
    }
}
