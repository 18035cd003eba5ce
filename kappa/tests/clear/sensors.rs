//! The clear form of sensors: sums by second, joined with what is newest, and gone through for alerts.

use workloads::calendar::Unit;
use workloads::{Event, Terms};

use super::forms::{Fact, Flow, Printed, Views, totals};

/// A region, and a second with the sum and the number of its readings.
type Second = (String, (i64, i128, i128));

pub(super) fn forms<'scope>(facts: Flow<'scope, Fact>, _terms: &Terms) -> Views<'scope> {
    let readings = facts.flat_map(|(event, _, _)| match event {
        Event::Sensor(event) => {
            Some((event.region.to_string(), Unit::Second.of(event.time), i128::from(event.reading)))
        }
        _ => None,
    });
    let average = totals(readings.clone(), |(region, _, reading)| (region, (reading, 1_i128)));
    let seconds = totals(readings, |(region, second, reading)| ((region, second), (reading, 1_i128)));
    let seconds = seconds.map(|((region, second), (sum, count))| (region, (second, sum, count)));
    vec![
        ("average", average.map(|(region, (sum, count))| (region, vec![sum, count]))),
        ("seconds", seconds.clone().map(printed)),
        ("recent", recent(seconds.clone())),
        ("alerts", alerts(seconds).map(printed)),
    ]
}

fn printed((region, (second, sum, count)): Second) -> Printed {
    (Unit::Second.key(&region, second), vec![sum, count])
}

fn recent(seconds: Flow<'_, Second>) -> Flow<'_, Printed> {
    let newest = seconds.clone().reduce(|_region, seconds, newest| {
        newest.extend(seconds.last().map(|(second, _)| (second.0, 1_i128)));
    });
    let both = seconds.join(newest);
    let span = both.filter(|(_, ((second, _, _), newest))| newest - second < 10);
    let sums = totals(span, |(region, ((_, sum, count), _))| (region, (sum, count)));
    sums.map(|(region, (sum, count))| (region, vec![sum, count]))
}

/// A region's alerts out of its seconds in their order.
fn alerts(seconds: Flow<'_, Second>) -> Flow<'_, Second> {
    seconds.reduce(|_region, seconds, alerts| {
        let mut stands = false;
        for (at, _, _) in seconds.iter().map(|(second, _)| **second) {
            let span = seconds.iter().filter(|(second, _)| second.0 <= at && at - second.0 < 10);
            let (sum, count) =
                span.fold((0, 0), |(sum, count), (second, _)| (sum + second.1, count + second.2));
            let stood = stands;
            stands = if stood { sum >= 29 * count } else { sum > 30 * count };
            if stands && !stood {
                alerts.push(((at, sum, count), 1_i128));
            }
        }
    })
}
