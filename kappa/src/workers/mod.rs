//! Who does the work: one worker or several, in threads and in processes, and whether they advance.

pub(crate) mod cluster;
pub(crate) mod crew;
pub(crate) mod hand;
pub(crate) mod mesh;
pub(crate) mod pace;
pub(crate) mod share;
pub(crate) mod team;
pub(crate) mod watch;
