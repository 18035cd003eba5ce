//! The cells of `trades`: a symbol, and each of its days and hours.

use workloads::calendar::Unit;
use workloads::{Event, Query, Record};

use super::{Cell, Cells, Place};
use crate::layers::Trades;
use crate::speed::trades::{Changes, Partial};

impl Cells<Trades> for Trades {
    fn touched(state: &Changes, record: &Record, tell: &mut dyn FnMut(Cell)) {
        let Event::Trade(event) = &record.event else { return };
        tell(Cell::new("symbol", event.symbol.clone()));
        for time in state.times(event) {
            tell(Cell::new("day", Unit::Day.key(&event.symbol, Unit::Day.of(time))));
            tell(Cell::new("hour", Unit::Hour.key(&event.symbol, Unit::Hour.of(time))));
        }
    }

    fn all(state: &Changes, tell: &mut dyn FnMut(Cell)) {
        state
            .symbols("mean", None)
            .symbols
            .into_iter()
            .for_each(|(symbol, _)| tell(Cell::new("symbol", symbol)));
        for (symbol, day, _) in state.days(None).days {
            tell(Cell::new("day", Unit::Day.key(&symbol, day)));
        }
        for (symbol, hour, _) in state.hours(None).hours {
            tell(Cell::new("hour", Unit::Hour.key(&symbol, hour)));
        }
    }

    fn half(state: &Changes, cell: &Cell) -> Partial {
        let half = match cell.kind {
            "day" => Unit::Day.parse_key(&cell.key).map(|key| state.days(Some(key))),
            "hour" => Unit::Hour.parse_key(&cell.key).map(|key| state.hours(Some(key))),
            // What `last` needs is all that there is of a symbol.
            _ => Some(state.symbols("last", Some(&cell.key))),
        };
        half.unwrap_or_default()
    }

    fn place(query: &Query) -> Place {
        let kind = match query.view.as_str() {
            "mean" | "last" => "symbol",
            "volume_hour" => "hour",
            _ => "day",
        };
        Place::of(kind, query.key.as_deref())
    }

    fn join(all: &mut Partial, one: Partial) {
        all.symbols.extend(one.symbols);
        all.days.extend(one.days);
        all.hours.extend(one.hours);
    }
}
