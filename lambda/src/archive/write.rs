//! Records as a Parquet file.

use std::io;
use std::ops::Range;

use bytes::Bytes;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use workloads::Name;

use super::error::ArchiveError;
use super::manifest::{File, Manifest};
use super::pending::{Keys, Texts};
use super::pieces::Piece;
use super::schema::Layout;
use super::store::Store;

/// Texts handed to the encoder at once.
const TEXTS: usize = 4096;

/// Puts a file with one row group a piece into the folder of a day, and names it in a manifest that is not written yet.
pub(super) fn put(
    store: &dyn Store,
    layout: &Layout,
    keys: &Keys,
    (day, pieces): (i64, &[Piece<'_>]),
    manifest: &mut Manifest,
) -> Result<File, ArchiveError> {
    let failed = |name: &str, error: io::Error| ArchiveError::io("write", &store.path(name), error);
    let bytes = file(layout, keys, pieces).map_err(|error| failed("", io::Error::other(error)))?;
    let ranges = pieces.iter().map(|piece| piece.range.clone()).collect();
    let (length, crc32) = (bytes.len() as u64, crc32fast::hash(&bytes));
    let name = manifest.name(day, crc32);
    store.put(&name, bytes).map_err(|error| failed(&name, error))?;
    Ok(File { name, bytes: length, crc32, ranges })
}

fn file(layout: &Layout, keys: &Keys, pieces: &[Piece<'_>]) -> Result<Vec<u8>, ParquetError> {
    let mut writer = SerializedFileWriter::new(Vec::new(), layout.schema(), layout.properties())?;
    for piece in pieces.iter().filter(|piece| !piece.rows.is_empty()) {
        let mut group = writer.next_row_group()?;
        columns(&mut group, keys, piece)?;
        group.close()?;
    }
    writer.into_inner()
}

fn columns<W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    keys: &Keys,
    piece: &Piece<'_>,
) -> Result<(), ParquetError> {
    let rows = piece.rows.clone();
    ints(group, &vec![piece.range.partition as i32; rows.len()])?;
    ints(group, &piece.pending.kinds[rows.clone()])?;
    text(group, keys, &piece.pending.keys, rows.clone())?;
    for column in &piece.pending.longs {
        longs(group, &column[rows.clone()])?;
    }
    piece.pending.texts.iter().try_for_each(|column| text(group, keys, column, rows.clone()))
}

fn ints<W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[i32],
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(too_many)?;
    column.typed::<Int32Type>().write_batch(values, None, None)?;
    column.close()
}

fn longs<W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[i64],
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(too_many)?;
    column.typed::<Int64Type>().write_batch(values, None, None)?;
    column.close()
}

fn text<W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    keys: &Keys,
    texts: &Texts,
    rows: Range<usize>,
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(too_many)?;
    let mut bytes: Vec<ByteArray> = Vec::with_capacity(TEXTS);
    for from in rows.clone().step_by(TEXTS) {
        let some = from..rows.end.min(from + TEXTS);
        bytes.clear();
        match texts {
            Texts::Numbered(numbers) => bytes.extend(numbers[some].iter().map(|number| keys.bytes(*number))),
            Texts::Whole(names) => pack(&names[some], &mut bytes),
        }
        column.typed::<ByteArrayType>().write_batch(&bytes, None, None)?;
    }
    column.close()
}

/// Texts as parts of one piece of memory.
fn pack(names: &[Name], out: &mut Vec<ByteArray>) {
    let all: Bytes = names.iter().flat_map(Name::as_bytes).copied().collect();
    let mut from = 0;
    for name in names {
        let upto = from + name.len();
        out.push(all.slice(from..upto).into());
        from = upto;
    }
}

fn too_many() -> ParquetError {
    ParquetError::General("the layout has more columns than its schema".to_owned())
}
