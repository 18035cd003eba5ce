//! The layers of `transfers`, as plumbing sees them.

use workloads::intake::Duplicates;
use workloads::{Event, Query, Record, Rows, Terms, Version};

use super::Layers;
use crate::archive::Archive;
use crate::error::LambdaError;
use crate::publication::transfers::TransfersBase;
use crate::publication::{Files, Loaded};
use crate::{batch, publication, serving, speed};

/// The layers of `transfers`.
pub(crate) struct Transfers;

impl Layers for Transfers {
    type Base = TransfersBase;
    type State = speed::transfers::Changes;
    type Partial = speed::transfers::Partial;
    type Cells = Self;
    type Growth = Self;

    fn batch(
        archive: &Archive,
        cut: &Version,
        _: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (mut found, mut names) = (batch::transfers::Answers::default(), Vec::new());
        archive.scan_facts(cut, seen.dedup(), &mut |facts| {
            names.extend(facts.texts()[names.len()..].iter().cloned());
            batch::transfers::read(&mut found, facts, seen);
        })?;
        Ok(publication::transfers::files(&names, &found, batch::transfers::total(&found)))
    }

    fn nothing(_: &Terms) -> Files {
        publication::transfers::files(&[], &Default::default(), None)
    }

    fn base(loaded: Loaded) -> Result<TransfersBase, LambdaError> {
        TransfersBase::open(loaded)
    }

    fn speed(
        _: &Terms,
        _: &TransfersBase,
        state: &mut Self::State,
        record: &Record,
    ) -> Result<(), LambdaError> {
        if let Event::Transfer(event) = &record.event {
            speed::transfers::apply(state, event);
        }
        Ok(())
    }

    fn suspects(_: &mut Self::State) -> Vec<Query> {
        // Nothing of the batch's is ever taken back.
        Vec::new()
    }

    fn partial(state: &Self::State, query: &Query) -> Self::Partial {
        match query.view.as_str() {
            "total" => state.total(),
            _ => state.accounts(query.key.as_deref()),
        }
    }

    fn serve(
        _: &Terms,
        base: &TransfersBase,
        partial: &Self::Partial,
        query: &Query,
    ) -> Result<Option<Rows>, LambdaError> {
        Ok(Some(serving::transfers::serve(base, partial, query)))
    }
}
