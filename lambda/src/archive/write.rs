//! Sealed records as a Parquet file.

use std::io;
use std::path::Path;

use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use workloads::files::{Disk, DiskFile};

use super::manifest::{File, Range};
use super::pending::{Keys, Pending};
use super::schema::Layout;

/// Keys handed to the encoder at once.
const KEYS: usize = 4096;

/// Some rows of one partition that become a row group.
pub(super) struct Piece<'a> {
    pub(super) rows: std::ops::Range<usize>,
    pub(super) pending: &'a Pending,
    pub(super) range: Range,
}

/// Writes a file with one row group a piece, durably.
pub(super) fn write(
    disk: &dyn Disk,
    folder: &Path,
    name: String,
    layout: &Layout,
    keys: &Keys,
    pieces: &[Piece<'_>],
) -> Result<File, ParquetError> {
    let out = Out { file: disk.create(&folder.join(&name))?, bytes: 0, crc: crc32fast::Hasher::new() };
    let mut writer = SerializedFileWriter::new(out, layout.schema(), layout.properties())?;
    for piece in pieces.iter().filter(|piece| !piece.rows.is_empty()) {
        let mut group = writer.next_row_group()?;
        columns(&mut group, keys, piece)?;
        group.close()?;
    }
    let mut out = writer.into_inner()?;
    out.file.sync()?;
    let ranges = pieces.iter().map(|piece| piece.range.clone()).collect();
    Ok(File { name, bytes: out.bytes, crc32: out.crc.finalize(), ranges })
}

fn columns<W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    keys: &Keys,
    piece: &Piece<'_>,
) -> Result<(), ParquetError> {
    let rows = piece.rows.clone();
    ints(group, &vec![piece.range.partition as i32; rows.len()])?;
    ints(group, &piece.pending.kinds[rows.clone()])?;
    text(group, keys, &piece.pending.keys[rows.clone()])?;
    for column in &piece.pending.longs {
        longs(group, &column[rows.clone()])?;
    }
    for column in &piece.pending.texts {
        text(group, keys, &column[rows.clone()])?;
    }
    Ok(())
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
    values: &[u32],
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(too_many)?;
    let mut bytes: Vec<ByteArray> = Vec::with_capacity(KEYS);
    for some in values.chunks(KEYS) {
        bytes.clear();
        bytes.extend(some.iter().map(|number| keys.bytes(*number)));
        column.typed::<ByteArrayType>().write_batch(&bytes, None, None)?;
    }
    column.close()
}

fn too_many() -> ParquetError {
    ParquetError::General("the layout has more columns than its schema".to_owned())
}

/// A file on the disk, measured while it is written.
struct Out {
    file: Box<dyn DiskFile>,
    bytes: u64,
    crc: crc32fast::Hasher,
}

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.append(bytes)?;
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
