//! Where the changes of one grouping leave the rules, and where they come to lie.

use std::cell::RefCell;
use std::rc::Rc;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::Stream;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;

use crate::fold::{Fold, Update, hash};
use crate::keys::Key;
use crate::sums::{Held, Sums, Updates};
use crate::views::{Grouping, asked};

/// The output of the rules through which the changes of a grouping leave.
pub(crate) type Output<G> = OutputBuilder<u64, CapacityContainerBuilder<Updates<G>>>;

/// Leads what leaves through an outlet into the operator that holds the sums.
pub(crate) type Lead<'scope> = Box<dyn FnOnce(&mut OperatorBuilder<'scope, u64>) -> Inlet + 'scope>;

/// The sums of a grouping, and what takes the changes of them that have come.
pub struct Inlet {
    pub(crate) sums: Box<dyn Held>,
    pub(crate) take: Box<dyn FnMut()>,
}

/// A fold, whatever it folds.
pub trait Outlet {
    /// Opens it when one of the views that need it is asked for.
    #[doc(hidden)]
    fn open<'scope>(
        &mut self,
        builder: &mut OperatorBuilder<'scope, u64>,
        views: &[&str],
    ) -> Option<Lead<'scope>>;
    /// Whether it was opened.
    fn is_open(&self) -> bool;
    /// Lets go the changes of one time, with the right to do so.
    #[doc(hidden)]
    fn let_go(&mut self, right: &Capability<u64>);
}

impl<G: Grouping> Outlet for Fold<G> {
    fn open<'scope>(
        &mut self,
        builder: &mut OperatorBuilder<'scope, u64>,
        views: &[&str],
    ) -> Option<Lead<'scope>> {
        if !asked(views, G::VIEWS) && !asked(views, G::BASIS_OF) {
            return None;
        }
        let (output, changes) = builder.new_output();
        self.output = Some(OutputBuilder::from(output));
        Some(Box::new(move |builder| lead::<G>(changes, builder)))
    }

    fn is_open(&self) -> bool {
        self.output.is_some()
    }

    fn let_go(&mut self, right: &Capability<u64>) {
        let mut updates = self.drain();
        if let Some(output) = &mut self.output {
            output.activate().session(right).give_container(&mut updates);
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
