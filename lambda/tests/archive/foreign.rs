//! Files that another program has written again: with columns that could have nulls, and compressed.

use std::path::Path;
use std::sync::Arc;

use lambda::archive::Archive;
use parquet::basic::Compression;
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::printer::print_schema;
use workloads::files::SharedDisk;
use workloads::{Version, WORKLOADS};

use super::{FOLDER, held, part, records, sealed_disk};

/// Hands all values of a column on.
macro_rules! copy {
    ($reader:expr, $writer:expr, $rows:expr) => {{
        let mut values = Vec::new();
        $reader.read_records($rows, None, None, &mut values).expect("a column");
        $writer.write_batch(&values, Some(&vec![1; values.len()]), None).expect("a column");
    }};
}

/// The same rows as another program writes them.
fn written_again(bytes: Vec<u8>, compression: Compression) -> Vec<u8> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("a file");
    let mut schema = Vec::new();
    print_schema(&mut schema, reader.metadata().file_metadata().schema());
    let schema = String::from_utf8(schema).expect("text").replace("REQUIRED", "OPTIONAL");
    let schema = Arc::new(parse_message_type(&schema).expect("a schema"));
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).expect("a writer");
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).expect("a group");
        let rows = group.metadata().num_rows() as usize;
        let mut next = writer.next_row_group().expect("a group");
        for column in 0..group.num_columns() {
            let mut to = next.next_column().expect("a column").expect("as many columns");
            match (group.get_column_reader(column).expect("a column"), to.untyped()) {
                (ColumnReader::Int32ColumnReader(mut from), ColumnWriter::Int32ColumnWriter(to)) => {
                    copy!(from, to, rows);
                }
                (ColumnReader::Int64ColumnReader(mut from), ColumnWriter::Int64ColumnWriter(to)) => {
                    copy!(from, to, rows);
                }
                (ColumnReader::ByteArrayColumnReader(mut from), ColumnWriter::ByteArrayColumnWriter(to)) => {
                    copy!(from, to, rows);
                }
                _ => panic!("a column of another kind"),
            }
            to.close().expect("a column");
        }
        next.close().expect("a group");
    }
    writer.into_inner().expect("a file")
}

/// Puts other bytes in the place of the first file, as the manifest has it.
fn replace(disk: &SharedDisk, bytes: &[u8]) {
    let put = |path: &Path, bytes: &[u8]| {
        disk.create(path).and_then(|mut file| file.append(bytes)).expect("a file");
    };
    put(&part(disk, 1), bytes);
    let path = Path::new(FOLDER).join("manifest.json");
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&disk.read(&path).expect("a manifest")).expect("a manifest");
    manifest["files"][0]["bytes"] = bytes.len().into();
    manifest["files"][0]["crc32"] = crc32fast::hash(bytes).into();
    put(&path, manifest.to_string().as_bytes());
}

#[test]
fn files_that_another_program_has_written_again_are_read() {
    for workload in WORKLOADS {
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
            let (disk, _) = sealed_disk(workload.name, &[[300, 200, 100]]);
            let bytes = disk.read(&part(&disk, 1)).expect("a file");
            replace(&disk, &written_again(bytes, compression));
            let archive = Archive::open(&disk, Path::new(FOLDER), workload.name, 3).expect("an archive");
            let all = records(workload.name, &Version::zero(3), archive.sealed());
            assert_eq!(held(&archive, archive.sealed()), all, "{} {compression}", workload.name);
        }
    }
}
