//! The live page: what it shows is what the contestants answer, what it calls wrong is what the judge calls wrong, a
//! record gives the same again, and nobody who looks can hold it up.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use harness::clock::Clock;
use harness::logs::LogAddress;
use harness::plan::Events;
use harness::serve::record::Student;
use harness::serve::system::Ground;
use harness::serve::{Scene, System};
use lambda::options::Protocol;
use workloads::Terms;
use workloads::faults::SourceFaults;

mod pages;
mod systems;

pub(crate) fn scene(workload: &str) -> Scene {
    Scene {
        workload: workload.into(),
        seed: 5,
        rate: 400.0,
        partitions: 2,
        cut_ms: 2_000,
        round: 50_000,
        terms: Terms::default(),
        events: Events { keys: 12, cancellations: 0.1, corrections: 0.05, start: 1_700_000_000_000 },
        faults: SourceFaults::default(),
        student: Student::default(),
    }
}

pub(crate) fn student(handover: Protocol) -> Student {
    Student { dedup: None, lambda: lambda::Options { handover, ..lambda::Options::default() } }
}

pub(crate) fn ground(log: Option<&Path>) -> Ground {
    Ground::new(log.map(|folder| LogAddress::Folder(folder.to_owned())), |_| None).unwrap()
}

pub(crate) fn system(scene: Scene) -> System {
    System::new(scene, ground(None), Clock::start()).unwrap()
}

pub(crate) fn run(system: &mut System, ticks: u64) {
    (0..ticks).for_each(|_| system.tick().unwrap());
}
