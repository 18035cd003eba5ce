//! The cells of `sensors`: the readings of a region, and those of each of its seconds.

use workloads::calendar::Unit;
use workloads::{Event, Query, Record};

use super::{Cell, Cells, Keys, Place};
use crate::layers::Sensors;
use crate::speed::sensors::{Changes, Partial};

impl Cells<Sensors> for Sensors {
    fn touched(_: &Changes, record: &Record, tell: &mut dyn FnMut(Cell)) {
        let Event::Sensor(event) = &record.event else { return };
        tell(Cell::new("region", event.region.clone()));
        tell(Cell::new("second", Unit::Second.key(&event.region, Unit::Second.of(event.time))));
    }

    fn all(state: &Changes, tell: &mut dyn FnMut(Cell)) {
        for (region, added) in state.partial("alerts", None, None).regions {
            for (second, _) in added.seconds {
                tell(Cell::new("second", Unit::Second.key(&region, second)));
            }
            tell(Cell::new("region", region));
        }
    }

    fn half(state: &Changes, cell: &Cell) -> Partial {
        match Unit::Second.parse_key(&cell.key) {
            Some((region, second)) if cell.kind == "second" => {
                state.partial("seconds", Some(region), Some(second))
            }
            _ => state.partial("average", Some(&cell.key), None),
        }
    }

    fn place(query: &Query) -> Place {
        let key = query.key.as_deref();
        match (query.view.as_str(), key.and_then(|key| Unit::Second.parse_key(key))) {
            ("average", _) => Place::of("region", key),
            ("seconds", _) => Place::of("second", key),
            // An alert may depend on every second before it.
            ("alerts", Some((region, _))) => Place { kind: "second", keys: Keys::Under(region.into()) },
            _ => Place { kind: "second", keys: key.map_or(Keys::All, |region| Keys::Under(region.into())) },
        }
    }

    fn join(all: &mut Partial, one: Partial) {
        for (region, one) in one.regions {
            let added = all.regions.entry(region).or_insert_with(|| one.clone());
            // The newest second has come with the cell of that second.
            added.newest = added.newest.max(one.newest);
            for (second, sums) in one.seconds {
                match added.seconds.binary_search_by_key(&second, |known| known.0) {
                    Ok(at) => added.seconds[at].1 = sums,
                    Err(at) => added.seconds.insert(at, (second, sums)),
                }
            }
        }
    }
}
