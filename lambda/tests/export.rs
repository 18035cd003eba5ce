//! What is exported is read by others: DuckDB and pyarrow find the same rows in the JSON file and in Parquet.
#![allow(clippy::unwrap_used)]

mod rig;

use std::path::Path;
use std::sync::Arc;

use lambda::Export;
use rig::foreign::{Published, READ, published, python};
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

#[test]
fn duckdb_and_pyarrow_read_what_was_exported() {
    for workload in READ {
        let Published { mut rig, log, disk, config } = published(workload);
        (0..20).for_each(|_| rig.append());
        let folder = tempfile::tempdir().unwrap();
        let real: SharedDisk = Arc::new(RealDisk);
        let export = Export::read(&disk, Path::new("/state"), Some(&log), &config.terms).unwrap();
        export.write(&real, folder.path()).unwrap();
        let Some(read) = python(READER, &[folder.path()], "duckdb pyarrow") else { return };
        let rows: usize = export.views.iter().map(|(_, rows)| rows.len()).sum();
        assert_eq!(read, rows.to_string(), "{workload}");
        assert!(rows > 0);
    }
}
