//! Where the changes of one grouping leave the rules, for an arrangement of their own.

use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::trace::implementations::{ContainerChunker, KeyBatcher, KeyBuilder, KeySpine};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::Stream;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::OutputBuilder;
use timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use timely::dataflow::operators::probe::Handle as Probe;
use timely::dataflow::operators::{Capability, Probe as _};

use crate::fold::{Fold, Update, hash};
use crate::keys::Key;
use crate::reading::{Arranged, Arrangement};
use crate::views::{Grouping, asked};

/// What changes of one grouping.
type Updates<G> = Vec<Update<<G as Grouping>::Key, <G as Grouping>::Sum>>;

/// The output of the rules through which the changes of a grouping leave.
pub(crate) type Output<G> = OutputBuilder<u64, CapacityContainerBuilder<Updates<G>>>;

/// Arranges what leaves through an outlet, once the operator stands.
pub(crate) type Arrange<'scope> = Box<dyn FnOnce(&Probe<u64>) -> Box<dyn Arranged> + 'scope>;

/// A fold, whatever it folds.
pub trait Outlet {
    /// Opens it when one of the views that need it is asked for.
    #[doc(hidden)]
    fn open<'scope>(
        &mut self,
        builder: &mut OperatorBuilder<'scope, u64>,
        views: &[&str],
    ) -> Option<Arrange<'scope>>;
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
    ) -> Option<Arrange<'scope>> {
        if !asked(views, G::VIEWS) && !asked(views, G::BASIS_OF) {
            return None;
        }
        let (output, changes) = builder.new_output();
        self.output = Some(OutputBuilder::from(output));
        Some(Box::new(move |probe| Box::new(arrange::<G>(changes, probe))))
    }

    fn is_open(&self) -> bool {
        self.output.is_some()
    }

    fn let_go(&mut self, right: &Capability<u64>) {
        let mut updates = self.drain(*right.time());
        if let Some(output) = &mut self.output {
            output.activate().session(right).give_container(&mut updates);
        }
    }
}

/// Sums go to the worker of their key's home.
fn arrange<'scope, G: Grouping>(
    changes: Stream<'scope, u64, Updates<G>>,
    probe: &Probe<u64>,
) -> Arrangement<G> {
    let by_home = Exchange::new(|update: &Update<G::Key, G::Sum>| hash(&update.0.0.home()));
    let arranged = arrange_core::<
        _,
        _,
        ContainerChunker<Updates<G>>,
        KeyBatcher<G::Key, u64, G::Sum>,
        KeyBuilder<G::Key, u64, G::Sum>,
        KeySpine<G::Key, u64, G::Sum>,
    >(changes, by_home, &G::VIEWS.join(" "));
    arranged.stream.probe_with(probe);
    Arrangement(arranged.trace)
}
