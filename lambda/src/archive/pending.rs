//! Records that wait to be sealed, column by column.

use std::ops::Range;

use hashbrown::HashMap;
use parquet::data_type::ByteArray;
use workloads::{Event, Millis, Name, OrderEvent, OrderKind, Origin, Record, TradeEvent, TradeKind};

use super::identity::End;
use super::schema::{Layout, Text};

/// The source of a record that nothing stamped with an origin.
pub(super) const NO_SOURCE: i64 = -1;

/// The kind of an event of which there is one kind only.
pub(super) const ONLY: i32 = 1;

/// Keys that are held from one seal to the next, at most.
const MANY: usize = 1 << 17;

/// The records of one partition that are not sealed.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) kinds: Vec<i32>,
    /// The columns of 64 bits, in the layout's order.
    pub(super) longs: Vec<Vec<i64>>,
    pub(super) keys: Texts,
    /// The texts besides the key, in the layout's order.
    pub(super) texts: Vec<Texts>,
    /// Which of the columns of 64 bits has the event times.
    time: usize,
}

/// A column of texts.
#[derive(Debug)]
pub(super) enum Texts {
    /// By their numbers in [`Keys`].
    Numbered(Vec<u32>),
    /// As they are, where almost none comes twice.
    Whole(Vec<Name>),
}

/// The customers, symbols and other texts met, each held once.
#[derive(Debug, Default)]
pub(super) struct Keys {
    numbers: HashMap<Name, u32>,
    bytes: Vec<ByteArray>,
}

impl Keys {
    fn number(&mut self, name: &Name) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.bytes.len() as u32;
        self.numbers.insert(name.clone(), number);
        self.bytes.push(ByteArray::from(name.as_bytes().to_vec()));
        number
    }

    /// The bytes of the key with this number.
    pub(super) fn bytes(&self, number: u32) -> ByteArray {
        self.bytes[number as usize].clone()
    }

    /// Forgets them all, if they have become many. Nothing may be waiting that is known by its number.
    pub(super) fn forget(&mut self) {
        if self.bytes.len() > MANY {
            *self = Keys::default();
        }
    }
}

impl Texts {
    fn of(column: &Text) -> Self {
        if column.distinct { Texts::Whole(Vec::new()) } else { Texts::Numbered(Vec::new()) }
    }

    fn push(&mut self, name: &Name, keys: &mut Keys) {
        match self {
            Texts::Numbered(numbers) => numbers.push(keys.number(name)),
            Texts::Whole(names) => names.push(name.clone()),
        }
    }

    fn forget(&mut self, rows: Range<usize>) {
        match self {
            Texts::Numbered(numbers) => drop(numbers.drain(rows)),
            Texts::Whole(names) => drop(names.drain(rows)),
        }
    }
}

impl Pending {
    pub(super) fn new(layout: &Layout) -> Self {
        Pending {
            kinds: Vec::new(),
            longs: vec![Vec::new(); layout.longs()],
            keys: Texts::of(&layout.key),
            texts: layout.texts.iter().map(Texts::of).collect(),
            time: layout.time(),
        }
    }

    /// Offsets, as they are written.
    fn offsets(&self) -> &[i64] {
        &self.longs[Layout::OFFSET]
    }

    pub(super) fn last(&self) -> Option<u64> {
        self.offsets().last().map(|offset| *offset as u64)
    }

    /// How many records lie below an offset.
    pub(super) fn below(&self, offset: u64) -> usize {
        self.offsets().partition_point(|held| (*held as u64) < offset)
    }

    pub(super) fn offset(&self, row: usize) -> u64 {
        self.offsets()[row] as u64
    }

    pub(super) fn appended(&self, row: usize) -> Millis {
        self.longs[Layout::APPENDED][row]
    }

    /// How many of some records take back or correct others.
    pub(super) fn marks(&self, rows: Range<usize>) -> u64 {
        self.kinds[rows].iter().filter(|kind| **kind != ONLY).count() as u64
    }

    /// The earliest and the latest event time of some records.
    pub(super) fn times(&self, rows: Range<usize>) -> Option<(Millis, Millis)> {
        let times = &self.longs[self.time][rows];
        Some((*times.iter().min()?, *times.iter().max()?))
    }

    /// A record, as the archive's identity keeps it.
    pub(super) fn end(&self, row: usize) -> End {
        let long = |column: usize| self.longs[column][row];
        let source = u32::try_from(long(Layout::SOURCE)).ok();
        let origin = source.map(|source| Origin { source, sequence: long(Layout::SEQUENCE) as u64 });
        End {
            offset: self.offset(row),
            origin,
            intended: long(Layout::INTENDED),
            appended: self.appended(row),
        }
    }

    /// Takes a record of the layout's workload.
    pub(super) fn push(&mut self, record: &Record, keys: &mut Keys) {
        match &record.event {
            Event::Order(event) => self.order(event),
            Event::Trade(event) => self.trade(event),
            Event::Word(event) => self.fact([event.time]),
            Event::Sensor(event) => self.fact([event.reading.into(), event.time]),
            Event::Transfer(event) => {
                self.fact([event.amount, event.time]);
                for (column, name) in self.texts.iter_mut().zip([&event.from, &event.to]) {
                    column.push(name, keys);
                }
            }
        }
        self.keys.push(record.event.key(), keys);
        let origin = record.origin.unwrap_or_default();
        let source = record.origin.map_or(NO_SOURCE, |origin| i64::from(origin.source));
        // Numbers without sign keep their bits.
        let common =
            [record.place.offset as i64, source, origin.sequence as i64, record.intended, record.appended];
        self.put(0, common);
    }

    fn fact<const N: usize>(&mut self, own: [i64; N]) {
        self.kinds.push(ONLY);
        self.put(Layout::OWN, own);
    }

    fn order(&mut self, event: &OrderEvent) {
        self.kinds.push(match event.kind {
            OrderKind::Placed => 1,
            OrderKind::Cancelled => 2,
            OrderKind::Corrected => 3,
        });
        self.put(Layout::OWN, [event.order as i64, event.amount, event.time]);
    }

    fn trade(&mut self, event: &TradeEvent) {
        self.kinds.push(match event.kind {
            TradeKind::Traded => 1,
            TradeKind::Busted => 2,
            TradeKind::Corrected => 3,
        });
        let (source, sequence) = (i64::from(event.target.source), event.target.sequence as i64);
        self.put(Layout::OWN, [event.price, event.volume, event.time, source, sequence]);
    }

    fn put<const N: usize>(&mut self, first: usize, values: [i64; N]) {
        for (column, value) in self.longs[first..].iter_mut().zip(values) {
            column.push(value);
        }
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Forgets the first `rows` records.
    pub(super) fn forget(&mut self, rows: usize, layout: &Layout) {
        if rows == self.kinds.len() {
            // The common case gives the memory of a long history back.
            *self = Pending::new(layout);
            return;
        }
        self.kinds.drain(..rows);
        self.longs.iter_mut().for_each(|column| drop(column.drain(..rows)));
        self.keys.forget(0..rows);
        self.texts.iter_mut().for_each(|column| column.forget(0..rows));
    }
}
