//! The operator that holds a workload's rules and their state, and the one that holds what comes of them elsewhere.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use timely::communication::Push;
use timely::dataflow::channels::Message;
use timely::dataflow::channels::pact::{DistributorPact, Pipeline};
use timely::dataflow::channels::pushers::exchange::Distributor;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::{Scope, Stream};
use timely::progress::frontier::MutableAntichain;
use workloads::Name;

use crate::flow::names::Names;
use crate::flow::outlet::{Inlet, Lead, Opened, Site};
use crate::flow::sums::Held;
use crate::views::{Groupings, Rules};

/// Acts of names that are at home here, with their numbers.
pub(crate) type Acts<A> = Vec<(u32, A)>;

/// Acts on their way to the worker where their names are at home, which numbers them: together, so that none of them
/// is moved by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parcel<A> {
    pub(crate) home: u32,
    pub(crate) acts: Vec<(Name, A)>,
}

impl<A> Addressed for Parcel<A> {
    fn home(&self) -> usize {
        self.home as usize
    }
}

/// What says itself to which worker it goes.
pub(crate) trait Addressed {
    fn home(&self) -> usize;
}

/// Delivers what is addressed whole and at once.
pub(crate) struct Post;

impl<A: Addressed> Distributor<Vec<A>> for Post {
    fn partition<T: Clone, P: Push<Message<T, Vec<A>>>>(
        &mut self,
        parcels: &mut Vec<A>,
        time: &T,
        workers: &mut [P],
    ) {
        for parcel in parcels.drain(..) {
            let home = parcel.home();
            Message::push_at(&mut vec![parcel], time.clone(), &mut workers[home]);
        }
    }

    fn flush<T: Clone, P: Push<Message<T, Vec<A>>>>(&mut self, _time: &T, _workers: &mut [P]) {}
}

/// Acts as they come to the rules: those that were made here, and from the other workers, if there are any.
pub(crate) struct Flows<'scope, R: Rules> {
    pub(crate) here: Stream<'scope, u64, Acts<R::Act>>,
    pub(crate) sent: Option<Stream<'scope, u64, Vec<Parcel<R::Act>>>>,
}

/// What the rules are told, and what they tell.
pub(crate) struct Told {
    pub(crate) names: Rc<RefCell<Names>>,
    /// Acts after which what they change is let go; 0 waits until their time is complete.
    pub(crate) hurry: Rc<Cell<u64>>,
    pub(crate) frontier: Rc<Cell<u64>>,
    /// Whether acts of one name come to several workers.
    pub(crate) spread: bool,
}

/// The right to let go changes at one time, for each of the outputs.
type Rights = Vec<Capability<u64>>;

/// Acts of one time, in the batches that they came in.
type Waited<A> = (Rights, Vec<Acts<A>>);

/// Acts in, changes of every grouping that is asked for out: straight to their sums, or through what is handed back to
/// lead them on.
///
/// # Contract
///
/// A time is carried out when nothing earlier can come any more, whole and in order; its changes are let go, and
/// with them the right to make any, when nothing more of the time itself can come. What comes before the frontier that
/// is told has been let go here.
pub(crate) fn carry_out<'scope, R: Rules>(
    scope: Scope<'scope, u64>,
    flows: Flows<'scope, R>,
    views: &[&str],
    rules: Rc<Kept<R>>,
    told: Told,
) -> (Vec<Box<dyn Held>>, Vec<Lead<'scope>>) {
    let mut builder = OperatorBuilder::new("rules".to_owned(), scope);
    let again = scope.activator_for(builder.operator_info().address);
    let Told { names, hurry, frontier, spread } = told;
    let site = Site { alone: flows.sent.is_none(), spread, names: Rc::clone(&names) };
    let mut here = builder.new_input(flows.here, Pipeline);
    let mut sent = flows.sent.map(|sent| builder.new_input(sent, DistributorPact(|_workers| Post)));
    let mut changes = R::Changes::default();
    let (mut sums, mut leads) = (Vec::new(), Vec::new());
    for opened in changes.folds().into_iter().filter_map(|fold| fold.open(&mut builder, views, &site)) {
        match opened {
            Opened::Here(held) => sums.push(held),
            Opened::Out(lead) => leads.push(lead),
        }
    }
    let outputs = leads.len();
    let mut held = Waiting::<R> { rules, waiting: BTreeMap::new(), changes, names };
    builder.build(move |_initial| {
        move |frontiers: &[MutableAntichain<u64>]| {
            let rights =
                |capability: &dyn Fn(usize) -> Capability<u64>| (0..outputs).map(capability).collect();
            here.for_each(|capability, acts| {
                let rights = || rights(&|output| capability.retain(output));
                held.hold(*capability.time(), rights, std::mem::take(acts));
            });
            if let Some(sent) = &mut sent {
                sent.for_each(|capability, acts| {
                    let rights = || rights(&|output| capability.retain(output));
                    held.welcome(*capability.time(), rights, acts);
                });
            }
            let open = frontiers.iter().map(earliest).min().unwrap_or(u64::MAX);
            if hurry.get() == 0 {
                held.carry_out(open);
            } else if held.hurry(open, hurry.get() as usize) {
                again.activate();
            }
            frontier.set(held.first().map_or(open, |first| first.min(open)));
        }
    });
    (sums, leads)
}

