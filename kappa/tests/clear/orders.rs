//! The clear form of orders: amounts in force out of one reduction over everything said of an order id.

use workloads::calendar::Unit;
use workloads::{Event, Millis, OrderKind, Place, Terms};

use super::forms::{Fact, Flow, Views, totals};

/// What was said of an order id: the kind, event time and place, and the amount.
type Said = (OrderKind, Millis, Place, i64);

/// A record in force: its customer, its event time and its amount.
type Line = (String, Millis, i64);

pub(super) fn forms<'scope>(facts: Flow<'scope, Fact>, terms: &Terms) -> Views<'scope> {
    let lines = lines(facts, terms.cancel_horizon);
    let (big_above, large_from) = (i128::from(terms.big_above), terms.large_from);
    let large = spend(lines.clone().filter(move |(_, _, amount)| *amount >= large_from));
    let spend = spend(lines.clone());
    let revenue = totals(lines.clone(), |(_, _, amount)| ("all".to_owned(), (i128::from(amount), 1_i128)));
    let visits =
        lines.clone().map(|(customer, time, _)| (Unit::Day.of(time), customer)).threshold(|_, _| 1_i128);
    let days = totals(visits, |(day, _)| (day, 1_i128));
    vec![
        ("spend", spend.clone()),
        ("big_spenders", spend.clone().filter(move |(_, row)| row[0] > big_above)),
        ("large_orders", large),
        (
            "revenue",
            revenue.map(|(key, (sum, count))| (key, vec![sum, count])).filter(|(_, row)| row[1] != 0),
        ),
        ("customers_per_day", days.map(|(day, customers)| (Unit::Day.print(day), vec![customers]))),
        ("top_customers", top(spend)),
        ("median_order", median(lines)),
    ]
}

fn spend(lines: Flow<'_, Line>) -> Flow<'_, (String, Vec<i128>)> {
    let spent = totals(lines, |(customer, _, amount)| (customer, (i128::from(amount), 1_i128)));
    spent.map(|(customer, (sum, count))| (customer, vec![sum, count])).filter(|(_, row)| row[1] != 0)
}

fn top(spend: Flow<'_, (String, Vec<i128>)>) -> Flow<'_, (String, Vec<i128>)> {
    let ranked = spend.map(|(customer, row)| ((), (-row[0], customer, row[1])));
    let first = ranked.reduce(|(), customers, first| {
        first.extend(customers.iter().take(10).map(|(customer, _)| ((*customer).clone(), 1_i128)));
    });
    first.map(|((), (less, customer, count))| (customer, vec![-less, count]))
}

fn median(lines: Flow<'_, Line>) -> Flow<'_, (String, Vec<i128>)> {
    let days =
        lines.map(|(_, time, amount)| (Unit::Day.of(time), amount)).reduce(|_day, amounts, medians| {
            let all: Vec<i64> =
                amounts.iter().flat_map(|(amount, times)| vec![**amount; *times as usize]).collect();
            let twice = i128::from(all[(all.len() - 1) / 2]) + i128::from(all[all.len() / 2]);
            medians.push((vec![twice, all.len() as i128], 1_i128));
        });
    days.map(|(day, row)| (Unit::Day.print(day), row))
}

fn lines(facts: Flow<'_, Fact>, horizon: Option<Millis>) -> Flow<'_, Line> {
    let lines = facts.flat_map(said).reduce(move |_order, said, lines| {
        let said: Vec<Said> = said.iter().map(|(said, _)| **said).collect();
        lines.extend(in_force(&said, horizon).into_iter().map(|line| (line, 1_i128)));
    });
    lines.map(|((customer, _, _), (_, time, amount))| (customer, time, amount))
}

/// A customer, an order id, and the place of an order without one.
type OrderId = (String, u64, Option<Place>);

/// The order id that is spoken of. Nothing can name an order without one, so that each is a group of its own.
fn said((event, place, _): Fact) -> Option<(OrderId, Said)> {
    let Event::Order(event) = event else { return None };
    let nameless = event.order == 0;
    let key = (event.customer.to_string(), event.order, nameless.then_some(place));
    let mark = event.kind != OrderKind::Placed;
    (!nameless || !mark).then_some((key, (event.kind, event.time, place, event.amount)))
}

/// Place, event time and amount of each record in force after everything that was said.
fn in_force(said: &[Said], horizon: Option<Millis>) -> Vec<(Place, Millis, i64)> {
    let of = |kind| said.iter().copied().filter(move |said: &Said| said.0 == kind);
    let mut lines = Vec::new();
    for (_, placed, place, amount) in of(OrderKind::Placed) {
        let acts = |mark: &Said| horizon.is_none_or(|horizon| mark.1 - placed <= horizon);
        if of(OrderKind::Cancelled).any(|mark| acts(&mark)) {
            continue;
        }
        let correction = of(OrderKind::Corrected).filter(acts).max_by_key(|mark| (mark.1, mark.2));
        lines.push((place, placed, correction.map_or(amount, |mark| mark.3)));
    }
    lines
}
