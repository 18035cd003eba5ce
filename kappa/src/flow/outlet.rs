//! Where the changes of one grouping leave the rules, and where they come to lie.

use std::cell::RefCell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::Stream;
use timely::dataflow::channels::pact::DistributorPact;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use workloads::Name;

use crate::flow::fold::{Fold, Update};
use crate::flow::keys::Key;
use crate::flow::names::Names;
use crate::flow::operator::{Addressed, Post};
use crate::flow::sums::{Held, Sums};
use crate::views::{Grouping, asked};

/// Changes of a grouping on their way to the worker where their keys are at home, each with its key's name where keys are of
/// names: the number of a name is its worker's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bundle<K, S> {
    home: u32,
    names: Vec<Name>,
    updates: Vec<Update<K, S>>,
}

/// Bundles of a grouping.
type Bundles<G> = Vec<Bundle<<G as Grouping>::Key, <G as Grouping>::Sum>>;

/// The output of the rules through which the changes of a grouping leave.
pub(crate) type Output<G> = OutputBuilder<u64, CapacityContainerBuilder<Bundles<G>>>;

/// Where the rules are carried out.
pub(crate) struct Site {
    /// There is one worker.
    pub(crate) alone: bool,
    /// Acts of one name come to several workers.
    pub(crate) spread: bool,
    pub(crate) names: Rc<RefCell<Names>>,
}

impl<K, S> Addressed for Bundle<K, S> {
    fn home(&self) -> usize {
        self.home as usize
    }
}

/// Leads what leaves through an outlet into the operator that holds the sums.
pub(crate) type Lead<'scope> = Box<dyn FnOnce(&mut OperatorBuilder<'scope, u64>) -> Inlet + 'scope>;

/// The sums of a grouping, and what takes the changes of them that have come.
pub(crate) struct Inlet {
    pub(crate) sums: Box<dyn Held>,
    pub(crate) take: Box<dyn FnMut()>,
}

/// Which way the changes of a grouping go.
pub(crate) enum Way<G: Grouping> {
    /// Nobody asks for them.
    None,
    /// The sums are those of this worker.
    Here(Rc<RefCell<Sums<G>>>),
    /// The sums may be those of another.
    Out(Output<G>),
}

/// What became of an outlet that was opened.
pub(crate) enum Opened<'scope> {
    /// Changes go straight to these sums.
    Here(Box<dyn Held>),
    /// Changes leave through an output.
    Out(Lead<'scope>),
}

/// A fold, whatever it folds.
#[allow(private_interfaces, reason = "only the dataflow opens outlets")]
pub trait Outlet {
    /// Opens it when one of the views that need it is asked for.
    #[doc(hidden)]
    fn open<'scope>(
        &mut self,
        builder: &mut OperatorBuilder<'scope, u64>,
        views: &[&str],
        site: &Site,
    ) -> Option<Opened<'scope>>;
    /// The views that it is for, each with the form in which it is kept.
    fn forms(&self) -> Vec<(&'static str, &'static str)>;
    /// Whether it has an output.
    fn goes_out(&self) -> bool;
    /// Lets go the changes of one time; of what goes out, with the right to do so.
    #[doc(hidden)]
    fn let_go(&mut self, time: u64, right: Option<&Capability<u64>>, names: &Names);
}

impl<G: Grouping> Outlet for Fold<G> {
    fn open<'scope>(
        &mut self,
        builder: &mut OperatorBuilder<'scope, u64>,
        views: &[&str],
        site: &Site,
    ) -> Option<Opened<'scope>> {
        if !asked(views, G::VIEWS) && !asked(views, G::BASIS_OF) {
            return None;
        }
        if site.alone || (G::Key::HERE && !site.spread) {
            let sums = Rc::new(RefCell::new(Sums::<G>::default()));
            self.way = Way::Here(Rc::clone(&sums));
            return Some(Opened::Here(Box::new(sums)));
        }
        let (output, changes) = builder.new_output();
        self.way = Way::Out(OutputBuilder::from(output));
        let names = Rc::clone(&site.names);
        Some(Opened::Out(Box::new(move |builder| lead::<G>(changes, builder, names))))
    }

    fn forms(&self) -> Vec<(&'static str, &'static str)> {
        G::VIEWS.iter().map(|view| (*view, G::form(view))).collect()
    }

    fn goes_out(&self) -> bool {
        matches!(self.way, Way::Out(_))
    }

    fn let_go(&mut self, time: u64, right: Option<&Capability<u64>>, names: &Names) {
        let updates = self.drain();
        match (&mut self.way, right) {
            (Way::Here(sums), _) => sums.borrow_mut().take(time, updates),
            (Way::Out(output), Some(right)) => {
                output.activate().session(right).give_container(&mut bundles(updates, names));
            }
            _ => {}
        }
    }
}

/// Changes by the worker where their keys are at home.
fn bundles<K: Key, S>(updates: Vec<Update<K, S>>, names: &Names) -> Vec<Bundle<K, S>> {
    let mut bundles: Vec<Bundle<K, S>> = Vec::new();
    for (key, sum) in updates {
        let number = key.number();
        let home = number.map_or_else(|| names.led(key.home()), |number| names.home(number)) as u32;
        let place = bundles.iter().position(|bundle| bundle.home == home);
        let bundle = match place {
            Some(place) => &mut bundles[place],
            None => {
                bundles.push(Bundle { home, names: Vec::new(), updates: Vec::new() });
                bundles.last_mut().expect("it was added")
            }
        };
        bundle.names.extend(number.map(|number| names.name(number).into()));
        bundle.updates.push((key, sum));
    }
    bundles
}

/// Changes go to the worker of their key's home.
fn lead<'scope, G: Grouping>(
    changes: Stream<'scope, u64, Bundles<G>>,
    builder: &mut OperatorBuilder<'scope, u64>,
    names: Rc<RefCell<Names>>,
) -> Inlet {
    let mut input = builder.new_input(changes, DistributorPact(|_workers| Post));
    let sums = Rc::new(RefCell::new(Sums::<G>::default()));
    let held = Rc::clone(&sums);
    let take = move || {
        let (mut sums, mut known) = (sums.borrow_mut(), names.borrow_mut());
        input.for_each(|time, bundles| {
            for Bundle { names, mut updates, .. } in bundles.drain(..) {
                for ((key, _), name) in updates.iter_mut().zip(&names) {
                    *key = key.renumbered(known.number(name));
                }
                sums.take(*time.time(), updates);
            }
        });
    };
    Inlet { sums: Box::new(held), take: Box::new(take) }
}
