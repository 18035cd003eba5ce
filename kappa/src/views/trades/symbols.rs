//! What is known of a symbol: its means, and its last trades.

use serde::{Deserialize, Serialize};
use workloads::{Millis, Row, Terms};

use super::Trade;
use super::tape::{Moment, Sale, Tape};
use crate::error::KappaError;
use crate::flow::fold::additive;
use crate::flow::keys::Named;
use crate::snapshot::{Home, Saving, Table, Taken, Written};
use crate::views::{Grouping, SUMS};

/// Symbols of which something is forgotten at once.
const TURNS: usize = 64;

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

/// What lies behind the last.
#[derive(Default)]
pub(super) struct Tapes {
    /// By the symbol's number.
    tapes: Vec<Tape>,
    saving: Option<Box<Saving<(u32, Moment), i64>>>,
    /// The symbol that has its turn in forgetting.
    turn: usize,
}

impl Tapes {
    /// Counts a trade in (`sign` 1) or out (-1); what that changes.
    // rule: T12
    #[inline]
    pub(super) fn count(&mut self, symbol: u32, trade: Trade, sign: i64) -> Symbol {
        let moment = (trade.time, trade.place);
        if let Some(saving) = &mut self.saving {
            saving.put_aside((symbol, moment), || (sign < 0).then_some(trade.price));
        }
        let tape = self.tape(symbol);
        let before = tape.latest();
        let changed =
            if sign > 0 { tape.insert(Sale { moment, price: trade.price }) } else { tape.remove(moment) };
        if changed { shown(tape.latest()).since(&shown(before)) } else { Symbol::default() }
    }
}

impl Tapes {
    /// Nothing changes any more of trades whose event time is before this.
    // rule: T12
    pub(super) fn forget(&mut self, before: Millis) {
        if self.saving.is_none() {
            for _ in 0..TURNS.min(self.tapes.len()) {
                self.turn = (self.turn + 1) % self.tapes.len();
                self.tapes[self.turn].forget(before);
            }
        }
    }

    #[inline]
    fn tape(&mut self, symbol: u32) -> &mut Tape {
        let number = symbol as usize;
        if number >= self.tapes.len() {
            self.tapes.resize_with(number + 1, Tape::default);
        }
        &mut self.tapes[number]
    }
}

impl Table for Tapes {
    fn begin(&mut self) {
        self.saving = Some(Box::default());
    }

    fn write(&mut self, rows: &mut Written) -> bool {
        let Some(saving) = &mut self.saving else { return false };
        let after = saving.after();
        let tapes = (0..).zip(&self.tapes).skip(after.map_or(0, |(symbol, _)| symbol as usize));
        let now = tapes.flat_map(|(symbol, tape)| {
            let after = after.filter(|(last, _)| *last == symbol).map(|(_, moment)| moment);
            tape.after(after).map(move |sale| ((symbol, sale.moment), sale.price))
        });
        let left = saving.write(now, |key, price| rows.put(&(key, price)));
        if !left {
            self.saving = None;
        }
        left
    }

    fn take_up(&mut self, rows: &mut Taken<'_>, home: &Home) -> Result<(), KappaError> {
        while let Some(((symbol, moment), price)) = rows.next::<((u32, Moment), i64)>()? {
            if let Some(symbol) = home.number(symbol) {
                self.tape(symbol).insert(Sale { moment, price });
            }
        }
        Ok(())
    }
}

// rule: T12
fn shown((last, previous): (Option<Sale>, Option<Sale>)) -> Symbol {
    let Some(last) = last else { return Symbol::default() };
    Symbol {
        last: last.price,
        time: last.moment.0,
        previous: previous.map_or(0, |previous| previous.price),
        has_previous: i64::from(previous.is_some()),
        ..Symbol::default()
    }
}

impl Grouping for Symbols {
    const VIEWS: &'static [&'static str] = &["mean", "last"];
    type Key = Named;
    type Sum = Symbol;

    fn form(view: &str) -> &'static str {
        match view {
            "last" => "trades in the order of their moments, in blocks: the end is read",
            _ => SUMS,
        }
    }

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
