//! The layers of `words`, as plumbing sees them.

use workloads::calendar::Unit;
use workloads::intake::Duplicates;
use workloads::{Event, Query, Record, Rows, Terms, Version};

use super::Layers;
use crate::archive::Archive;
use crate::error::LambdaError;
use crate::publication::words::WordsBase;
use crate::publication::{Files, Loaded};
use crate::{batch, publication, serving, speed};

/// The layers of `words`.
pub(crate) struct Words;

impl Layers for Words {
    type Base = WordsBase;
    type State = speed::words::Changes;
    type Partial = speed::words::Partial;
    type Cells = Self;
    type Growth = Self;

    fn batch(
        archive: &Archive,
        cut: &Version,
        _: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let (mut found, mut names) = (batch::words::Answers::default(), Vec::new());
        archive.scan_facts(cut, seen.dedup(), &mut |facts| {
            names.extend(facts.names()[names.len()..].iter().cloned());
            batch::words::read(&mut found, facts, seen);
        })?;
        Ok(publication::words::files(&names, &found))
    }

    fn nothing(_: &Terms) -> Files {
        publication::words::files(&[], &Default::default())
    }

    fn base(loaded: Loaded) -> Result<WordsBase, LambdaError> {
        WordsBase::open(loaded)
    }

    fn speed(_: &Terms, _: &WordsBase, state: &mut Self::State, record: &Record) -> Result<(), LambdaError> {
        if let Event::Word(event) = &record.event {
            speed::words::apply(state, event);
        }
        Ok(())
    }

    fn suspects(_: &mut Self::State) -> Vec<Query> {
        // Nothing of the batch's is ever taken back.
        Vec::new()
    }

    fn partial(state: &Self::State, query: &Query) -> Self::Partial {
        let key = query.key.as_deref();
        match (query.view.as_str(), key.map(|key| Unit::Second.parse_key(key))) {
            ("totals", _) => state.totals(key),
            (_, Some(None)) => Self::Partial::default(),
            (_, window) => state.windows(window.flatten()),
        }
    }

    fn serve(
        _: &Terms,
        base: &WordsBase,
        partial: &Self::Partial,
        query: &Query,
    ) -> Result<Option<Rows>, LambdaError> {
        Ok(Some(serving::words::serve(base, partial, query)))
    }
}
