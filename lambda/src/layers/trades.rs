//! The layers of `trades`, as plumbing sees them.

use workloads::calendar::Unit;
use workloads::intake::Duplicates;
use workloads::{Event, Name, Query, Record, Rows, Terms, Version};

use super::Layers;
use crate::archive::Archive;
use crate::engine::{self, Engine};
use crate::error::LambdaError;
use crate::publication::trades::TradesBase;
use crate::publication::{Files, Loaded};
use crate::student::WrongMerge;
use crate::{batch, publication, serving, speed};

/// The layers of `trades`.
pub(crate) struct Trades;

impl Layers for Trades {
    type Base = TradesBase;
    type State = speed::trades::Changes;
    type Partial = speed::trades::Partial;
    type Cells = Self;

    fn batch(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (history, names) = history(archive, cut, seen)?;
        let answers = batch::trades::answers(history, names.len(), terms);
        Ok(publication::trades::files(&names, &answers))
    }

    fn asked(
        engine: &dyn Engine,
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (history, names) = history(archive, cut, seen)?;
        let mut session = engine::begin(engine, "trades", archive, cut, terms, seen.dedup())?;
        let answers = engine::trades::answers(&mut *session, history, &names, terms)?;
        Ok(publication::trades::files(&names, &answers))
    }

    fn nothing(terms: &Terms) -> Files {
        publication::trades::files(&[], &batch::trades::answers(Default::default(), 0, terms))
    }

    fn base(loaded: Loaded) -> Result<TradesBase, LambdaError> {
        TradesBase::open(loaded)
    }

    fn speed(
        terms: &Terms,
        base: &TradesBase,
        state: &mut Self::State,
        record: &Record,
    ) -> Result<(), LambdaError> {
        let Event::Trade(event) = &record.event else { return Ok(()) };
        speed::trades::apply(state, base, terms, event, record).map_err(super::look_up)
    }

    fn suspects(state: &mut Self::State) -> Vec<Query> {
        let query = |view: &str, key: String| Query { view: view.into(), key: Some(key) };
        let queries = |(name, day): (Name, i64)| {
            [query("range", Unit::Day.key(&name, day)), query("last", name.into())]
        };
        state.changed().into_iter().flat_map(queries).collect()
    }

    fn partial(state: &Self::State, query: &Query) -> Self::Partial {
        match (query.view.as_str(), &query.key) {
            ("mean" | "last", key) => state.symbols(&query.view, key.as_deref()),
            ("volume_hour", None) => state.hours(None),
            ("volume_hour", Some(key)) => match Unit::Hour.parse_key(key) {
                Some(key) => state.hours(Some(key)),
                None => Self::Partial::default(),
            },
            (_, None) => state.days(None),
            (_, Some(key)) => match Unit::Day.parse_key(key) {
                Some(key) => state.days(Some(key)),
                None => Self::Partial::default(),
            },
        }
    }

    fn serve(
        _: &Terms,
        base: &TradesBase,
        partial: &Self::Partial,
        query: &Query,
    ) -> Result<Option<Rows>, LambdaError> {
        serving::trades::serve(base, partial, query).map_err(super::look_up)
    }

    fn mistaken(
        _: &Terms,
        base: &TradesBase,
        partial: &Self::Partial,
        query: &Query,
        wrong: WrongMerge,
    ) -> Result<Option<Rows>, LambdaError> {
        serving::wrong::trades::serve(base, partial, query, wrong).map_err(super::look_up)
    }
}

/// What the archive holds below a cut, each record once, and the names in it.
fn history(
    archive: &Archive,
    cut: &Version,
    seen: &mut Duplicates,
) -> Result<(batch::trades::History, Vec<Name>), LambdaError> {
    let (mut history, mut names) = (batch::trades::History::default(), Vec::new());
    history.trades.reserve(cut.total() as usize);
    archive.scan_trades(cut, &mut |columns| {
        names.extend(columns.names[names.len()..].iter().cloned());
        batch::trades::read(&mut history, columns, seen);
    })?;
    Ok((history, names))
}
