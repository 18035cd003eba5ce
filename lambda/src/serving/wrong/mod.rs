//! Merges that are wrong: each makes one answer of two finished answers, as people do who have only those. The halves
//! are the same as for the right merge, which carries what these leave out.

pub(crate) mod orders;
pub(crate) mod trades;
