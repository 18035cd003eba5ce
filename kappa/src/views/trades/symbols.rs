//! What is known of a symbol: its means, and its last trades.

use serde::{Deserialize, Serialize};
use workloads::{Millis, Place, Row, Terms};

use super::Trade;
use crate::fold::additive;
use crate::keys::Named;
use crate::snapshot::{Nest, Ordered, Table};
use crate::views::Grouping;

/// A symbol. The fields after `count` are replaced, not added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Symbol {
    pub(super) prices: i128,
    pub(super) volumes: i128,
    pub(super) count: i64,
    last: i64,
    time: Millis,
    previous: i64,
    has_previous: i64,
}
additive!(Symbol { prices, volumes, count, last, time, previous, has_previous });

/// By symbol.
pub(super) struct Symbols;

/// The trades of a symbol in force, in the order that decides which is last.
type Tape = Ordered<(Millis, Place), i64>;

/// What lies behind the last.
#[derive(Default)]
pub(super) struct Tapes {
    by_symbol: Nest<u32, (Millis, Place), i64>,
}

impl Tapes {
    pub(super) fn table(&mut self) -> &mut dyn Table {
        &mut self.by_symbol
    }

    /// Counts a trade in (`sign` 1) or out (-1); what that changes.
    // rule: T12
    pub(super) fn count(&mut self, symbol: u32, trade: Trade, sign: i64) -> Symbol {
        let tape = self.by_symbol.tree(symbol);
        let before = latest(tape);
        let at = (trade.time, trade.place);
        if sign > 0 {
            tape.change(&at).insert(at, trade.price);
        } else {
            tape.change(&at).remove(&at);
        }
        latest(tape).since(&before)
    }
}

fn latest(tape: &Tape) -> Symbol {
    let Some(((time, _), last)) = tape.last_key_value() else { return Symbol::default() };
    let previous = tape.values().rev().find(|price| *price != last);
    Symbol {
        last: *last,
        time: *time,
        previous: previous.copied().unwrap_or_default(),
        has_previous: i64::from(previous.is_some()),
        ..Symbol::default()
    }
}

impl Grouping for Symbols {
    const VIEWS: &'static [&'static str] = &["mean", "last"];
    type Key = Named;
    type Sum = Symbol;

    fn row(view: &str, sum: &Symbol, _terms: &Terms) -> Option<Row> {
        // rule: T8
        (sum.count != 0).then(|| match view {
            "mean" => vec![sum.prices, sum.volumes, i128::from(sum.count)],
            _ => change_row(sum),
        })
    }
}

// rule: T12
fn change_row(sum: &Symbol) -> Row {
    let (last, previous) = (i128::from(sum.last), i128::from(sum.previous));
    let (change, over, under) =
        if sum.has_previous == 0 { (0, 0, 1) } else { (last - previous, (last - previous) * 100, previous) };
    vec![last, change, over, under, i128::from(sum.time)]
}
