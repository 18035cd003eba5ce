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
//! * `binder`, `bindings`: which offsets a version stands for, and the file in which that is kept.
//! * `source`: from the log into the dataflow. `names`: customers, symbols and the like as numbers. `keys`: what is grouped by. `fold`, `places`: sums of one time. `shards`: large state.
//! * `operator`, `outlet`, `dataflow`: rules at work. `sums`, `shelf`, `reading`: what comes of them, and answers out of it.
//! * `engine`, `share`: a dataflow, and a worker with those of every job. `crew`, `team`: one worker, and several. `cluster`, [`Hand`]: several processes.
//! * `snapshot`: what is known at one version, written while later ones come, and taken up after a restart. `window`: the versions that can be read.
//! * [`Kappa`]: follows a log and answers. `course`: how far a job has come. `jobs`, `replace`, `task`, `pace`: another job beside the running one. `watch`: whether anything advances.
//! * [`Replay`]: fed by hand. [`Shift`]: the same by several workers.

mod binder;
mod bindings;
mod cluster;
mod course;
mod crew;
mod dataflow;
mod engine;
mod error;
mod fold;
mod follower;
mod hand;
mod jobs;
mod keys;
mod names;
mod operator;
pub mod options;
mod outlet;
mod pace;
mod places;
mod reading;
mod replace;
mod replay;
mod shards;
mod share;
mod shelf;
mod shift;
mod snapshot;
mod source;
mod sums;
mod task;
mod team;
pub mod views;
mod watch;
mod window;

pub use error::KappaError;
pub use follower::{Kappa, KappaConfig};
pub use hand::Hand;
pub use options::Options;
pub use pace::Ticks;
pub use replace::{Beside, Stage, Status};
pub use replay::Replay;
pub use shift::Shift;
pub use task::Task;
