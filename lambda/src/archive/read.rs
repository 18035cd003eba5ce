//! A Parquet file as blocks of columns.

use bytes::Bytes;
use hashbrown::HashMap;
use parquet::column::reader::{ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use workloads::{Millis, Name, Version};

use super::error::ArchiveError;
use super::manifest::{File, Range};
use super::schema::Layout;
use super::store::Store;

/// Records of a block: few enough that its columns stay near the processor.
const BLOCK: usize = 1 << 13;

/// Some records of one partition, as they were written. Columns that are not wanted are empty.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) partition: u32,
    pub(super) kinds: Vec<i32>,
    pub(super) keys: Vec<u32>,
    pub(super) longs: Vec<Vec<i64>>,
    /// The texts besides the key.
    pub(super) texts: Vec<Vec<u32>>,
}

/// Every key, or every other text, met by a scan, by its number.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<Name, u32>,
    pub(super) all: Vec<Name>,
}

impl Names {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.all.len() as u32;
        let name = Name::new(text);
        self.all.push(name.clone());
        self.numbers.insert(name, number);
        number
    }
}

/// What a scan has met.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// Keys.
    pub(super) keys: Names,
    /// Texts besides the key, of whichever column.
    pub(super) texts: Names,
}

/// What a scan reads.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Whether it reads the keys.
    pub(super) keys: bool,
    /// Which columns of 64 bits.
    pub(super) longs: Vec<usize>,
    /// Between which event times, if not all: row groups that hold none of them, and nothing that takes back or
    /// corrects, are passed over.
    pub(super) times: Option<(Millis, Millis)>,
}

impl Wanted {
    /// Everything that was archived.
    pub(super) fn all(layout: &Layout) -> Self {
        Wanted { keys: true, longs: (0..layout.longs()).collect(), times: None }
    }

    fn concerns(&self, range: &Range) -> bool {
        let overlap = |(from, upto): (Millis, Millis)| {
            range.times.is_some_and(|(earliest, latest)| earliest < upto && latest >= from)
        };
        range.marks > 0 || self.times.is_none_or(overlap)
    }
}

/// Reading the files of an archive up to a version.
pub(super) struct Scan<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) upto: &'a Version,
    pub(super) layout: &'a Layout,
    pub(super) wanted: &'a Wanted,
    pub(super) met: Met,
    pub(super) block: Block,
}

/// What is done with each block.
pub(super) type Each<'e> = &'e mut dyn FnMut(&Block, &Met) -> Result<(), String>;

impl<'a> Scan<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        upto: &'a Version,
        layout: &'a Layout,
        wanted: &'a Wanted,
    ) -> Self {
        let (longs, texts) = (vec![Vec::new(); layout.longs()], vec![Vec::new(); layout.texts()]);
        let block = Block { longs, texts, ..Block::default() };
        Scan { store, upto, layout, wanted, met: Met::default(), block }
    }

    pub(super) fn file(&mut self, file: &File, each: Each<'_>) -> Result<(), ArchiveError> {
        if !file.ranges.iter().any(|range| self.reads(range)) {
            return Ok(());
        }
        let bytes = read(self.store, file)?;
        // A scan goes on past nothing that it could not read.
        let broken = |reason| ArchiveError::broken(&self.store.path(&file.name), &reason);
        self.groups(bytes, file, each).map_err(broken)
    }

    fn reads(&self, range: &Range) -> bool {
        self.limit(range) > range.from && self.wanted.concerns(range)
    }

    fn limit(&self, range: &Range) -> u64 {
        range.upto.min(self.upto.0[range.partition as usize])
    }

    fn groups(&mut self, bytes: Bytes, file: &File, each: Each<'_>) -> Result<(), String> {
        let reader = SerializedFileReader::new(bytes).map_err(|error| error.to_string())?;
        let filled = file.ranges.iter().filter(|range| range.rows > 0);
        for (number, range) in filled.enumerate() {
            if !self.reads(range) {
                continue;
            }
            let group = reader.get_row_group(number).map_err(|error| error.to_string())?;
            if group.metadata().num_rows() as u64 != range.rows {
                return Err(format!("row group {number} has {} rows", group.metadata().num_rows()));
            }
            self.group(&*group, range, each)?;
        }
        Ok(())
    }

    fn group(&mut self, group: &dyn RowGroupReader, range: &Range, each: Each<'_>) -> Result<(), String> {
        let mut columns = Group::open(group, self.layout, self.wanted).map_err(|error| error.to_string())?;
        self.block.partition = range.partition;
        let limit = self.limit(range);
        let mut left = range.rows as usize;
        while left > 0 {
            let rows = left.min(BLOCK);
            columns.read(rows, self.wanted, &mut self.met, &mut self.block)?;
            left -= rows;
            if self.cut(limit) {
                left = 0;
            }
            each(&self.block, &self.met)?;
        }
        Ok(())
    }

    /// Takes what lies at or above an offset off the block, and says whether anything did.
    fn cut(&mut self, limit: u64) -> bool {
        let offsets = &self.block.longs[Layout::OFFSET];
        let rows = offsets.partition_point(|offset| (*offset as u64) < limit);
        let cut = rows < offsets.len();
        self.block.kinds.truncate(rows);
        self.block.keys.truncate(rows);
        self.block.longs.iter_mut().for_each(|column| column.truncate(rows));
        self.block.texts.iter_mut().for_each(|column| column.truncate(rows));
        cut
    }
}

