//! **A Kappa view is one function of the log.**
//!
//! There is one layer: a stream that can be replayed. A view is written once, over all events from the first to the
//! newest; there is no second computation to catch up with, to merge with, or to disagree with. What changes the past
//! (a cancellation, a correction) enters as an event like any other and is *retracted* from the answer.
//!
//! Versions are logical times of a differential dataflow: what flows is what each of them adds to the sums of each
//! key. A version stands for a vector of offsets, bound before anything of it can be seen; it is complete when the
//! dataflow's frontier has passed it, and only then it is read, with its vector as a label. A replay binds the same
//! versions and so gives the same answers.
//!
//! The differences come to rest in sums by key that are read in place (`sums`): differential's own arrangements, whose
//! indexed batches are merged in the background, cost several times as much for versions of few events, and are needed
//! where differences are joined, which no view here does. The tests hold some views to their textbook form.
//!
//! # Layout
//!
//! * [`views`]: the rules of each workload, once. All else is plumbing.
//! * `versions`: which offsets a version stands for, the file in which that is kept, and which can be read.
//! * `flow`: one job at one worker: from the log into the dataflow, rules at work, their large state, and the sums that
//!   answers come out of.
//! * `workers`: one, several, and several processes ([`Hand`]); how they share their time, and whether they advance.
//! * `snapshot`: what is known at one version, written while later ones come, and taken up after a restart.
//! * `sink`: a store that is fed with what complete versions change ([`Sink`]).
//! * [`Kappa`]: follows a log and answers. `jobs`: another job beside the one that answers, and the switch to it.
//! * [`Replay`]: fed by hand. [`Shift`]: the same by several workers.

mod answers;
mod error;
mod flow;
mod follower;
mod jobs;
pub mod options;
mod replay;
mod shift;
mod sink;
mod snapshot;
mod versions;
pub mod views;
mod workers;

pub use answers::Draft;
pub use error::KappaError;
pub use follower::{Kappa, KappaConfig};
pub use jobs::replace::{Beside, Stage, Status};
pub use jobs::task::Task;
pub use options::Options;
pub use replay::Replay;
pub use shift::{Shift, Turn};
pub use sink::{Changed, Sink};
pub use workers::hand::Hand;
pub use workers::pace::Ticks;
