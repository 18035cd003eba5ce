//! A stretch of archived records, column by column, as a scan hands it out.

use workloads::intake::Duplicates;
use workloads::{Dedup, Event, Millis, Name, OrderEvent, OrderKind, Origin, Place, TradeEvent, TradeKind};

/// Some records of one partition of `orders`, in the order of their offsets. All slices but `names` have one element
/// a record, or none where a column is not read; see [`OrderEvent`] for what they mean.
#[derive(Clone, Copy, Debug)]
pub struct OrderColumns<'a> {
    /// Their partition.
    pub partition: u32,
    /// Their offsets.
    pub offsets: &'a [u64],
    /// What they do.
    pub kinds: &'a [OrderKind],
    /// Their customers, as numbers into `names`.
    pub customers: &'a [u32],
    /// Every customer that the scan has met so far. A customer keeps its number for the whole scan: what one stretch
    /// adds is added at the end.
    pub names: &'a [Name],
    /// Their order ids, 0 for none.
    pub orders: &'a [u64],
    /// Minor units.
    pub amounts: &'a [i64],
    /// Event times.
    pub times: &'a [Millis],
    /// Where they came from; empty when records are not recognised by origin.
    pub origins: &'a [Option<Origin>],
}

/// Some records of one partition of `trades`, in the order of their offsets. All slices but `names` have one element
/// a record, or none where a column is not read; see [`TradeEvent`] for what they mean.
#[derive(Clone, Copy, Debug)]
pub struct TradeColumns<'a> {
    /// Their partition.
    pub partition: u32,
    /// Their offsets.
    pub offsets: &'a [u64],
    /// What they do.
    pub kinds: &'a [TradeKind],
    /// Their symbols, as numbers into `names`.
    pub symbols: &'a [u32],
    /// Every symbol that the scan has met so far. A symbol keeps its number for the whole scan: what one stretch
    /// adds is added at the end.
    pub names: &'a [Name],
    /// Units of 1e-8.
    pub prices: &'a [i64],
    /// Units of 1e-8.
    pub volumes: &'a [i64],
    /// Event times.
    pub times: &'a [Millis],
    /// What busts and corrections name.
    pub targets: &'a [Origin],
    /// Where they came from, which is what trades are named by.
    pub origins: &'a [Option<Origin>],
}

impl OrderColumns<'_> {
    /// Number of records.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Where a record stands.
    pub fn place(&self, row: usize) -> Place {
        Place { partition: self.partition, offset: self.offsets[row] }
    }

    /// Where a record came from, as far as that is read.
    pub fn origin(&self, row: usize) -> Option<Origin> {
        self.origins.get(row).copied().flatten()
    }

    /// One event, put together again.
    pub fn event(&self, row: usize) -> Event {
        Event::Order(OrderEvent {
            kind: self.kinds[row],
            customer: self.names[self.customers[row] as usize].clone(),
            order: self.orders[row],
            amount: self.amounts[row],
            time: self.times[row],
        })
    }

    /// Whether a record is the first of its kind; from now on it was seen.
    #[inline]
    pub fn first(&self, row: usize, seen: &mut Duplicates) -> bool {
        match seen.dedup() {
            Dedup::None | Dedup::Offset => true,
            // Only the content needs the whole event.
            Dedup::Content => seen.first(self.partition, self.origin(row), &self.event(row)),
            Dedup::Origin => seen.first_origin(self.partition, self.origin(row)),
        }
    }
}

impl TradeColumns<'_> {
    /// Number of records.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Where a record stands.
    pub fn place(&self, row: usize) -> Place {
        Place { partition: self.partition, offset: self.offsets[row] }
    }

    /// Where a record came from.
    pub fn origin(&self, row: usize) -> Option<Origin> {
        self.origins.get(row).copied().flatten()
    }

    /// One event, put together again.
    pub fn event(&self, row: usize) -> Event {
        Event::Trade(TradeEvent {
            kind: self.kinds[row],
            symbol: self.names[self.symbols[row] as usize].clone(),
            price: self.prices[row],
            volume: self.volumes[row],
            time: self.times[row],
            target: self.targets[row],
        })
    }

    /// Whether a record is the first of its kind; from now on it was seen.
    #[inline]
    pub fn first(&self, row: usize, seen: &mut Duplicates) -> bool {
        match seen.dedup() {
            Dedup::None | Dedup::Offset => true,
            Dedup::Content => seen.first(self.partition, self.origin(row), &self.event(row)),
            Dedup::Origin => seen.first_origin(self.partition, self.origin(row)),
        }
    }
}
