//! A Parquet file as blocks of columns.

use bytes::Bytes;
use hashbrown::HashMap;
use parquet::basic::{LogicalType, TimeUnit, Type as PhysicalType};
use parquet::column::reader::{ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{DataType, Int32Type, Int64Type};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use workloads::{Millis, Name, Version};

use super::error::ArchiveError;
use super::manifest::{File, Range};
use super::numbered::{NULLS, Numbered};
use super::schema::Layout;
use super::store::Store;

/// Records of a block: few enough that its columns stay near the processor.
pub(super) const BLOCK: usize = 1 << 13;

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

impl Block {
    /// With room for the columns of a layout.
    pub(super) fn of(layout: &Layout) -> Self {
        let (longs, texts) = (vec![Vec::new(); layout.longs()], vec![Vec::new(); layout.texts()]);
        Block { longs, texts, ..Block::default() }
    }

    /// Takes what lies at or above an offset off, and says whether anything did.
    pub(super) fn cut(&mut self, limit: u64) -> bool {
        let offsets = &self.longs[Layout::OFFSET];
        let rows = offsets.partition_point(|offset| (*offset as u64) < limit);
        let cut = rows < offsets.len();
        self.kinds.truncate(rows);
        self.keys.truncate(rows);
        self.longs.iter_mut().for_each(|column| column.truncate(rows));
        self.texts.iter_mut().for_each(|column| column.truncate(rows));
        cut
    }
}

/// Every key, or every other text, met by a scan, by its number.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<Name, u32>,
    pub(super) all: Vec<Name>,
}

impl Names {
    pub(super) fn number(&mut self, text: &str) -> u32 {
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
    /// What lies below need not be read.
    pub(super) from: Option<&'a Version>,
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
        Scan { store, upto, from: None, layout, wanted, met: Met::default(), block: Block::of(layout) }
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
        let new = self.from.is_none_or(|from| range.upto > from.0[range.partition as usize]);
        new && self.limit(range) > range.from && self.wanted.concerns(range)
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
        let mut columns = Group::open(group, self.layout, self.wanted)?;
        columns.number(&mut self.met);
        self.block.partition = range.partition;
        let limit = self.limit(range);
        let mut left = range.rows as usize;
        while left > 0 {
            let rows = left.min(BLOCK);
            columns.read(rows, self.wanted, &mut self.block)?;
            left -= rows;
            if self.block.cut(limit) {
                left = 0;
            }
            each(&self.block, &self.met)?;
        }
        Ok(())
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
pub(super) struct Group {
    kinds: Column<Int32Type>,
    pub(super) keys: Option<Texts>,
    longs: Vec<Column<Int64Type>>,
    texts: Vec<Texts>,
}

/// A column of texts, of which each is known by its number.
pub(super) struct Texts {
    column: Numbered,
    /// The number of each text of the row group's own list.
    map: Vec<u32>,
    at: usize,
}

/// A column of numbers.
struct Column<T: DataType> {
    reader: ColumnReaderImpl<T>,
    /// Whether it could have nulls, as every column has that other programs write.
    optional: bool,
    levels: Vec<i16>,
    /// What its numbers have too many of.
    times: i64,
}

impl Group {
    pub(super) fn open(group: &dyn RowGroupReader, layout: &Layout, wanted: &Wanted) -> Result<Self, String> {
        let longs = wanted.longs.iter().map(|column| Column::open(group, Layout::LONGS + column));
        let texts = (0..layout.texts()).map(|text| Texts::open(group, layout.first_text() + text));
        Ok(Group {
            kinds: Column::open(group, Layout::KIND)?,
            keys: wanted.keys.then(|| Texts::open(group, Layout::KEY)).transpose()?,
            longs: longs.collect::<Result<_, _>>()?,
            texts: texts.collect::<Result<_, _>>()?,
        })
    }

    /// Numbers the texts as those that were met before.
    fn number(&mut self, met: &mut Met) {
        self.keys.iter_mut().for_each(|keys| keys.number(|text| met.keys.number(text)));
        self.texts.iter_mut().for_each(|texts| texts.number(|text| met.texts.number(text)));
    }

    pub(super) fn read(&mut self, rows: usize, wanted: &Wanted, block: &mut Block) -> Result<(), String> {
        self.kinds.read(rows, &mut block.kinds)?;
        for (column, place) in self.longs.iter_mut().zip(&wanted.longs) {
            let values = &mut block.longs[*place];
            column.read(rows, values)?;
            if column.times != 1 {
                values.iter_mut().for_each(|value| *value = value.div_euclid(column.times));
            }
        }
        if let Some(keys) = &mut self.keys {
            keys.read(rows, &mut block.keys)?;
        }
        self.texts.iter_mut().zip(&mut block.texts).try_for_each(|(texts, column)| texts.read(rows, column))
    }
}

impl Texts {
    fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, String> {
        check(group, column, PhysicalType::BYTE_ARRAY)?;
        let mut pages = group.get_column_page_reader(column).map_err(|error| error.to_string())?;
        let optional = group.metadata().column(column).column_descr().max_def_level() > 0;
        Ok(Texts { column: Numbered::read(&mut *pages, optional)?, map: Vec::new(), at: 0 })
    }

    /// The row group's own list.
    pub(super) fn list(&self) -> &[Name] {
        &self.column.texts
    }

    fn number(&mut self, mut number: impl FnMut(&str) -> u32) {
        self.map = self.column.texts.iter().map(|text| number(text)).collect();
    }

    /// Numbers the texts as a list says; as they stand in the row group's own if it is empty.
    pub(super) fn numbered(&mut self, map: &[u32]) {
        self.map = map.to_vec();
    }

    fn read(&mut self, rows: usize, column: &mut Vec<u32>) -> Result<(), String> {
        let numbers =
            self.column.numbers.get(self.at..self.at + rows).ok_or("a column of texts ends early")?;
        self.at += rows;
        column.clear();
        match self.map.as_slice() {
            [] => column.extend_from_slice(numbers),
            map => column.extend(numbers.iter().map(|number| map[*number as usize])),
        }
        Ok(())
    }
}

impl<T: DataType> Column<T> {
    fn open(group: &dyn RowGroupReader, column: usize) -> Result<Self, String> {
        check(group, column, T::get_physical_type())?;
        let reader = group.get_column_reader(column).map_err(|error| error.to_string())?;
        let metadata = group.metadata().column(column);
        // Times are milliseconds everywhere; other programs write them again as microseconds.
        let micros = LogicalType::timestamp(true, TimeUnit::MICROS);
        let times = if metadata.column_descr().logical_type_ref() == Some(&micros) { 1_000 } else { 1 };
        Ok(Column {
            reader: get_typed_column_reader(reader),
            optional: metadata.column_descr().max_def_level() > 0,
            levels: Vec::new(),
            times,
        })
    }

    fn read(&mut self, rows: usize, values: &mut Vec<T::T>) -> Result<(), String> {
        values.clear();
        self.levels.clear();
        let levels = self.optional.then_some(&mut self.levels);
        let read = self.reader.read_records(rows, levels, None, values).map_err(|error| error.to_string())?;
        match (read.0, values.len()) {
            (read, held) if read == rows && held == rows => Ok(()),
            (read, _) if read == rows => Err(NULLS.to_owned()),
            (read, _) => Err(format!("a column ends {} rows early", rows - read)),
        }
    }
}

fn check(group: &dyn RowGroupReader, column: usize, wanted: PhysicalType) -> Result<(), String> {
    if column >= group.num_columns() || group.metadata().column(column).column_type() != wanted {
        return Err(format!("column {column} is missing or of another type"));
    }
    Ok(())
}
