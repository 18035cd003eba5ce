//! The operator that holds a workload's rules and their state.

use std::collections::BTreeMap;

use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::{Scope, Stream};
use timely::progress::frontier::MutableAntichain;
use workloads::Terms;

use crate::fold::hash;
use crate::names::SharedNames;
use crate::outlet::Arrange;
use crate::views::{Groupings, Rules};

type Acts<R> = Vec<<R as Rules>::Act>;

/// The right to let go changes at one time, for each of the outputs.
type Rights = Vec<Capability<u64>>;

/// Acts in, changes of every grouping that is asked for out: what arranges them is handed back.
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
) -> Vec<Arrange<'scope>> {
    let mut builder = OperatorBuilder::new("rules".to_owned(), scope);
    let mut input = builder.new_input(acts, Exchange::new(|act: &R::Act| hash(&R::group(act))));
    let mut changes = R::Changes::default();
    let arrange: Vec<Arrange<'scope>> =
        changes.folds().into_iter().filter_map(|fold| fold.open(&mut builder, views)).collect();
    let outputs = arrange.len();
    let mut held = Held::<R> { rules: R::new(terms, views), waiting: BTreeMap::new(), changes, names };
    builder.build(move |_initial| {
        move |frontiers: &[MutableAntichain<u64>]| {
            input.for_each(|capability, acts| {
                let rights = || (0..outputs).map(|output| capability.retain(output)).collect();
                held.hold(*capability.time(), rights, std::mem::take(acts));
            });
            held.carry_out(frontiers[0].frontier().first().copied().unwrap_or(u64::MAX));
        }
    });
    arrange
}

/// The rules, and the acts whose time has not come.
struct Held<R: Rules> {
    rules: R,
    waiting: BTreeMap<u64, (Rights, Vec<Acts<R>>)>,
    /// Of the first waiting time alone.
    changes: R::Changes,
    names: SharedNames,
}

impl<R: Rules> Held<R> {
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
