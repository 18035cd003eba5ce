//! The rules of trades, one record at a time, as RULES.md says them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use workloads::{Event, Origin, Record, Row, Rows, Terms, TradeEvent, TradeKind, trades};

use crate::Rules;

pub(crate) const RULES: Rules = Rules { workload: &trades::TRADES, event, rows, waiting, refused };

const DAY: i64 = 86_400_000;

fn event(dice: &mut ChaCha8Rng, origins: &[Origin]) -> Event {
    let kinds =
        [TradeKind::Traded, TradeKind::Traded, TradeKind::Traded, TradeKind::Busted, TradeKind::Corrected];
    let kind = kinds[dice.random_range(0..kinds.len())];
    let prices = [100, 101, 100, -7, 0, i64::MAX];
    let (price, volume) = (prices[dice.random_range(0..prices.len())], dice.random_range(0..4));
    let bust = kind == TradeKind::Busted;
    Event::Trade(TradeEvent {
        kind,
        symbol: ["AAPL", "BINANCE:BTC USDT"][dice.random_range(0..2)].into(),
        price: if bust { 0 } else { price },
        volume: if bust { 0 } else { volume },
        time: [-1, 0, 1, 2, DAY - 1, DAY][dice.random_range(0..6)],
        target: match kind {
            TradeKind::Traded => Origin::default(),
            _ => origins[dice.random_range(0..origins.len())],
        },
    })
}

fn trade(record: &Record) -> &TradeEvent {
    match &record.event {
        Event::Trade(trade) => trade,
        _ => unreachable!("only trades are generated"),
    }
}

fn names(mark: &Record, record: &Record) -> bool {
    trade(mark).kind != TradeKind::Traded
        && trade(record).kind == TradeKind::Traded
        && record.origin == Some(trade(mark).target)
        && trade(mark).symbol == trade(record).symbol
}

fn too_late(mark: &Record, record: &Record, terms: &Terms) -> bool {
    terms.cancel_horizon.is_some_and(|horizon| trade(mark).time - trade(record).time > horizon)
}

/// Price and volume in force of one trade; absent when it is busted.
fn in_force(record: &Record, all: &[&Record], terms: &Terms) -> Option<(i128, i128)> {
    let acting: Vec<&&Record> =
        all.iter().filter(|mark| names(mark, record) && !too_late(mark, record, terms)).collect();
    if acting.iter().any(|mark| trade(mark).kind == TradeKind::Busted) {
        return None;
    }
    let holds = acting.iter().max_by_key(|mark| (trade(mark).time, mark.place));
    let holds = holds.map_or(trade(record), |mark| trade(mark));
    Some((holds.price.into(), holds.volume.into()))
}

fn rows(view: &str, all: &[&Record], terms: &Terms) -> Rows {
    let mut standing: Vec<(&Record, i128, i128)> = Vec::new();
    for record in all.iter().filter(|record| trade(record).kind == TradeKind::Traded) {
        if let Some((price, volume)) = in_force(record, all, terms) {
            standing.push((record, price, volume));
        }
    }
    standing.sort_by_key(|(record, ..)| (trade(record).time, record.place));
    let mut rows = Rows::new();
    for (at, (record, price, volume)) in standing.iter().enumerate() {
        let TradeEvent { symbol, time, .. } = trade(record);
        let date = ["1969-12-31", "1970-01-01", "1970-01-02"][(time.div_euclid(DAY) + 1) as usize];
        let key =
            if ["mean", "last"].contains(&view) { symbol.to_string() } else { format!("{symbol} {date}") };
        let key = match view {
            "volume_hour" => format!("{key}T{:02}", time.rem_euclid(DAY) / 3_600_000),
            _ => key,
        };
        let row = rows.entry(key);
        match view {
            "volume" | "volume_hour" => add(row.or_insert_with(|| vec![0, 0]), &[*volume, 1]),
            "mean" => add(row.or_insert_with(|| vec![0, 0, 0]), &[*price, *volume, 1]),
            "vwap" => add(row.or_insert_with(|| vec![0, 0]), &[price * volume, *volume]),
            "range" => {
                let row = row.or_insert_with(|| vec![*price, *price]);
                *row = vec![row[0].min(*price), row[1].max(*price)];
            }
            _ => {
                let same = standing[..at].iter().rev().filter(|(other, ..)| trade(other).symbol == *symbol);
                let previous = same.map(|(_, other, _)| *other).find(|other| other != price);
                let (change, under) = previous.map_or((0, 1), |previous| (price - previous, previous));
                row.insert_entry(vec![*price, change, change * 100, under, i128::from(*time)]);
            }
        }
    }
    rows
}

fn add(row: &mut Row, more: &[i128]) {
    row.iter_mut().zip(more).for_each(|(held, more)| *held += more);
}

fn waiting(all: &[&Record]) -> u64 {
    let marks = all.iter().filter(|mark| trade(mark).kind != TradeKind::Traded);
    marks.filter(|mark| !all.iter().any(|record| names(mark, record))).count() as u64
}

fn refused(all: &[&Record], terms: &Terms) -> u64 {
    let of = |mark: &Record| {
        all.iter().filter(|record| names(mark, record) && too_late(mark, record, terms)).count() as u64
    };
    all.iter().map(|mark| of(mark)).sum()
}
