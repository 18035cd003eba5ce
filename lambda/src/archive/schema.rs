//! The Parquet columns of each workload.

use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

use super::error::ArchiveError;

/// How a column is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// As it is: anything goes, and nothing is read faster.
    Plain,
    /// As differences: numbers and times, which mostly grow.
    Delta,
    /// As numbers into a list of values.
    Dictionary,
}

/// A column of whole numbers of 64 bits.
#[derive(Debug)]
struct Long {
    name: &'static str,
    /// Parquet's annotation.
    logical: &'static str,
    written: Written,
}

const fn long(name: &'static str, logical: &'static str, written: Written) -> Long {
    Long { name, logical, written }
}

const UNSIGNED: &str = "(INTEGER(64,false))";
const MILLIS: &str = "(TIMESTAMP(MILLIS,true))";

/// The columns that every record has, whatever happened. See [`Layout`] for their places.
const COMMON: [Long; 5] = [
    long("offset", UNSIGNED, Written::Delta),
    long("source", "", Written::Dictionary),
    long("sequence", UNSIGNED, Written::Delta),
    long("intended_us", "", Written::Delta),
    long("appended", MILLIS, Written::Delta),
];

/// A column of texts.
#[derive(Debug)]
pub(super) struct Text {
    name: &'static str,
    /// Whether almost every record has one of its own, so that a dictionary of them would repeat nothing.
    pub(super) distinct: bool,
}

const fn repeated(name: &'static str) -> Text {
    Text { name, distinct: false }
}

const fn distinct(name: &'static str) -> Text {
    Text { name, distinct: true }
}

/// The columns of a workload: `partition`, `kind`, the key, then those of 64 bits, then further texts.
#[derive(Debug)]
pub(super) struct Layout {
    /// Name of the workload.
    pub(super) workload: &'static str,
    /// The key's column.
    pub(super) key: Text,
    /// What the workload has of 64 bits.
    own: &'static [Long],
    /// Its texts besides the key.
    pub(super) texts: &'static [Text],
}

/// Every workload.
static LAYOUTS: &[Layout] = &[
    Layout {
        workload: "orders",
        key: repeated("customer"),
        own: &[
            long("order", UNSIGNED, Written::Delta),
            long("amount_cents", "", Written::Plain),
            long("time", MILLIS, Written::Delta),
        ],
        texts: &[],
    },
    Layout {
        workload: "trades",
        key: repeated("symbol"),
        own: &[
            long("price_e8", "", Written::Plain),
            long("volume_e8", "", Written::Plain),
            long("time", MILLIS, Written::Delta),
            long("target_source", UNSIGNED, Written::Dictionary),
            long("target_sequence", UNSIGNED, Written::Dictionary),
        ],
        texts: &[],
    },
    Layout {
        workload: "words",
        key: repeated("word"),
        own: &[long("time", MILLIS, Written::Delta)],
        texts: &[],
    },
    Layout {
        workload: "sensors",
        key: repeated("region"),
        own: &[long("reading", "", Written::Dictionary), long("time", MILLIS, Written::Delta)],
        texts: &[],
    },
    Layout {
        workload: "transfers",
        key: distinct("transfer"),
        own: &[long("amount", "", Written::Plain), long("time", MILLIS, Written::Delta)],
        texts: &[repeated("debited"), repeated("credited")],
    },
];

impl Layout {
    /// Places among all columns.
    pub(super) const KIND: usize = 1;
    pub(super) const KEY: usize = 2;
    /// Where those of 64 bits begin.
    pub(super) const LONGS: usize = 3;

    /// Places among the columns of 64 bits.
    pub(super) const OFFSET: usize = 0;
    pub(super) const SOURCE: usize = 1;
    pub(super) const SEQUENCE: usize = 2;
    pub(super) const INTENDED: usize = 3;
    pub(super) const APPENDED: usize = 4;
    /// Where the workload's own begin.
    pub(super) const OWN: usize = COMMON.len();

    pub(super) fn of(workload: &str) -> Result<&'static Self, ArchiveError> {
        let known = LAYOUTS.iter().find(|layout| layout.workload == workload);
        known.ok_or_else(|| ArchiveError::Workload(workload.to_owned()))
    }

    fn all_longs(&self) -> impl Iterator<Item = &'static Long> {
        COMMON.iter().chain(self.own)
    }

    /// Number of columns of 64 bits.
    pub(super) fn longs(&self) -> usize {
        COMMON.len() + self.own.len()
    }

    /// Number of texts besides the key.
    pub(super) fn texts(&self) -> usize {
        self.texts.len()
    }

    /// Where they begin among all columns.
    pub(super) fn first_text(&self) -> usize {
        Layout::LONGS + self.longs()
    }

    /// Place of one of the workload's own columns of 64 bits, among all of these.
    pub(super) fn long(&self, name: &str) -> Option<usize> {
        self.own.iter().position(|column| column.name == name).map(|place| Layout::OWN + place)
    }

    /// Place of the event times, among all columns of 64 bits.
    pub(super) fn time(&self) -> usize {
        self.long("time").expect("events of every workload have a time")
    }

    /// Place of any column of 64 bits, among all of these.
    pub(super) fn any_long(&self, name: &str) -> Option<usize> {
        self.all_longs().position(|column| column.name == name)
    }

    /// Place of one of the texts besides the key, among these.
    pub(super) fn text(&self, name: &str) -> Option<usize> {
        self.texts.iter().position(|column| column.name == name)
    }

    /// As Parquet says it.
    pub(super) fn schema(&self) -> TypePtr {
        let mut text = String::from("message event { required int32 partition; required int32 kind;");
        text += &format!("required binary {} (STRING);", self.key.name);
        for column in self.all_longs() {
            text += &format!("required int64 {} {};", column.name, column.logical);
        }
        for column in self.texts {
            text += &format!("required binary {} (STRING);", column.name);
        }
        text += "}";
        Arc::new(parse_message_type(&text).expect("a constant that a test has parsed"))
    }

    /// How the columns are written: for the speed of scans first, for size second. What other programs can pass over row
    /// groups by has its lowest and highest value noted.
    pub(super) fn properties(&self) -> WriterPropertiesPtr {
        let mut properties = WriterProperties::builder()
            .set_created_by("lambda archive".to_owned())
            .set_dictionary_enabled(false)
            .set_dictionary_page_size_limit(16 << 20)
            .set_data_page_row_count_limit(1 << 16)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true);
        for name in ["partition", "kind"] {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), true);
        }
        for column in std::iter::once(&self.key).chain(self.texts) {
            let path = ColumnPath::from(column.name);
            properties = match column.distinct {
                true => properties.set_column_encoding(path, Encoding::PLAIN),
                false => properties.set_column_dictionary_enabled(path, true),
            };
        }
        for name in ["kind", "offset", "appended", "time"] {
            let path = ColumnPath::from(name);
            properties = properties.set_column_statistics_enabled(path, EnabledStatistics::Chunk);
        }
        for column in self.all_longs() {
            let path = ColumnPath::from(column.name);
            properties = match column.written {
                Written::Plain => properties.set_column_encoding(path, Encoding::PLAIN),
                Written::Delta => properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
                Written::Dictionary => properties.set_column_dictionary_enabled(path, true),
            };
        }
        Arc::new(properties.build())
    }
}
