//! Customers order, cancel and correct; what have they spent?

use crate::calendar::Unit;
use crate::view::{MergeClass, View};
use crate::{Event, Workload};

mod daily;
mod generate;
mod leaders;
mod oracle;

/// How many customers `top_customers` has.
pub const TOP: usize = 10;

/// The workload.
pub static ORDERS: Workload = Workload {
    name: "orders",
    about: "Customers order, cancel and correct. Sums and counts by key, which suit a batch and a speed layer best.",
    views: VIEWS,
    generate: generate::generate,
    truth: oracle::truth,
    keys,
};

/// The questions asked of orders.
pub static VIEWS: &[View] = &[
    View {
        name: "spend",
        about: "What each customer has spent, and in how many records.",
        key: "customer",
        columns: &["sum_cents", "count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "big_spenders",
        about: "The customers whose total is above the threshold.",
        key: "customer",
        columns: &["sum_cents", "count"],
        merge: MergeClass::Having,
    },
    View {
        name: "large_orders",
        about: "What each customer has spent in records that reach the threshold.",
        key: "customer",
        columns: &["sum_cents", "count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "revenue",
        about: "What everybody together has spent.",
        key: "all",
        columns: &["sum_cents", "count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "customers_per_day",
        about: "How many different customers have a record on each day.",
        key: "day",
        columns: &["customers"],
        merge: MergeClass::Distinct,
    },
    View {
        name: "top_customers",
        about: "The ten customers who have spent the most.",
        key: "customer",
        columns: &["sum_cents", "count"],
        merge: MergeClass::Top,
    },
    View {
        name: "median_order",
        about: "Twice the median of the amounts of each day, and how many there are.",
        key: "day",
        columns: &["twice_median_cents", "count"],
        merge: MergeClass::Holistic,
    },
];

fn keys(view: &View, event: &Event, each: &mut dyn FnMut(String)) {
    let Event::Order(order) = event else { return };
    each(match view.key {
        "all" => "all".to_owned(),
        "day" => Unit::Day.print(Unit::Day.of(order.time)),
        _ => order.customer.to_string(),
    });
}
