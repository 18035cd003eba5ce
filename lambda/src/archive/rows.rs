//! Blocks of columns as the events that they are.

use workloads::{Dedup, Event, Name, OrderEvent, OrderKind, Origin, Place, Record, TradeEvent, TradeKind};
use workloads::{SensorEvent, TransferEvent, WordEvent};

use super::columns::{OrderColumns, TradeColumns};
use super::pending::NO_SOURCE;
use super::read::{Block, Met};
use super::schema::Layout;

/// Columns of `orders` in their own types, kept for their memory.
#[derive(Debug, Default)]
pub(super) struct Orders {
    offsets: Vec<u64>,
    kinds: Vec<OrderKind>,
    orders: Vec<u64>,
    origins: Vec<Option<Origin>>,
}

impl Orders {
    /// The columns of 64 bits that a scan reads.
    pub(super) fn wanted(dedup: Dedup) -> &'static [usize] {
        const OWN: usize = Layout::OWN;
        match dedup {
            Dedup::Origin => &[Layout::OFFSET, Layout::SOURCE, Layout::SEQUENCE, OWN, OWN + 1, OWN + 2],
            _ => &[Layout::OFFSET, OWN, OWN + 1, OWN + 2],
        }
    }

    pub(super) fn hand(
        &mut self,
        block: &Block,
        names: &[Name],
        each: &mut dyn FnMut(&OrderColumns<'_>),
    ) -> Result<(), String> {
        unsigned(&block.longs[Layout::OFFSET], &mut self.offsets);
        unsigned(&block.longs[Layout::OWN], &mut self.orders);
        origins(block, &mut self.origins)?;
        kinds(block, &mut self.kinds, order_kind)?;
        each(&OrderColumns {
            partition: block.partition,
            offsets: &self.offsets,
            kinds: &self.kinds,
            customers: &block.keys,
            names,
            orders: &self.orders,
            amounts: &block.longs[Layout::OWN + 1],
            times: &block.longs[Layout::OWN + 2],
            origins: &self.origins,
        });
        Ok(())
    }
}

/// Columns of `trades` in their own types, kept for their memory.
#[derive(Debug, Default)]
pub(super) struct Trades {
    offsets: Vec<u64>,
    kinds: Vec<TradeKind>,
    targets: Vec<Origin>,
    origins: Vec<Option<Origin>>,
}

impl Trades {
    /// The columns of 64 bits that a scan reads.
    pub(super) const WANTED: &[usize] = {
        const OWN: usize = Layout::OWN;
        &[Layout::OFFSET, Layout::SOURCE, Layout::SEQUENCE, OWN, OWN + 1, OWN + 2, OWN + 3, OWN + 4]
    };

    pub(super) fn hand(
        &mut self,
        block: &Block,
        names: &[Name],
        each: &mut dyn FnMut(&TradeColumns<'_>),
    ) -> Result<(), String> {
        unsigned(&block.longs[Layout::OFFSET], &mut self.offsets);
        origins(block, &mut self.origins)?;
        kinds(block, &mut self.kinds, trade_kind)?;
        self.targets.clear();
        let (sources, sequences) = (&block.longs[Layout::OWN + 3], &block.longs[Layout::OWN + 4]);
        for (source, sequence) in sources.iter().zip(sequences) {
            self.targets.push(origin(*source, *sequence)?);
        }
        each(&TradeColumns {
            partition: block.partition,
            offsets: &self.offsets,
            kinds: &self.kinds,
            symbols: &block.keys,
            names,
            prices: &block.longs[Layout::OWN],
            volumes: &block.longs[Layout::OWN + 1],
            times: &block.longs[Layout::OWN + 2],
            targets: &self.targets,
            origins: &self.origins,
        });
        Ok(())
    }
}

/// Hands on whole records, from a block with all columns.
pub(super) fn records(
    layout: &Layout,
    block: &Block,
    met: &Met,
    each: &mut dyn FnMut(&Record),
) -> Result<(), String> {
    let mut from = Vec::new();
    origins(block, &mut from)?;
    for (row, origin) in from.into_iter().enumerate() {
        let long = |column: usize| block.longs[column][row];
        let place = Place { partition: block.partition, offset: long(Layout::OFFSET) as u64 };
        let event = event(layout, block, met, row)?;
        let (intended, appended) = (long(Layout::INTENDED), long(Layout::APPENDED));
        each(&Record { place, origin, intended, appended, event });
    }
    Ok(())
}

/// An event put together again, from a block with its keys and all of the workload's own columns.
pub(super) fn event(layout: &Layout, block: &Block, met: &Met, row: usize) -> Result<Event, String> {
    let key = met.keys.all[block.keys[row] as usize].clone();
    let own = |column: usize| block.longs[Layout::OWN + column][row];
    let text = |column: usize| met.texts.all[block.texts[column][row] as usize].clone();
    let (kind, workload) = (block.kinds[row], layout.workload);
    match workload {
        "orders" => {
            let (kind, order) = (order_kind(kind)?, own(0) as u64);
            Ok(Event::Order(OrderEvent { kind, customer: key, order, amount: own(1), time: own(2) }))
        }
        "trades" => {
            let (kind, target) = (trade_kind(kind)?, origin(own(3), own(4))?);
            let (price, volume, time) = (own(0), own(1), own(2));
            Ok(Event::Trade(TradeEvent { kind, symbol: key, price, volume, time, target }))
        }
        "words" => Ok(Event::Word(WordEvent { word: key, time: own(0) })),
        "sensors" => {
            let reading = i32::try_from(own(0)).map_err(|_| format!("{} is no reading", own(0)))?;
            Ok(Event::Sensor(SensorEvent { region: key, reading, time: own(1) }))
        }
        "transfers" => {
            let (from, to, amount, time) = (text(0), text(1), own(0), own(1));
            Ok(Event::Transfer(TransferEvent { transfer: key, from, to, amount, time }))
        }
        other => Err(format!("there are no events of {other}")),
    }
}

fn unsigned(column: &[i64], out: &mut Vec<u64>) {
    out.clear();
    out.extend(column.iter().map(|bits| *bits as u64));
}

/// Empty when origins are not read.
pub(super) fn origins(block: &Block, out: &mut Vec<Option<Origin>>) -> Result<(), String> {
    out.clear();
    for (source, sequence) in block.longs[Layout::SOURCE].iter().zip(&block.longs[Layout::SEQUENCE]) {
        out.push(if *source == NO_SOURCE { None } else { Some(origin(*source, *sequence)?) });
    }
    Ok(())
}

fn origin(source: i64, sequence: i64) -> Result<Origin, String> {
    let source = u32::try_from(source).map_err(|_| format!("there is no source {source}"))?;
    Ok(Origin { source, sequence: sequence as u64 })
}

fn kinds<K>(block: &Block, out: &mut Vec<K>, kind: fn(i32) -> Result<K, String>) -> Result<(), String> {
    out.clear();
    for number in &block.kinds {
        out.push(kind(*number)?);
    }
    Ok(())
}

fn order_kind(number: i32) -> Result<OrderKind, String> {
    match number {
        1 => Ok(OrderKind::Placed),
        2 => Ok(OrderKind::Cancelled),
        3 => Ok(OrderKind::Corrected),
        _ => Err(format!("there is no kind of order event {number}")),
    }
}

fn trade_kind(number: i32) -> Result<TradeKind, String> {
    match number {
        1 => Ok(TradeKind::Traded),
        2 => Ok(TradeKind::Busted),
        3 => Ok(TradeKind::Corrected),
        _ => Err(format!("there is no kind of trade event {number}")),
    }
}
