//! What is true of a log of readings, kept up to date one record at a time.

use std::sync::Arc;

use hashbrown::HashMap;

use super::region::{Figures, Region};
use crate::calendar::Unit;
use crate::repeats::Repeats;
use crate::{Event, Name, Record, Row, Rows, Terms, Touched, Truth};

/// The oracle at the empty log.
pub(super) fn truth(terms: &Terms) -> Box<dyn Truth> {
    Box::new(Oracle { repeats: Repeats::new(terms.dedup), regions: HashMap::new(), changed: Vec::new() })
}

#[derive(Clone, Debug)]
struct Oracle {
    repeats: Repeats,
    regions: HashMap<Name, Arc<Region>>,
    /// Seconds of the alerts that the last reading changed.
    changed: Vec<i64>,
}

fn row(figures: Figures) -> Row {
    vec![figures.sum, i128::from(figures.count)]
}

impl Truth for Oracle {
    fn feed(&mut self, record: &Record, touched: Option<&mut Vec<Touched>>) {
        let Event::Sensor(event) = &record.event else { return };
        if !self.repeats.first(record) {
            return;
        }
        let second = Unit::Second.of(event.time);
        self.changed.clear();
        let region = self.regions.entry_ref(&event.region).or_default();
        Arc::make_mut(region).read(second, event.reading, &mut self.changed);
        let Some(touched) = touched else { return };
        let mut touch = |view, key| touched.push(Touched { view, key });
        touch("average", event.region.to_string());
        touch("recent", event.region.to_string());
        touch("seconds", Unit::Second.key(&event.region, second));
        self.changed.iter().for_each(|at| touch("alerts", Unit::Second.key(&event.region, *at)));
    }

    fn row(&self, view: &str, key: &str) -> Option<Row> {
        let named = |name: &str| self.regions.get(name);
        let at = || Unit::Second.parse_key(key).and_then(|(name, second)| Some((named(name)?, second)));
        let figures = match view {
            "average" => named(key).map(|region| region.all),
            "recent" => named(key)?.recent(),
            "seconds" => at().and_then(|(region, second)| region.second(second)),
            "alerts" => at().and_then(|(region, second)| region.alerted(second)),
            _ => None,
        };
        figures.map(row)
    }

    fn rows(&self, view: &str) -> Rows {
        let mut rows = Rows::new();
        for (name, region) in &self.regions {
            let dated = |(second, figures)| (Unit::Second.key(name, second), row(figures));
            match view {
                "average" => rows.extend([(name.to_string(), row(region.all))]),
                "recent" => rows.extend(region.recent().map(|recent| (name.to_string(), row(recent)))),
                "seconds" => rows.extend(region.seconds().map(dated)),
                "alerts" => rows.extend(region.alerts().map(dated)),
                _ => {}
            }
        }
        rows
    }

    fn waiting(&self) -> u64 {
        0
    }

    fn refused(&self) -> u64 {
        0
    }

    fn fork(&self) -> Box<dyn Truth> {
        Box::new(self.clone())
    }
}
