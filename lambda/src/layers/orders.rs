//! The layers of `orders`, as plumbing sees them.

use workloads::intake::Duplicates;
use workloads::{Event, Name, Query, Record, Rows, Terms, Version};

use super::Layers;
use crate::archive::Archive;
use crate::engine::{self, Engine};
use crate::error::LambdaError;
use crate::publication::orders::OrdersBase;
use crate::publication::{Files, Loaded};
use crate::speed::sketch::Sketches;
use crate::student::WrongMerge;
use crate::{batch, publication, serving, speed};

/// The layers of `orders`.
pub(crate) struct Orders;

impl Layers for Orders {
    type Base = OrdersBase;
    type State = speed::orders::Changes;
    type Partial = speed::orders::Partial;
    type Cells = Self;

    fn batch(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (history, names) = history(archive, cut, seen)?;
        let answers = batch::orders::answers(history, &names, terms);
        Ok(publication::orders::files(&names, &answers))
    }

    fn asked(
        engine: &dyn Engine,
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (history, names) = history(archive, cut, seen)?;
        let mut session = engine::begin(engine, "orders", archive, cut, terms, seen.dedup())?;
        let answers = engine::orders::answers(&mut *session, history, &names, terms)?;
        Ok(publication::orders::files(&names, &answers))
    }

    fn nothing(terms: &Terms) -> Files {
        publication::orders::files(&[], &batch::orders::answers(Default::default(), &[], terms))
    }

    fn base(loaded: Loaded) -> Result<OrdersBase, LambdaError> {
        OrdersBase::open(loaded)
    }

    fn begin(sketches: Option<Sketches>) -> Self::State {
        speed::orders::Changes::new(sketches)
    }

    fn speed(
        terms: &Terms,
        base: &OrdersBase,
        state: &mut Self::State,
        record: &Record,
    ) -> Result<(), LambdaError> {
        let Event::Order(event) = &record.event else { return Ok(()) };
        speed::orders::apply(state, base, terms, event, record.place).map_err(super::look_up)
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
        serving::orders::serve(terms, base, partial, query).map(Some).map_err(super::look_up)
    }

    fn held(state: &Self::State, view: &str) -> u64 {
        match view {
            "customers_per_day" => state.bytes().0,
            "median_order" => state.bytes().1,
            _ => 0,
        }
    }

    fn rank_error(state: &Self::State, day: i64) -> u64 {
        state.rank_error(day)
    }

    fn falls_back(base: &OrdersBase, partial: &Self::Partial, query: &Query) -> Result<bool, LambdaError> {
        match query.view.as_str() {
            "top_customers" => serving::orders::looks_at_everybody(base, partial).map_err(super::look_up),
            _ => Ok(false),
        }
    }

    fn mistaken(
        terms: &Terms,
        base: &OrdersBase,
        partial: &Self::Partial,
        query: &Query,
        wrong: WrongMerge,
    ) -> Result<Option<Rows>, LambdaError> {
        serving::wrong::orders::serve(terms, base, partial, query, wrong).map_err(super::look_up)
    }
}

/// What the archive holds below a cut, each record once, and the names in it.
fn history(
    archive: &Archive,
    cut: &Version,
    seen: &mut Duplicates,
) -> Result<(batch::orders::History, Vec<Name>), LambdaError> {
    let (mut history, mut names) = (batch::orders::History::default(), Vec::new());
    history.placed.reserve(cut.total() as usize);
    archive.scan_orders(cut, seen.dedup(), &mut |columns| {
        names.extend(columns.names[names.len()..].iter().cloned());
        batch::orders::read(&mut history, columns, seen);
    })?;
    Ok((history, names))
}
