//! The fixed layout: little-endian numbers at known places, 32 bytes for orders and 48 for trades.

use zerocopy::little_endian::{I64, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{DecodeError, fail};
use crate::event::{Name, OrderEvent, OrderKind, Origin, TradeEvent, TradeKind};

/// The layout that is written. Another number is refused.
const LAYOUT: u8 = 1;

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct OrderBytes {
    layout: u8,
    kind: u8,
    reserved: [u8; 6],
    order: U64,
    amount: I64,
    time: I64,
}

#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct TradeBytes {
    layout: u8,
    kind: u8,
    reserved: [u8; 6],
    price: I64,
    volume: I64,
    time: I64,
    target_sequence: U64,
    target_source: U32,
    reserved_too: [u8; 4],
}

pub(super) fn write_order(event: &OrderEvent, out: &mut Vec<u8>) {
    let bytes = OrderBytes {
        layout: LAYOUT,
        kind: match event.kind {
            OrderKind::Placed => 1,
            OrderKind::Cancelled => 2,
            OrderKind::Corrected => 3,
        },
        reserved: [0; 6],
        order: event.order.into(),
        amount: event.amount.into(),
        time: event.time.into(),
    };
    out.extend_from_slice(bytes.as_bytes());
}

pub(super) fn read_order(key: &[u8], value: &[u8]) -> Result<OrderEvent, DecodeError> {
    let Ok(bytes) = OrderBytes::ref_from_bytes(value) else {
        return fail(length("an order", value, size_of::<OrderBytes>()));
    };
    let kind = match (bytes.layout, bytes.kind, bytes.reserved) {
        (LAYOUT, 1, ZEROS) => OrderKind::Placed,
        (LAYOUT, 2, ZEROS) => OrderKind::Cancelled,
        (LAYOUT, 3, ZEROS) => OrderKind::Corrected,
        _ => return fail(head("an order", bytes.layout, bytes.kind)),
    };
    // rule: O2
    let amount = if kind == OrderKind::Cancelled { 0 } else { bytes.amount.get() };
    Ok(OrderEvent { kind, customer: name(key)?, order: bytes.order.get(), amount, time: bytes.time.get() })
}

pub(super) fn write_trade(event: &TradeEvent, out: &mut Vec<u8>) {
    let bytes = TradeBytes {
        layout: LAYOUT,
        // Apart from the numbers of orders, so that a log of the other workload is noticed.
        kind: match event.kind {
            TradeKind::Traded => 17,
            TradeKind::Busted => 18,
            TradeKind::Corrected => 19,
        },
        reserved: [0; 6],
        price: event.price.into(),
        volume: event.volume.into(),
        time: event.time.into(),
        target_sequence: event.target.sequence.into(),
        target_source: event.target.source.into(),
        reserved_too: [0; 4],
    };
    out.extend_from_slice(bytes.as_bytes());
}

pub(super) fn read_trade(key: &[u8], value: &[u8]) -> Result<TradeEvent, DecodeError> {
    let Ok(bytes) = TradeBytes::ref_from_bytes(value) else {
        return fail(length("a trade", value, size_of::<TradeBytes>()));
    };
    let kind = match (bytes.layout, bytes.kind, bytes.reserved, bytes.reserved_too) {
        (LAYOUT, 17, ZEROS, [0, 0, 0, 0]) => TradeKind::Traded,
        (LAYOUT, 18, ZEROS, [0, 0, 0, 0]) => TradeKind::Busted,
        (LAYOUT, 19, ZEROS, [0, 0, 0, 0]) => TradeKind::Corrected,
        _ => return fail(head("a trade", bytes.layout, bytes.kind)),
    };
    let target = Origin { source: bytes.target_source.get(), sequence: bytes.target_sequence.get() };
    let trade = TradeEvent {
        kind,
        symbol: name(key)?,
        price: bytes.price.get(),
        volume: bytes.volume.get(),
        time: bytes.time.get(),
        target,
    };
    Ok(match kind {
        TradeKind::Traded => TradeEvent { target: Origin::default(), ..trade },
        // rule: T2
        TradeKind::Busted => TradeEvent { price: 0, volume: 0, ..trade },
        TradeKind::Corrected => trade,
    })
}

const ZEROS: [u8; 6] = [0; 6];

fn name(key: &[u8]) -> Result<Name, DecodeError> {
    Name::from_utf8(key).or_else(|_| fail("the record's key is not UTF-8"))
}

#[cold]
fn length(what: &str, value: &[u8], wanted: usize) -> String {
    format!("{what} takes {wanted} bytes, the value has {}", value.len())
}

#[cold]
fn head(what: &str, layout: u8, kind: u8) -> String {
    if layout == LAYOUT {
        format!("kind {kind} (or a reserved byte) is not one of {what}")
    } else {
        format!("layout {layout} is not known: this program reads layout {LAYOUT}")
    }
}
