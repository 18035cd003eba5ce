//! Temperatures are read in regions; what are they in the mean, and when is it too hot?

use crate::calendar::Unit;
use crate::view::{MergeClass, View};
use crate::{Event, Workload};

mod generate;
mod oracle;
mod region;

pub use generate::alerts;

/// The workload.
pub static SENSORS: Workload = Workload {
    name: "sensors",
    about: "Temperatures are read in regions. An alert is a state that a late reading changes afterwards: hard to merge.",
    views: VIEWS,
    generate: generate::generate,
    truth: oracle::truth,
    keys,
};

/// Seconds over which an alert and what is recent are formed.
pub const SPAN: i64 = 10;
/// An alert is raised by an average above this.
pub const RAISED_ABOVE: i128 = 30;
/// An alert is cleared by an average below this.
pub const CLEARED_BELOW: i128 = 29;

/// The questions asked of readings. A second is printed `REGION YYYY-MM-DDTHH:MM:SS`; averages are a sum over a count.
pub static VIEWS: &[View] = &[
    View {
        name: "average",
        about: "Average temperature of each region.",
        key: "region",
        columns: &["reading_sum", "count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "seconds",
        about: "Average temperature of each region in each second.",
        key: "region and second",
        columns: &["reading_sum", "count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "recent",
        about: "Average temperature of each region over the ten seconds that end with its newest.",
        key: "region",
        columns: &["reading_sum", "count"],
        merge: MergeClass::Ordered,
    },
    View {
        name: "alerts",
        about: "The seconds in which an alert was raised, with the average of the ten seconds up to each.",
        key: "region and second",
        columns: &["reading_sum", "count"],
        merge: MergeClass::Ordered,
    },
];

fn keys(view: &View, event: &Event, each: &mut dyn FnMut(String)) {
    let Event::Sensor(sensor) = event else { return };
    each(match view.key {
        "region and second" => Unit::Second.key(&sensor.region, Unit::Second.of(sensor.time)),
        _ => sensor.region.to_string(),
    });
}
