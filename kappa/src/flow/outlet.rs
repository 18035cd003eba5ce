//! Where the changes of one grouping leave the rules, and where they come to lie.

use std::cell::RefCell;
use std::rc::Rc;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::Stream;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;

use crate::flow::fold::{Fold, Update, hash};
use crate::flow::keys::Key;
use crate::flow::sums::{Held, Sums, Updates};
use crate::views::{Grouping, asked};

/// The output of the rules through which the changes of a grouping leave.
pub(crate) type Output<G> = OutputBuilder<u64, CapacityContainerBuilder<Updates<G>>>;

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
    /// Opens it when one of the views that need it is asked for; `alone` when there is one worker.
    #[doc(hidden)]
    fn open<'scope>(
        &mut self,
        builder: &mut OperatorBuilder<'scope, u64>,
        views: &[&str],
        alone: bool,
    ) -> Option<Opened<'scope>>;
    /// The views that it is for, each with the form in which it is kept.
    fn forms(&self) -> Vec<(&'static str, &'static str)>;
    /// Whether it has an output.
    fn goes_out(&self) -> bool;
    /// Lets go the changes of one time; of what goes out, with the right to do so.
    #[doc(hidden)]
    fn let_go(&mut self, time: u64, right: Option<&Capability<u64>>);
}

impl<G: Grouping> Outlet for Fold<G> {
    fn open<'scope>(
        &mut self,
        builder: &mut OperatorBuilder<'scope, u64>,
        views: &[&str],
        alone: bool,
    ) -> Option<Opened<'scope>> {
        if !asked(views, G::VIEWS) && !asked(views, G::BASIS_OF) {
            return None;
        }
        if alone || G::Key::HERE {
            let sums = Rc::new(RefCell::new(Sums::<G>::default()));
            self.way = Way::Here(Rc::clone(&sums));
            return Some(Opened::Here(Box::new(sums)));
        }
        let (output, changes) = builder.new_output();
        self.way = Way::Out(OutputBuilder::from(output));
        Some(Opened::Out(Box::new(move |builder| lead::<G>(changes, builder))))
    }

    fn forms(&self) -> Vec<(&'static str, &'static str)> {
        G::VIEWS.iter().map(|view| (*view, G::form(view))).collect()
    }

    fn goes_out(&self) -> bool {
        matches!(self.way, Way::Out(_))
    }

    fn let_go(&mut self, time: u64, right: Option<&Capability<u64>>) {
        let mut updates = self.drain();
        match (&mut self.way, right) {
            (Way::Here(sums), _) => sums.borrow_mut().take(time, updates),
            (Way::Out(output), Some(right)) => output.activate().session(right).give_container(&mut updates),
            _ => {}
        }
    }
}

/// Changes go to the worker of their key's home.
fn lead<'scope, G: Grouping>(
    changes: Stream<'scope, u64, Updates<G>>,
    builder: &mut OperatorBuilder<'scope, u64>,
) -> Inlet {
    let by_home = Exchange::new(|update: &Update<G::Key, G::Sum>| hash(&update.0.home()));
    let mut input = builder.new_input(changes, by_home);
    let sums = Rc::new(RefCell::new(Sums::<G>::default()));
    let held = Rc::clone(&sums);
    let take = move || {
        let mut sums = sums.borrow_mut();
        input.for_each(|time, updates| sums.take(*time.time(), std::mem::take(updates)));
    };
    Inlet { sums: Box::new(held), take: Box::new(take) }
}
