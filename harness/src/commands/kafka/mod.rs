//! Kafka from the command line: `wb topic`, `wb produce` and `wb consume`.

mod cluster;
pub mod consume;
mod fault;
pub mod produce;
pub mod topic;
mod watch;

pub use cluster::Cluster;
pub(super) use cluster::Reached;
pub(super) use fault::{Fault, said};
pub(super) use watch::Watch;
