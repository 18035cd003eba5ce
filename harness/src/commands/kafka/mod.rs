//! Kafka from the command line: `wb topic`, `wb produce` and `wb consume`.

mod cluster;
pub mod consume;
mod fault;
pub mod produce;
pub mod topic;
mod wait;
mod watch;

pub use cluster::Cluster;
pub(super) use cluster::Reached;
pub(super) use fault::{Fault, said};
pub(super) use wait::wait;
pub(super) use watch::Watch;
