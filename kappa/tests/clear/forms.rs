//! What the clear forms are made with, and how they are run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use differential_dataflow::difference::Semigroup;
use differential_dataflow::input::Input;
use differential_dataflow::operators::CountTotal;
use differential_dataflow::{ExchangeData, Hashable, VecCollection};
use timely::dataflow::operators::probe::Handle;
use workloads::{Event, Origin, Place, Record, Row, Rows, Terms};

/// A collection; how often something is in it is a number as large as any sum.
pub(crate) type Flow<'scope, D> = VecCollection<'scope, u64, D, i128>;

/// What a record says.
pub(crate) type Fact = (Event, Place, Option<Origin>);

/// Keys as they are printed, and their rows.
pub(crate) type Printed = (String, Row);

/// The views of a workload by name, each as a function of all that was said.
pub(crate) type Forms = for<'scope> fn(Flow<'scope, Fact>, &Terms) -> Views<'scope>;

/// Views by name.
pub(crate) type Views<'scope> = Vec<(&'static str, Flow<'scope, Printed>)>;

/// Sums up what is said of each key: the sums are differences, and counting them makes them data.
pub(crate) fn totals<'scope, D, K, R>(
    flow: Flow<'scope, D>,
    mut logic: impl FnMut(D) -> (K, R) + 'static,
) -> Flow<'scope, (K, R)>
where
    D: ExchangeData,
    K: ExchangeData + Hashable,
    R: ExchangeData + Semigroup + differential_dataflow::difference::Multiply<i128, Output = R>,
{
    flow.explode(move |datum| Some(logic(datum))).count_total_core::<i128>()
}

/// Rows after each version, the versions being chunks of `granularity` records.
pub(crate) fn versions(
    records: Vec<Record>,
    granularity: usize,
    terms: Terms,
    forms: Forms,
) -> Vec<BTreeMap<&'static str, Rows>> {
    timely::execute_directly(move |worker| {
        let held = Rc::new(RefCell::new(BTreeMap::<(&'static str, Printed), i128>::new()));
        let probe = Handle::new();
        let mut names = Vec::new();
        let mut input = worker.dataflow::<u64, _, _>(|scope| {
            let (input, facts) = scope.new_collection::<Fact, i128>();
            for (view, rows) in forms(facts, &terms) {
                names.push(view);
                let held = Rc::clone(&held);
                rows.inspect(move |(row, _, times)| {
                    *held.borrow_mut().entry((view, row.clone())).or_default() += times;
                })
                .probe_with(&probe);
            }
            input
        });
        let mut versions = Vec::new();
        for (version, records) in (1..).zip(records.chunks(granularity)) {
            for record in records {
                input.update((record.event.clone(), record.place, record.origin), 1);
            }
            input.advance_to(version);
            input.flush();
            worker.step_while(|| probe.less_than(&version));
            versions.push(rows(&names, &mut held.borrow_mut()));
        }
        versions
    })
}

fn rows(
    names: &[&'static str],
    held: &mut BTreeMap<(&'static str, Printed), i128>,
) -> BTreeMap<&'static str, Rows> {
    held.retain(|_, times| *times != 0);
    let mut views: BTreeMap<_, _> = names.iter().map(|view| (*view, Rows::new())).collect();
    for ((view, (key, row)), times) in held.iter() {
        assert_eq!(*times, 1, "{view} has one row of {key}");
        let other = views.get_mut(view).unwrap().insert(key.clone(), row.clone());
        assert_eq!(other, None, "{view} has one row of {key}");
    }
    views
}
