//! Symbols are traded, busted and corrected; what are volume, range, mean and last price?

use crate::calendar::Unit;
use crate::view::{MergeClass, View};
use crate::{Event, Workload};

mod frame;
mod generate;
mod ladder;
mod market;
mod oracle;
mod tally;

pub use crate::calendar::{day_key, parse_day_key};

/// The workload.
pub static TRADES: Workload = Workload {
    name: "trades",
    about: "Symbols are traded, busted and corrected. Extremes and last prices, which no addition merges, weigh on a Lambda.",
    views: VIEWS,
    generate: generate::generate,
    truth: oracle::truth,
    keys,
};

/// The questions asked of trades. A key of symbol and day is printed `SYMBOL YYYY-MM-DD`.
pub static VIEWS: &[View] = &[
    View {
        name: "volume",
        about: "Volume of each symbol on each day.",
        key: "symbol and day",
        columns: &["volume_e8", "count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "range",
        about: "Lowest and highest price of each symbol on each day.",
        key: "symbol and day",
        columns: &["min_e8", "max_e8"],
        merge: MergeClass::Extreme,
    },
    View {
        name: "mean",
        about: "Mean price and mean volume of each symbol, as sums over a count.",
        key: "symbol",
        columns: &["price_sum_e8", "volume_sum_e8", "count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "last",
        about: "Latest trade of each symbol, and its change from the latest earlier one with another price; percentage = percent_over / percent_under.",
        key: "symbol",
        columns: &["price_e8", "change_e8", "percent_over", "percent_under", "time_ms"],
        merge: MergeClass::Ordered,
    },
    View {
        name: "vwap",
        about: "Volume-weighted mean price of each symbol on each day, as a sum over a sum.",
        key: "symbol and day",
        columns: &["price_volume_sum_e16", "volume_sum_e8"],
        merge: MergeClass::Sum,
    },
    View {
        name: "volume_hour",
        about: "Volume of each symbol in each hour.",
        key: "symbol and hour",
        columns: &["volume_e8", "count"],
        merge: MergeClass::Sum,
    },
];

fn keys(view: &View, event: &Event, each: &mut dyn FnMut(String)) {
    let Event::Trade(trade) = event else { return };
    each(match view.key {
        "symbol and day" => Unit::Day.key(&trade.symbol, Unit::Day.of(trade.time)),
        "symbol and hour" => Unit::Hour.key(&trade.symbol, Unit::Hour.of(trade.time)),
        _ => trade.symbol.to_string(),
    });
}
