//! What the three layers of a workload are, and the two workloads that have them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use workloads::intake::Duplicates;
use workloads::trades::{day_key, parse_day_key};
use workloads::{Event, Name, Query, Record, Rows, Terms, Version};

use crate::archive::Archive;
use crate::error::LambdaError;
use crate::publication::orders::OrdersBase;
use crate::publication::trades::TradesBase;
use crate::publication::{Files, Loaded};
use crate::{batch, publication, serving, speed};

/// A Lambda view is one question answered in three places: by the batch for everything up to a cut, by the speed
/// layer for everything after it, and by the serving layer, which makes one answer of the two.
pub(crate) trait Layers: Send + Sync + 'static {
    /// What the batch has published: its half of the answers, and what corrections of batched events need.
    type Base: Send + Sync;
    /// What the speed layer knows since a cut.
    type State: Default + Send;
    /// The speed layer's half of one answer.
    type Partial: Serialize + DeserializeOwned + Send;

    /// All of history up to the cut, from scratch. `seen` has seen nothing, and sees every record.
    fn batch(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError>;
    /// What the batch publishes of an empty log.
    fn nothing(terms: &Terms) -> Files;
    /// A publication, ready to be asked.
    fn base(loaded: Loaded) -> Result<Self::Base, LambdaError>;
    /// One more event since the cut.
    fn speed(
        terms: &Terms,
        base: &Self::Base,
        state: &mut Self::State,
        record: &Record,
    ) -> Result<(), LambdaError>;
    /// Questions that may have gone out of reach, because events of the batch were taken back since this was last
    /// asked.
    fn suspects(state: &mut Self::State) -> Vec<Query>;
    /// The speed layer's half of an answer.
    fn partial(state: &Self::State, query: &Query) -> Self::Partial;
    /// The two halves as one answer; absent when so much of the batch's half was taken back that what is left of it
    /// is not known.
    fn serve(
        terms: &Terms,
        base: &Self::Base,
        partial: &Self::Partial,
        query: &Query,
    ) -> Result<Option<Rows>, LambdaError>;
}

/// The layers of `orders`.
pub(crate) struct Orders;

impl Layers for Orders {
    type Base = OrdersBase;
    type State = speed::orders::Changes;
    type Partial = speed::orders::Partial;

    fn batch(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (mut history, mut names) = (batch::orders::History::default(), Vec::new());
        history.placed.reserve(cut.total() as usize);
        archive.scan_orders(cut, seen.dedup(), &mut |columns| {
            names.extend(columns.names[names.len()..].iter().cloned());
            batch::orders::read(&mut history, columns, seen);
        })?;
        let answers = batch::orders::answers(history, names.len(), terms);
        Ok(publication::orders::files(&names, &answers))
    }

    fn nothing(terms: &Terms) -> Files {
        publication::orders::files(&[], &batch::orders::answers(Default::default(), 0, terms))
    }

    fn base(loaded: Loaded) -> Result<OrdersBase, LambdaError> {
        OrdersBase::open(loaded)
    }

    fn speed(
        terms: &Terms,
        base: &OrdersBase,
        state: &mut Self::State,
        record: &Record,
    ) -> Result<(), LambdaError> {
        let Event::Order(event) = &record.event else { return Ok(()) };
        speed::orders::apply(state, base, terms, event, record.place).map_err(look_up)
    }

    fn suspects(_: &mut Self::State) -> Vec<Query> {
        // Sums can be undone without end.
        Vec::new()
    }

    fn partial(state: &Self::State, query: &Query) -> Self::Partial {
        state.partial(&query.view, query.key.as_deref())
    }

    fn serve(
        terms: &Terms,
        base: &OrdersBase,
        partial: &Self::Partial,
        query: &Query,
    ) -> Result<Option<Rows>, LambdaError> {
        serving::orders::serve(terms, base, partial, query).map(Some).map_err(look_up)
    }
}

/// The layers of `trades`.
pub(crate) struct Trades;

impl Layers for Trades {
    type Base = TradesBase;
    type State = speed::trades::Changes;
    type Partial = speed::trades::Partial;

    fn batch(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (mut history, mut names) = (batch::trades::History::default(), Vec::new());
        history.trades.reserve(cut.total() as usize);
        archive.scan_trades(cut, &mut |columns| {
            names.extend(columns.names[names.len()..].iter().cloned());
            batch::trades::read(&mut history, columns, seen);
        })?;
        let answers = batch::trades::answers(history, names.len(), terms);
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
        speed::trades::apply(state, base, terms, event, record).map_err(look_up)
    }

    fn suspects(state: &mut Self::State) -> Vec<Query> {
        let query = |view: &str, key: String| Query { view: view.into(), key: Some(key) };
        let queries =
            |(name, day): (Name, i64)| [query("range", day_key(&name, day)), query("last", name.into())];
        state.changed().into_iter().flat_map(queries).collect()
    }

    fn partial(state: &Self::State, query: &Query) -> Self::Partial {
        match (query.view.as_str(), &query.key) {
            ("mean" | "last", key) => state.symbols(&query.view, key.as_deref()),
            (_, None) => state.days(None),
            (_, Some(key)) => match parse_day_key(key) {
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
        serving::trades::serve(base, partial, query).map_err(look_up)
    }
}

/// A look-up in a publication that failed.
fn look_up(cause: std::io::Error) -> LambdaError {
    LambdaError::Io { what: "looking up in a publication".into(), cause }
}
