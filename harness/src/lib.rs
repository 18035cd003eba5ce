//! The contest: runs, judges, measures and reports the contestants. Knows everyone; nobody knows it.
//!
//! # Layout
//!
//! plan -> generate -> run (a child process a component) -> observations -> measurements -> report, each arrow a
//! function over files.
//!
//! * [`plan`]: what is to be run. [`contestants`]: who takes part.
//! * [`protocol`]: the line protocol of a component. [`child`]: hosts one. [`driver`]: starts them, appends, reads.
//!   [`clock`]: the one clock of a run. [`commands`]: the command line. [`upto`]: an answer over a finished log.
//! * [`logs`]: where a log is, and how it is opened. [`feed`]: trades over WebSocket, from a real feed or a simulated one.
//!   [`lang`]: what people read, in the language that they read.
//! * [`observe`]: the files a run leaves. [`judge`]: what class each read is of.
//! * [`limits`]: how fast each part can be, beside a plain loop. [`capacity`]: the highest rate that somebody keeps up with.
//! * [`stepped`]: a whole run in one thread, repeatable. [`switches`]: every mistake of a Lambda in one.
//!   [`counterexamples`]: the smallest log that shows what is wrong with a merge. [`merges`]: what a right one carries.
//!   [`sketches`]: an approximate speed layer beside the exact one.
//! * [`measures`], [`report`]. [`serve`]: the live page.

pub mod capacity;
pub mod child;
pub mod clock;
pub mod commands;
pub mod contestants;
pub mod counterexamples;
pub mod driver;
pub mod feed;
pub mod judge;
pub mod lang;
pub mod limits;
pub mod logs;
pub mod measures;
pub mod merges;
pub mod observe;
pub mod plan;
pub mod protocol;
pub mod replacing;
pub mod report;
pub mod serve;
pub mod sketches;
pub mod stepped;
pub mod switches;
pub mod upto;
