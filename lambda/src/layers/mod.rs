//! What the three layers of a workload are, and the list of the workloads that have them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use workloads::intake::Duplicates;
use workloads::{Query, Record, Rows, Terms, Version};

use crate::archive::Archive;
use crate::engine::{Engine, EngineError};
use crate::error::LambdaError;
use crate::growth::Grows;
use crate::publication::{Files, Loaded};
use crate::speed::sketch::Sketches;
use crate::stores::Cells;
use crate::student::WrongMerge;

mod orders;
mod sensors;
mod trades;
mod transfers;
mod words;

pub(crate) use orders::Orders;
pub(crate) use sensors::Sensors;
pub(crate) use trades::Trades;
pub(crate) use transfers::Transfers;
pub(crate) use words::Words;

/// Does something with the layers of the workload of that name, under a name for their type. The list of those that
/// have layers is here and nowhere else.
macro_rules! with_layers {
    ($workload:expr, $layers:ident => $what:expr) => {
        $crate::layers::with_layers!(@ $workload, $layers => $what;
            "orders" => Orders, "trades" => Trades, "words" => Words, "sensors" => Sensors,
            "transfers" => Transfers)
    };
    (@ $workload:expr, $layers:ident => $what:expr; $($name:literal => $of:ident),*) => {
        match $workload {
            $($name => {
                type $layers = $crate::layers::$of;
                $what
            })*
            other => return Err($crate::error::LambdaError::Workload(other.into())),
        }
    };
}

pub(crate) use with_layers;

/// A Lambda view is one question answered in three places: by the batch for everything up to a cut, by the speed
/// layer for everything after it, and by the serving layer, which makes one answer of the two.
pub(crate) trait Layers: Sized + Send + Sync + 'static {
    /// What the batch has published: its half of the answers, and what corrections of batched events need.
    type Base: Send + Sync;
    /// What the speed layer knows since a cut.
    type State: Default + Send;
    /// The speed layer's half of one answer.
    type Partial: Serialize + DeserializeOwned + Default + Send;
    /// How that half falls into cells, when it is kept in a store.
    type Cells: Cells<Self>;
    /// How a publication grows into the next one.
    type Growth: Grows<Self>;

    /// All of history up to the cut, from scratch. `seen` has seen nothing, and sees every record.
    fn batch(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Files, LambdaError>;
    /// The same for some views only, without what corrections of batched events need; everything where a workload does
    /// not tell them apart.
    fn some(
        archive: &Archive,
        cut: &Version,
        terms: &Terms,
        seen: &mut Duplicates,
        _: &[&str],
    ) -> Result<Files, LambdaError> {
        Self::batch(archive, cut, terms, seen)
    }
    /// The same with the answers of another engine; a workload need not have any use for one.
    fn asked(
        _: &dyn Engine,
        _: &Archive,
        _: &Version,
        _: &Terms,
        _: &mut Duplicates,
    ) -> Result<Files, LambdaError> {
        let cause = "this workload publishes nothing that an engine has computed: run `lambda` instead";
        Err(EngineError { what: "starting".to_owned(), cause: cause.to_owned() }.into())
    }
    /// What the batch publishes of an empty log.
    fn nothing(terms: &Terms) -> Files;
    /// A publication, ready to be asked.
    fn base(loaded: Loaded) -> Result<Self::Base, LambdaError>;
    /// A speed layer that has heard nothing; with sketches in place of sets where there are any to choose.
    fn begin(_: Option<Sketches>) -> Self::State {
        Self::State::default()
    }
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
    /// About how many bytes the speed layer holds for one view alone; 0 where it holds nothing but sums for several.
    fn held(_: &Self::State, _view: &str) -> u64 {
        0
    }
    /// By how much the rank of an amount of a day can be wrong.
    fn rank_error(_: &Self::State, _day: i64) -> u64 {
        0
    }
    /// Whether a bounded list of candidates is not enough for an answer, so that more than it is looked at.
    fn falls_back(_: &Self::Base, _: &Self::Partial, _: &Query) -> Result<bool, LambdaError> {
        Ok(false)
    }
    /// An answer by a merge that is wrong; absent if the workload has no such merge.
    fn mistaken(
        _: &Terms,
        _: &Self::Base,
        _: &Self::Partial,
        _: &Query,
        _: WrongMerge,
    ) -> Result<Option<Rows>, LambdaError> {
        Ok(None)
    }
}

/// A look-up in a publication that failed.
pub(crate) fn look_up(cause: std::io::Error) -> LambdaError {
    LambdaError::Io { what: "looking up in a publication".into(), cause }
}
