//! The live page: a Lambda, one with a weak hand-over, a Kappa and the truth side by side, while events arrive.
//!
//! Everything that is shown happens in ticks of a scripted clock, in one thread: what is due is appended, everybody
//! takes it in, and the same questions are asked of all. So a run follows from its seed and from the ticks at which
//! something was switched, and a record of these shows the same wrong answers again. What takes time by a real clock is
//! shown and never recorded.
//!
//! * [`record`]: what is run, and what was switched when. [`source`]: events whose faults can be switched.
//! * [`party`]: who takes part. [`oracle`]: what was true at each tick. [`system`]: one tick after the other, `round` what
//!   begins anew with a log.
//! * [`errors`]: wrong answers, by the judge's classes. [`frame`]: what the page is told.
//! * [`past`]: a finished run, played again from its judged reads.
//! * [`engine`]: keeps the ticks to the time of day. [`board`]: hands frames to whoever looks.
//! * [`http`] with `request`, [`door`], [`site`]: a page server that needs nothing else, and who may ask it what.

pub mod board;
pub mod door;
pub mod engine;
pub mod errors;
pub mod frame;
pub mod http;
pub mod oracle;
pub mod party;
pub mod past;
pub mod record;
mod request;
mod round;
pub mod site;
pub mod source;
pub mod system;

pub use record::{Record, Scene, Switch};
pub use system::System;

/// Microseconds of a tick.
pub const TICK_US: i64 = 50_000;
/// Ticks between two turns of a batch, so that what lies between its beginning and its publication can be seen.
pub const BATCH_TURN: u64 = 5;
/// Ticks between two frames of the page.
pub const FRAME_TICKS: u64 = 4;
/// Ticks between two rounds of questions that are judged.
pub const ASK_TICKS: u64 = 2;
