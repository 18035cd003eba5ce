//! What batch and speed layer together say about sensors.
//!
//! A late reading may change every alert after it. So the alerts of a region are gone through again, from the first
//! second to which something was added, beginning with what the batch says stands before it, to where the seconds
//! are the batch's alone and leave the alerts as the batch has them.

use std::collections::{BTreeMap, VecDeque};

use workloads::calendar::Unit;
use workloads::{Name, Query, Row, Rows};

use crate::publication::sensors::{Readings, SensorsBase};
use crate::speed::sensors::{Added, Partial, Sums};

/// Seconds over which `recent` and alerts look back, the one itself included.
const SPAN: i64 = 10;

/// Degrees: an alert is raised above this average.
const RAISE: i128 = 30;

/// Degrees: an alert is cleared below this average.
const CLEAR: i128 = 29;

/// One answer of the two halves.
pub(crate) fn serve(base: &SensorsBase, partial: &Partial, query: &Query) -> Rows {
    match (query.view.as_str(), &query.key) {
        (view @ ("average" | "recent"), Some(name)) => {
            region(base, partial, view, name).map(|row| (name.clone(), row)).into_iter().collect()
        }
        (view @ ("average" | "recent"), None) => {
            let row = |name: Name| Some((name.to_string(), region(base, partial, view, &name)?));
            names(base, partial).filter_map(row).collect()
        }
        ("seconds", None) => seconds(base, partial),
        (view, Some(key)) => {
            let Some((name, second)) = Unit::Second.parse_key(key) else { return Rows::new() };
            let row = match view {
                "seconds" => one_second(base, partial, name, second),
                _ => {
                    let mut alerts = alerts(base, partial, name, second, &mut |_, _| {});
                    alerts.pop().filter(|alert| alert.0 == second).map(|it| it.1)
                }
            };
            row.filter(|row| row[1] > 0).map(|row| (key.clone(), row.to_vec())).into_iter().collect()
        }
        (_, None) => {
            let of = |name: Name| {
                let alerts = alerts(base, partial, &name, i64::MAX, &mut |_, _| {}).into_iter();
                alerts.map(move |(second, row)| (Unit::Second.key(&name, second), row.to_vec()))
            };
            names(base, partial).flat_map(of).collect()
        }
    }
}

/// Every region of which either half knows.
fn names<'a>(base: &'a SensorsBase, partial: &'a Partial) -> impl Iterator<Item = Name> + 'a {
    let batched = (0..base.names().len()).map(|rank| base.names().name(rank));
    let new = partial.regions.keys().filter(|name| base.names().rank(name).is_none());
    batched.chain(new.cloned())
}

/// A region's row, if it has one.
fn region(base: &SensorsBase, partial: &Partial, view: &str, name: &str) -> Option<Row> {
    let (rank, added) = (base.names().rank(name), partial.regions.get(name));
    let row = if view == "average" {
        // rule: S2
        let batch = rank.and_then(|rank| base.region(rank)).unwrap_or_default();
        add(batch, added.map(|added| added.all))
    } else {
        recent(base, rank, added)?
    };
    (row[1] > 0).then(|| row.to_vec())
}

/// The readings of a region's newest seconds.
fn recent(base: &SensorsBase, rank: Option<u32>, added: Option<&Added>) -> Option<Readings> {
    // rule: S4
    let batched = rank.and_then(|rank| base.newest(rank));
    let from = batched.max(added.map(|added| added.newest))? - (SPAN - 1);
    let batch = rank.into_iter().flat_map(|rank| base.seconds(rank, from)).map(|second| second.own);
    let new = new_seconds(added).iter().filter(|(second, _)| *second >= from);
    let new = new.map(|(_, sums)| add([0, 0], Some(*sums)));
    batch.chain(new).reduce(|sum, more| [sum[0] + more[0], sum[1] + more[1]])
}

fn one_second(base: &SensorsBase, partial: &Partial, name: &str, second: i64) -> Option<Readings> {
    // rule: S3
    let batch = base.names().rank(name).and_then(|rank| base.seconds(rank, second).next());
    let batch = batch.filter(|row| row.second == second).map(|row| row.own).unwrap_or_default();
    let new = new_seconds(partial.regions.get(name)).iter().find(|new| new.0 == second);
    Some(add(batch, new.map(|(_, sums)| *sums)))
}

