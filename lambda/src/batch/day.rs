//! One day computed again, alone, and held against what is published.
//!
//! It says something about views whose rows are of one day: their key ends in a day, an hour or a second, and a row
//! follows from that day's events and from what cancels or corrects them. What a row carries over from earlier days
//! (sums per customer, alerts that stand) cannot be computed from one day, and is left to the whole batch.

use std::path::Path;
use std::sync::Arc;

use hashbrown::HashSet;
use workloads::calendar::Unit;
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Duplicates;
use workloads::{
    Dedup, Event, MergeClass, Millis, OrderKind, Place, Query, Rows, Terms, TradeKind, Version, View,
    workload,
};

use crate::archive::Archive;
use crate::error::LambdaError;
use crate::layers::{Layers, with_layers};
use crate::publication::{Loaded, Loading, Shelf};

/// Milliseconds of a day.
const DAY: Millis = 86_400_000;

/// A view's rows of one day.
pub struct Compared {
    /// The view.
    pub view: &'static View,
    /// Computed again from the archive.
    pub again: Rows,
    /// As the newest publication has them.
    pub published: Rows,
}

/// One day computed again from the archive, up to the cut of the newest publication.
pub struct Day {
    /// That cut.
    pub version: Version,
    /// Every view that has rows of one day.
    pub views: Vec<Compared>,
}

/// Computes a day, written as `2026-07-21`, once more. The archive lies at its address, or in the state folder if that
/// is empty.
pub fn rebuild(
    disk: &SharedDisk,
    state: &Path,
    address: &str,
    day: &str,
    terms: &Terms,
) -> Result<Day, LambdaError> {
    let number = Unit::Day.parse(day).ok_or_else(|| LambdaError::Day(day.to_owned()))?;
    let shelf = Shelf::find(disk, state)?;
    let newest = shelf.current()?.ok_or(LambdaError::NotYet)?;
    let mut loading = Loading::begin(&shelf, newest, true)?;
    while !loading.step()? {}
    let loaded = loading.finish();
    let name = loaded.manifest.workload.clone();
    let cut = loaded.manifest.cut.clone();
    let archive = Archive::at(disk, state, address, &name, cut.0.len() as u32)?;
    let held = archive_of(&archive, &name, &cut, number, terms)?;
    with_layers!(name.as_str(), L => compare::<L>(&name, loaded, &held, day, terms))
}

/// What concerns a day, each record once, as an archive in memory.
fn archive_of(
    archive: &Archive,
    name: &str,
    cut: &Version,
    day: i64,
    terms: &Terms,
) -> Result<Archive, LambdaError> {
    let resends = resends(archive, cut, terms.dedup)?;
    let (mut seen, mut records) = (Duplicates::new(terms.dedup), Vec::new());
    let (from, to) = (day.saturating_mul(DAY), day.saturating_add(1).saturating_mul(DAY));
    archive.scan_times(cut, (from, to), &mut |record| {
        let first = seen.first(record.place.partition, record.origin, &record.event);
        let first = first && !resends.contains(&record.place);
        if first && (marks(&record.event) || Unit::Day.of(record.event.time()) == day) {
            records.push(record.clone());
        }
    })?;
    let memory: SharedDisk = Arc::new(PowerLoss::new(0));
    let mut held =
        Archive::open(&memory, Path::new("/day"), name, cut.0.len() as u32)?.holding(terms.dedup)?;
    held.append(&records)?;
    held.seal(cut)?;
    Ok(held)
}

/// Where records stand that repeat the origin of an earlier one. That may have been of another day, in a file that is
/// not read for this one: nothing says that a resend repeats the event time as well.
fn resends(archive: &Archive, cut: &Version, dedup: Dedup) -> Result<HashSet<Place>, LambdaError> {
    let (mut seen, mut resends) = (Duplicates::new(dedup), HashSet::new());
    if dedup == Dedup::Origin {
        archive.scan_origins(cut, &mut |place, origin| {
            if !seen.first_origin(place.partition, origin) {
                resends.insert(place);
            }
        })?;
    }
    Ok(resends)
}

/// Whether an event acts on another, which may be of another day.
fn marks(event: &Event) -> bool {
    match event {
        Event::Order(order) => order.kind != OrderKind::Placed,
        Event::Trade(trade) => trade.kind != TradeKind::Traded,
        Event::Word(_) | Event::Sensor(_) | Event::Transfer(_) => false,
    }
}

fn compare<L: Layers>(
    name: &str,
    loaded: Loaded,
    held: &Archive,
    day: &str,
    terms: &Terms,
) -> Result<Day, LambdaError> {
    let known = workload(name).ok_or_else(|| LambdaError::Workload(name.to_owned()))?;
    let version = loaded.manifest.cut.clone();
    let mut none = Duplicates::new(Dedup::None);
    let files = L::batch(held, &version, terms, &mut none)?;
    let (again, published) = (L::base(Loaded::in_memory(files))?, L::base(loaded)?);
    let of_one_day = known.views.iter().filter(|view| {
        let timed = ["day", "hour", "second"].iter().any(|unit| view.key.ends_with(unit));
        timed && view.merge != MergeClass::Ordered
    });
    let views = of_one_day.map(|view| {
        let query = Query { view: view.name.to_owned(), key: None };
        let rows = |base: &L::Base| {
            let rows = L::serve(terms, base, &L::partial(&L::State::default(), &query), &query)?;
            let mut rows = rows.unwrap_or_default();
            rows.retain(|key, _| key.rsplit(' ').next().is_some_and(|time| time.starts_with(day)));
            Ok::<Rows, LambdaError>(rows)
        };
        Ok(Compared { view, again: rows(&again)?, published: rows(&published)? })
    });
    Ok(Day { version, views: views.collect::<Result<_, LambdaError>>()? })
}
