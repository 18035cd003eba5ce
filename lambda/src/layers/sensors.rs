//! The layers of `sensors`, as plumbing sees them.

use workloads::calendar::Unit;
use workloads::intake::Duplicates;
use workloads::{Event, Query, Record, Rows, Terms, Version};

use super::Layers;
use crate::archive::Archive;
use crate::error::LambdaError;
use crate::publication::sensors::SensorsBase;
use crate::publication::{Files, Loaded};
use crate::{batch, publication, serving, speed};

/// The layers of `sensors`.
pub(crate) struct Sensors;

impl Layers for Sensors {
    type Base = SensorsBase;
    type State = speed::sensors::Changes;
    type Partial = speed::sensors::Partial;
    type Cells = Self;
    type Growth = Self;

    fn batch(
        archive: &Archive,
        cut: &Version,
        _: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (mut found, mut names) = (batch::sensors::History::default(), Vec::new());
        archive.scan_facts(cut, seen.dedup(), &mut |facts| {
            names.extend(facts.names()[names.len()..].iter().cloned());
            batch::sensors::read(&mut found, facts, seen);
        })?;
        Ok(publication::sensors::files(&names, &batch::sensors::answers(found)))
    }

    fn nothing(_: &Terms) -> Files {
        publication::sensors::files(&[], &Default::default())
    }

    fn base(loaded: Loaded) -> Result<SensorsBase, LambdaError> {
        SensorsBase::open(loaded)
    }

    fn speed(
        _: &Terms,
        base: &SensorsBase,
        state: &mut Self::State,
        record: &Record,
    ) -> Result<(), LambdaError> {
        if let Event::Sensor(event) = &record.event {
            speed::sensors::apply(state, base, event);
        }
        Ok(())
    }

    fn suspects(_: &mut Self::State) -> Vec<Query> {
        // Nothing of the batch's is ever taken back.
        Vec::new()
    }

    fn partial(state: &Self::State, query: &Query) -> Self::Partial {
        let (view, key) = (query.view.as_str(), query.key.as_deref());
        match (view, key) {
            ("average" | "recent", _) | (_, None) => state.partial(view, key, None),
            (_, Some(key)) => match Unit::Second.parse_key(key) {
                Some((region, second)) => state.partial(view, Some(region), Some(second)),
                None => Self::Partial::default(),
            },
        }
    }

    fn serve(
        _: &Terms,
        base: &SensorsBase,
        partial: &Self::Partial,
        query: &Query,
    ) -> Result<Option<Rows>, LambdaError> {
        Ok(Some(serving::sensors::serve(base, partial, query)))
    }
}
