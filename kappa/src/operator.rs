//! The operator that holds a workload's rules and their state, and the one that holds what comes of them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::{Scope, Stream};
use timely::progress::frontier::MutableAntichain;
use workloads::Terms;

use crate::fold::hash;
use crate::names::SharedNames;
use crate::outlet::{Inlet, Lead};
use crate::sums::Held;
use crate::views::{Groupings, Rules};

type Acts<R> = Vec<<R as Rules>::Act>;

/// The right to let go changes at one time, for each of the outputs.
type Rights = Vec<Capability<u64>>;

/// Acts in, changes of every grouping that is asked for out: what leads them on is handed back.
///
/// # Contract
///
/// A time is carried out when nothing earlier can come any more, whole and in order; its changes are let go, and
/// with them the right to make any, when nothing more of the time itself can come.
pub(crate) fn carry_out<'scope, R: Rules>(
    scope: Scope<'scope, u64>,
    acts: Stream<'scope, u64, Acts<R>>,
    terms: &Terms,
    views: &[&str],
    names: SharedNames,
) -> Vec<Lead<'scope>> {
    let mut builder = OperatorBuilder::new("rules".to_owned(), scope);
    let mut input = builder.new_input(acts, Exchange::new(|act: &R::Act| hash(&R::group(act))));
    let mut changes = R::Changes::default();
    let leads: Vec<Lead<'scope>> =
        changes.folds().into_iter().filter_map(|fold| fold.open(&mut builder, views)).collect();
    let outputs = leads.len();
    let mut held = Waiting::<R> { rules: R::new(terms, views), waiting: BTreeMap::new(), changes, names };
    builder.build(move |_initial| {
        move |frontiers: &[MutableAntichain<u64>]| {
            input.for_each(|capability, acts| {
                let rights = || (0..outputs).map(|output| capability.retain(output)).collect();
                held.hold(*capability.time(), rights, std::mem::take(acts));
            });
            held.carry_out(earliest(&frontiers[0]));
        }
    });
    leads
}

/// Holds the sums of every grouping. What comes before the frontier that is told has come, at all workers.
pub(crate) fn hold<'scope>(
    scope: Scope<'scope, u64>,
    leads: Vec<Lead<'scope>>,
    frontier: Rc<Cell<u64>>,
) -> Vec<Box<dyn Held>> {
    let mut builder = OperatorBuilder::new("sums".to_owned(), scope);
    if leads.is_empty() {
        // An operator without inputs would never say that nothing comes.
        frontier.set(u64::MAX);
    }
    let inlets: Vec<Inlet> = leads.into_iter().map(|lead| lead(&mut builder)).collect();
    let (sums, mut takes): (Vec<_>, Vec<_>) =
        inlets.into_iter().map(|inlet| (inlet.sums, inlet.take)).unzip();
    builder.build(move |_initial| {
        move |frontiers: &[MutableAntichain<u64>]| {
            takes.iter_mut().for_each(|take| take());
            frontier.set(frontiers.iter().map(earliest).min().unwrap_or(u64::MAX));
        }
    });
    sums
}

/// The earliest time at which something may still come.
fn earliest(frontier: &MutableAntichain<u64>) -> u64 {
    frontier.frontier().first().copied().unwrap_or(u64::MAX)
}

/// The rules, and the acts whose time has not come.
struct Waiting<R: Rules> {
    rules: R,
    waiting: BTreeMap<u64, (Rights, Vec<Acts<R>>)>,
    /// Of the first waiting time alone.
    changes: R::Changes,
    names: SharedNames,
}

impl<R: Rules> Waiting<R> {
    fn hold(&mut self, time: u64, rights: impl FnOnce() -> Rights, acts: Acts<R>) {
        self.waiting.entry(time).or_insert_with(|| (rights(), Vec::new())).1.push(acts);
    }

    /// `open` is the earliest time at which acts may still come.
    fn carry_out(&mut self, open: u64) {
        while let Some(mut first) = self.waiting.first_entry() {
            let time = *first.key();
            if open < time {
                break;
            }
            for act in first.get_mut().1.drain(..).flatten() {
                self.rules.apply(&act, &mut self.changes);
            }
            if open == time {
                break;
            }
            let (rights, _) = first.remove();
            self.rules.close(&mut self.changes, &self.names.lock());
            let open = self.changes.folds().into_iter().filter(|fold| fold.is_open());
            open.zip(&rights).for_each(|(fold, right)| fold.let_go(right));
        }
    }
}