/// The bytes of a file, which are those that were written.
pub(super) fn read(store: &dyn Store, file: &File) -> Result<Bytes, ArchiveError> {
    let path = store.path(&file.name);
    let bytes = store.get(&file.name).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ArchiveError::Missing(path.clone()),
        _ => ArchiveError::io("read", &path, error),
    })?;
    let reason = if bytes.len() as u64 != file.bytes {
        format!("it has {} bytes of the {} that were written", bytes.len(), file.bytes)
    } else if crc32fast::hash(&bytes) != file.crc32 {
        "its bytes are not those that were written".to_owned()
    } else {
        return Ok(bytes);
    };
    Err(ArchiveError::broken(&path, &reason))
}

/// The columns of a row group, each at the same row.
struct Group {
    kinds: ColumnReaderImpl<Int32Type>,
    keys: Option<Texts>,
    longs: Vec<ColumnReaderImpl<Int64Type>>,
    texts: Vec<Texts>,
}

/// A column of texts, of which each is known by its number.
struct Texts {
    reader: ColumnReaderImpl<ByteArrayType>,
    values: Vec<ByteArray>,
    /// Numbers of the texts by where their bytes lie, which are held so that nothing else comes to lie there. Equal
    /// texts of a dictionary lie at one place, so that almost none has to be compared.
    numbers: HashMap<usize, (ByteArray, u32)>,
}

impl Group {
    fn open(group: &dyn RowGroupReader, layout: &Layout, wanted: &Wanted) -> Result<Self, ParquetError> {
        let longs = wanted.longs.iter().map(|column| typed::<Int64Type>(group, Layout::LONGS + column));
        let first = layout.first_text();
        Ok(Group {
            kinds: typed::<Int32Type>(group, Layout::KIND)?,
            keys: wanted.keys.then(|| Texts::open(group, Layout::KEY)).transpose()?,
            longs: longs.collect::<Result<_, _>>()?,
            texts: (0..layout.texts())
                .map(|text| Texts::open(group, first + text))
                .collect::<Result<_, _>>()?,
        })
    }

    fn read(&mut self, rows: usize, wanted: &Wanted, met: &mut Met, block: &mut Block) -> Result<(), String> {
        fill(&mut self.kinds, rows, &mut block.kinds)?;
        for (reader, column) in self.longs.iter_mut().zip(&wanted.longs) {
            fill(reader, rows, &mut block.longs[*column])?;
        }
        if let Some(keys) = &mut self.keys {
            keys.read(rows, &mut met.keys, &mut block.keys)?;
        }
        for (reader, column) in self.texts.iter_mut().zip(&mut block.texts) {
            reader.read(rows, &mut met.texts, column)?;
        }
        Ok(())
    }
}

impl Texts {
    fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, ParquetError> {
        let reader = typed::<ByteArrayType>(group, column)?;
        Ok(Texts { reader, values: Vec::new(), numbers: HashMap::new() })
    }

    fn read(&mut self, rows: usize, names: &mut Names, column: &mut Vec<u32>) -> Result<(), String> {
        fill(&mut self.reader, rows, &mut self.values)?;
        column.clear();
        for text in &self.values {
            let place = text.data().as_ptr() as usize;
            let number = match self.numbers.get(&place) {
                Some((held, number)) if held.len() == text.len() => *number,
                _ => {
                    let number = names.number(text.as_utf8().map_err(|error| error.to_string())?);
                    self.numbers.insert(place, (text.clone(), number));
                    number
                }
            };
            column.push(number);
        }
        Ok(())
    }
}

fn typed<T: DataType>(
    group: &dyn RowGroupReader,
    column: usize,
) -> Result<ColumnReaderImpl<T>, ParquetError> {
    if column >= group.num_columns()
        || group.metadata().column(column).column_type() != T::get_physical_type()
    {
        return Err(ParquetError::General(format!("column {column} is missing or of another type")));
    }
    Ok(get_typed_column_reader(group.get_column_reader(column)?))
}

fn fill<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    values: &mut Vec<T::T>,
) -> Result<(), String> {
    values.clear();
    let (read, _, _) = reader.read_records(rows, None, None, values).map_err(|error| error.to_string())?;
    if read == rows { Ok(()) } else { Err(format!("a column ends {} rows early", rows - read)) }
}