/// Holds the sums of the groupings whose changes come from several workers. What comes before the frontier that is told
/// has come, at all workers.
pub(crate) fn hold<'scope>(
    scope: Scope<'scope, u64>,
    leads: Vec<Lead<'scope>>,
    frontier: Rc<Cell<u64>>,
) -> Vec<Box<dyn Held>> {
    if leads.is_empty() {
        // An operator without inputs would never say that nothing comes.
        frontier.set(u64::MAX);
        return Vec::new();
    }
    let mut builder = OperatorBuilder::new("sums".to_owned(), scope);
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

/// The rules, which carry acts out in the operator and are written outside of it.
pub(crate) struct Kept<R> {
    pub(crate) rules: RefCell<R>,
    /// The version at which a snapshot is to begin, which is still to come.
    pub(crate) due: Cell<Option<u64>>,
    /// How many names there were when the last one began.
    pub(crate) named: Cell<u32>,
}

impl<R> Kept<R> {
    pub(crate) fn new(rules: R) -> Self {
        Kept { rules: RefCell::new(rules), due: Cell::new(None), named: Cell::new(0) }
    }
}

/// The rules, and the acts whose time has not come.
struct Waiting<R: Rules> {
    rules: Rc<Kept<R>>,
    waiting: BTreeMap<u64, Waited<R::Act>>,
    /// Of the first waiting time alone.
    changes: R::Changes,
    names: Rc<RefCell<Names>>,
}

impl<R: Rules> Waiting<R> {
    fn hold(&mut self, time: u64, rights: impl FnOnce() -> Rights, acts: Acts<R::Act>) {
        self.waiting.entry(time).or_insert_with(|| (rights(), Vec::new())).1.push(acts);
    }

    /// Holds acts from another worker, whose names get their numbers now.
    fn welcome(&mut self, time: u64, rights: impl FnOnce() -> Rights, parcels: &mut Vec<Parcel<R::Act>>) {
        let mut acts = Vec::with_capacity(parcels.iter().map(|parcel| parcel.acts.len()).sum());
        let mut names = self.names.borrow_mut();
        let sent = parcels.drain(..).flat_map(|parcel| parcel.acts);
        acts.extend(sent.map(|(name, act)| (names.number(&name), act)));
        drop(names);
        self.hold(time, rights, acts);
    }

    fn first(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|(time, _)| *time)
    }

    /// Carries out so many acts of the first time and lets go at once what they changed. Says whether more wait.
    fn hurry(&mut self, open: u64, acts: usize) -> bool {
        let kept = Rc::clone(&self.rules);
        let mut rules = kept.rules.borrow_mut();
        let Some(mut first) = self.waiting.first_entry() else { return false };
        let (time, batches) = (*first.key(), &mut first.get_mut().1);
        if let Some(batch) = batches.first_mut() {
            for (name, act) in batch.drain(..acts.min(batch.len())) {
                rules.apply(name, &act, &mut self.changes);
            }
            if batch.is_empty() {
                batches.remove(0);
            }
        }
        let over = batches.is_empty();
        let rights = if over && open > time { first.remove().0 } else { first.get().0.clone() };
        self.let_go(&mut rules, time, &rights);
        !over || (open > time && !self.waiting.is_empty())
    }

    fn let_go(&mut self, rules: &mut R, time: u64, rights: &[Capability<u64>]) {
        let names = self.names.borrow();
        rules.close(&mut self.changes, &names);
        let mut rights = rights.iter();
        for fold in self.changes.folds() {
            let right = if fold.goes_out() { rights.next() } else { None };
            fold.let_go(time, right, &names);
        }
    }

    /// `open` is the earliest time at which acts may still come.
    fn carry_out(&mut self, open: u64) {
        let kept = Rc::clone(&self.rules);
        let mut rules = kept.rules.borrow_mut();
        loop {
            self.snapshot(&mut rules, open);
            let Some(mut first) = self.waiting.first_entry() else { break };
            let time = *first.key();
            if open < time {
                break;
            }
            for batch in first.get_mut().1.drain(..) {
                batch.iter().for_each(|(name, act)| rules.apply(*name, act, &mut self.changes));
            }
            if open == time {
                break;
            }
            let (rights, _) = first.remove();
            self.let_go(&mut rules, time, &rights);
        }
    }

    /// Begins the snapshot that is due, if all of its version has been carried out and nothing later.
    fn snapshot(&self, rules: &mut R, open: u64) {
        let next = self.waiting.keys().next().map_or(open, |time| open.min(*time));
        if self.rules.due.get().is_some_and(|due| due < next) {
            self.rules.due.set(None);
            self.rules.named.set(self.names.borrow().count());
            for table in rules.tables() {
                table.begin();
            }
        }
    }
}