/// Every second of every region.
fn seconds(base: &SensorsBase, partial: &Partial) -> Rows {
    let mut new: BTreeMap<(Name, i64), Sums> = BTreeMap::new();
    for (name, added) in &partial.regions {
        new.extend(added.seconds.iter().map(|(second, sums)| ((name.clone(), *second), *sums)));
    }
    // rule: S3
    let mut rows: Vec<(String, Row)> = base
        .all_seconds()
        .map(|(name, row)| {
            let key = Unit::Second.key(&name, row.second);
            (key, add(row.own, new.remove(&(name, row.second))).to_vec())
        })
        .collect();
    let new = new.into_iter();
    rows.extend(
        new.map(|((name, second), sums)| (Unit::Second.key(&name, second), add([0, 0], Some(sums)).to_vec())),
    );
    rows.into_iter().collect()
}

/// The alerts of a region up to a second, in their order. Of the seconds that had to be gone through, `after` is told
/// whether an alert stands after each.
pub(crate) fn alerts(
    base: &SensorsBase,
    partial: &Partial,
    name: &str,
    upto: i64,
    after: &mut dyn FnMut(i64, bool),
) -> Vec<(i64, Readings)> {
    let (rank, mut new) = (base.names().rank(name), new_seconds(partial.regions.get(name)));
    let batched = |from: i64, upto: i64| {
        let alerts = rank.into_iter().flat_map(move |rank| base.alerts(rank, from));
        alerts.take_while(move |(second, _)| *second <= upto)
    };
    let (mut alerts, mut from) = (Vec::new(), i64::MIN);
    // rule: S6
    while let Some((first, _)) = new.first() {
        alerts.extend(batched(from, upto.min(first - 1)));
        match go_through(base, rank, &mut new, upto, &mut alerts, after) {
            Some(second) => from = second,
            None => return alerts,
        }
    }
    alerts.extend(batched(from, upto));
    alerts
}

/// Goes through the seconds of a region from the first of the new ones on, and says from where on everything is the
/// batch's again; nothing if that is nowhere.
fn go_through(
    base: &SensorsBase,
    rank: Option<u32>,
    new: &mut &[(i64, Sums)],
    upto: i64,
    alerts: &mut Vec<(i64, Readings)>,
    after: &mut dyn FnMut(i64, bool),
) -> Option<i64> {
    let mut touched = new.first()?.0;
    let before = touched - (SPAN - 1);
    let mut batch = rank.into_iter().flat_map(|rank| base.seconds(rank, before)).peekable();
    let mut window = VecDeque::new();
    while let Some(row) = batch.next_if(|row| row.second < touched) {
        window.push_back((row.second, row.own));
    }
    let mut batched = rank.is_some_and(|rank| base.standing(rank, touched));
    let mut standing = batched;
    loop {
        let next = batch.peek().map(|row| row.second).into_iter().chain(new.first().map(|new| new.0)).min();
        let second = next.filter(|second| *second <= upto)?;
        let own = next_if(new, second);
        if own.is_none() && second - touched >= SPAN && standing == batched {
            return Some(second);
        }
        let row = batch.next_if(|row| row.second == second);
        touched = if own.is_some() { second } else { touched };
        batched = row.map_or(batched, |row| row.standing);
        window.push_back((second, add(row.map(|row| row.own).unwrap_or_default(), own)));
        while window.front().is_some_and(|(old, _)| second - old >= SPAN) {
            window.pop_front();
        }
        let sum = window.iter().fold([0, 0], |sum, (_, row)| [sum[0] + row[0], sum[1] + row[1]]);
        // rule: S5
        if !standing && sum[0] > RAISE * sum[1] {
            standing = true;
            alerts.push((second, sum));
        } else if standing && sum[0] < CLEAR * sum[1] {
            standing = false;
        }
        after(second, standing);
    }
}

/// What was added to a second, if that is the next to which anything was.
fn next_if(new: &mut &[(i64, Sums)], second: i64) -> Option<Sums> {
    let ((next, sums), rest) = new.split_first()?;
    if *next != second {
        return None;
    }
    *new = rest;
    Some(*sums)
}

/// The seconds to which something was added.
fn new_seconds(added: Option<&Added>) -> &[(i64, Sums)] {
    added.map_or(&[], |added| &added.seconds)
}

fn add(batch: Readings, new: Option<Sums>) -> Readings {
    let new = new.unwrap_or_default();
    [batch[0] + new.sum, batch[1] + i128::from(new.count)]
}
