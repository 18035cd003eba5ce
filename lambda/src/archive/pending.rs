//! Records that wait to be sealed, column by column.

use std::ops::Range;

use hashbrown::HashMap;
use parquet::data_type::ByteArray;
use workloads::{Event, Name, OrderEvent, OrderKind, Record, TradeEvent, TradeKind};

use super::schema::Layout;

/// The source of a record that nothing stamped with an origin.
pub(super) const NO_SOURCE: i64 = -1;

/// The kind of an event of which there is one kind only.
pub(super) const ONLY: i32 = 1;

/// The records of one partition that are not sealed.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) kinds: Vec<i32>,
    /// By number in [`Keys`].
    pub(super) keys: Vec<u32>,
    /// The columns of 64 bits, in the layout's order.
    pub(super) longs: Vec<Vec<i64>>,
    /// The texts besides the key, in the layout's order, by number in [`Keys`].
    pub(super) texts: Vec<Vec<u32>>,
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
}

impl Pending {
    pub(super) fn new(layout: &Layout) -> Self {
        Pending::with(layout.longs(), layout.texts())
    }

    fn with(longs: usize, texts: usize) -> Self {
        Pending { longs: vec![Vec::new(); longs], texts: vec![Vec::new(); texts], ..Pending::default() }
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
                    column.push(keys.number(name));
                }
            }
        }
        self.keys.push(keys.number(record.event.key()));
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

    /// Forgets the first `rows` records.
    pub(super) fn forget(&mut self, rows: usize) {
        if rows == self.kinds.len() {
            // The common case gives the memory of a long history back.
            *self = Pending::with(self.longs.len(), self.texts.len());
            return;
        }
        let gone: Range<usize> = 0..rows;
        self.kinds.drain(gone.clone());
        self.keys.drain(gone.clone());
        for column in &mut self.texts {
            column.drain(gone.clone());
        }
        for column in &mut self.longs {
            column.drain(gone.clone());
        }
    }
}
