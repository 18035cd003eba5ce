//! The operator that holds a workload's rules and their state.

use std::collections::BTreeMap;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::{Scope, Stream};
use timely::progress::frontier::MutableAntichain;
use workloads::Terms;

use crate::fold::{Update, hash};
use crate::views::{Changes, Rules};

type Acts<R> = Vec<<R as Rules>::Act>;
type Fine<R> = Vec<Update<<R as Rules>::FineKey, <R as Rules>::Fine>>;
type Coarse<R> = Vec<Update<<R as Rules>::CoarseKey, <R as Rules>::Coarse>>;

/// The right to let go changes at one time, for each of the two outputs.
type Rights = (Capability<u64>, Capability<u64>);

/// Acts in, changes of the fine and of the coarse sums out.
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
) -> (Stream<'scope, u64, Fine<R>>, Stream<'scope, u64, Coarse<R>>) {
    let mut builder = OperatorBuilder::new("rules".to_owned(), scope);
    let mut input = builder.new_input(acts, Exchange::new(|act: &R::Act| hash(&R::group(act))));
    let (fine, fine_stream) = builder.new_output();
    let (coarse, coarse_stream) = builder.new_output();
    let mut fine = OutputBuilder::<u64, CapacityContainerBuilder<Fine<R>>>::from(fine);
    let mut coarse = OutputBuilder::<u64, CapacityContainerBuilder<Coarse<R>>>::from(coarse);
    let mut held = Held::<R>::new(terms, views);
    builder.build(move |_initial| {
        move |frontiers: &[MutableAntichain<u64>]| {
            input.for_each(|capability, acts| {
                let rights = || (capability.retain(0), capability.retain(1));
                held.hold(*capability.time(), rights, std::mem::take(acts));
            });
            let open = frontiers[0].frontier().first().copied().unwrap_or(u64::MAX);
            let (mut fine, mut coarse) = (fine.activate(), coarse.activate());
            held.carry_out(open, |rights, mut fine_changes, mut coarse_changes| {
                fine.session(&rights.0).give_container(&mut fine_changes);
                coarse.session(&rights.1).give_container(&mut coarse_changes);
            });
        }
    });
    (fine_stream, coarse_stream)
}

/// The rules, and the acts whose time has not come.
struct Held<R: Rules> {
    rules: R,
    waiting: BTreeMap<u64, (Rights, Vec<Acts<R>>)>,
    /// Of the first waiting time alone.
    changes: Changes<R>,
}

impl<R: Rules> Held<R> {
    fn new(terms: &Terms, views: &[&str]) -> Self {
        Held { rules: R::new(terms, views), waiting: BTreeMap::new(), changes: Changes::new() }
    }

    fn hold(&mut self, time: u64, rights: impl FnOnce() -> Rights, acts: Acts<R>) {
        self.waiting.entry(time).or_insert_with(|| (rights(), Vec::new())).1.push(acts);
    }

    /// `open` is the earliest time at which acts may still come.
    fn carry_out(&mut self, open: u64, mut let_go: impl FnMut(&Rights, Fine<R>, Coarse<R>)) {
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
            let (fine, coarse) = (self.changes.fine.drain(time), self.changes.coarse.drain(time));
            let_go(&rights, fine, coarse);
        }
    }
}
