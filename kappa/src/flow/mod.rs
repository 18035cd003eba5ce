//! One job at one worker: from the log through the rules to the sums that answers are read from.

pub(crate) mod dataflow;
pub(crate) mod engine;
pub(crate) mod fold;
pub(crate) mod keys;
pub(crate) mod level;
pub(crate) mod names;
pub(crate) mod operator;
pub(crate) mod outlet;
pub(crate) mod past;
pub(crate) mod places;
pub(crate) mod reading;
pub(crate) mod shards;
pub(crate) mod shelf;
pub(crate) mod source;
pub(crate) mod sums;
