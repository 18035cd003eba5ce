//! The clear form of trades: what is in force out of one reduction over everything said of an origin.

use workloads::calendar::Unit;
use workloads::{Event, Millis, Origin, Place, Terms, TradeKind};

use super::forms::{Fact, Flow, Printed, Views, totals};

/// What was said of an origin: the kind, event time and place, price and volume.
type Said = (TradeKind, Millis, Place, i64, i64);

/// A trade in force: event time and place, price and volume.
type Sale = (Millis, Place, i64, i64);

pub(super) fn forms<'scope>(facts: Flow<'scope, Fact>, terms: &Terms) -> Views<'scope> {
    let sales = sales(facts, terms.cancel_horizon);
    let by = |unit: Unit| {
        totals(sales.clone(), move |(symbol, (time, _, price, volume))| {
            let (price, volume) = (i128::from(price), i128::from(volume));
            (unit.key(&symbol, unit.of(time)), (volume, price * volume, 1_i128))
        })
    };
    let volume = |unit| by(unit).map(|(key, (volume, _, count))| (key, vec![volume, count]));
    let mean = totals(sales.clone(), |(symbol, (_, _, price, volume))| {
        (symbol, (i128::from(price), i128::from(volume), 1_i128))
    });
    vec![
        ("volume", volume(Unit::Day)),
        ("volume_hour", volume(Unit::Hour)),
        ("vwap", by(Unit::Day).map(|(key, (volume, turnover, _))| (key, vec![turnover, volume]))),
        ("range", range(sales.clone())),
        ("mean", mean.map(|(symbol, (prices, volumes, count))| (symbol, vec![prices, volumes, count]))),
        ("last", last(sales)),
    ]
}

fn range(sales: Flow<'_, (String, Sale)>) -> Flow<'_, Printed> {
    let prices =
        sales.map(|(symbol, (time, _, price, _))| (Unit::Day.key(&symbol, Unit::Day.of(time)), price));
    prices.reduce(|_day, prices, range| {
        let (low, high) = (*prices[0].0, *prices[prices.len() - 1].0);
        range.push((vec![i128::from(low), i128::from(high)], 1_i128));
    })
}

fn last(sales: Flow<'_, (String, Sale)>) -> Flow<'_, Printed> {
    sales.reduce(|_symbol, sales, last| {
        let mut back = sales.iter().rev().map(|(sale, _)| **sale);
        let Some((time, _, price, _)) = back.next() else { return };
        let previous = back.map(|(_, _, price, _)| price).find(|previous| *previous != price);
        let row = match previous {
            Some(previous) => vec![price, price - previous, (price - previous) * 100, previous, time],
            None => vec![price, 0, 0, 1, time],
        };
        last.push((row.into_iter().map(i128::from).collect(), 1_i128));
    })
}

fn sales(facts: Flow<'_, Fact>, horizon: Option<Millis>) -> Flow<'_, (String, Sale)> {
    let sales = facts.flat_map(said).reduce(move |_origin, said, sales| {
        let said: Vec<Said> = said.iter().map(|(said, _)| **said).collect();
        sales.extend(in_force(&said, horizon).into_iter().map(|sale| (sale, 1_i128)));
    });
    sales.map(|((symbol, _, _), sale)| (symbol, sale))
}

/// A symbol, an origin, and the place of a trade without one.
type TradeId = (String, Option<Origin>, Option<Place>);

/// The origin that is spoken of. A trade without one cannot be named, so that each is a group of its own.
fn said((event, place, origin): Fact) -> Option<(TradeId, Said)> {
    let Event::Trade(event) = event else { return None };
    let named = if event.kind == TradeKind::Traded { origin } else { Some(event.target) };
    let key = (event.symbol.to_string(), named, named.is_none().then_some(place));
    Some((key, (event.kind, event.time, place, event.price, event.volume)))
}

fn in_force(said: &[Said], horizon: Option<Millis>) -> Vec<Sale> {
    let of = |kind| said.iter().copied().filter(move |said: &Said| said.0 == kind);
    let mut sales = Vec::new();
    for (_, traded, place, price, volume) in of(TradeKind::Traded) {
        let acts = |mark: &Said| horizon.is_none_or(|horizon| mark.1 - traded <= horizon);
        if of(TradeKind::Busted).any(|mark| acts(&mark)) {
            continue;
        }
        let correction = of(TradeKind::Corrected).filter(acts).max_by_key(|mark| (mark.1, mark.2));
        let (price, volume) = correction.map_or((price, volume), |mark| (mark.3, mark.4));
        sales.push((traded, place, price, volume));
    }
    sales
}
