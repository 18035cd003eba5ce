//! What goes wrong while following ends it with one clear line, and never with a wrong answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::sync::Arc;

use events::{append, log, records};
use kappa::{Kappa, KappaConfig, KappaError, Options, Task};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::log::{LogReader, Meta, RawRecord};
use workloads::{Log, LogError, Terms, Version};

/// What is odd about partition 1.
#[derive(Clone, Copy, PartialEq)]
enum Odd {
    Silent,
    Panics,
    Trimmed,
}

struct OddLog(MemoryLog, Odd);

impl Log for OddLog {
    fn meta(&self) -> &Meta {
        self.0.meta()
    }

    fn starts(&self) -> Result<Version, LogError> {
        if self.1 == Odd::Trimmed { Ok(Version(vec![0, 7])) } else { self.0.starts() }
    }

    fn heads(&self) -> Result<Version, LogError> {
        self.0.heads()
    }

    fn reader(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        let reader = self.0.reader(partition, offset)?;
        Ok(if partition == 1 { Box::new(OddReader(reader, self.1)) } else { reader })
    }

    fn offset_at(&self, partition: u32, time: i64) -> Result<u64, LogError> {
        self.0.offset_at(partition, time)
    }
}

struct OddReader(Box<dyn LogReader>, Odd);

impl LogReader for OddReader {
    fn read(&mut self, upto: u64, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError> {
        match self.1 {
            Odd::Silent => Ok(0),
            Odd::Panics if max > 1 => panic!("the pages of partition 1 are upside down"),
            _ => self.0.read(upto, max, out),
        }
    }

    fn position(&self) -> u64 {
        self.0.position()
    }
}

fn kappa(odd: Odd, workers: u32) -> Kappa {
    let log = log("orders", 2);
    append(&log, &records("orders", 1, 60, 2));
    let config = KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: None,
        workers,
        granularity: 1_000,
        version_ms: 0,
        spin: false,
        options: Options { stall_ms: 5_000, ..Options::default() },
    };
    let disk: SharedDisk = Arc::new(PowerLoss::new(0));
    Kappa::start(Arc::new(OddLog(log, odd)), &disk, &config).unwrap()
}

/// Steps through time until it ends. Threads take their real time to start: a step waits for them a little.
fn end(kappa: &mut Kappa, tick: i64) -> KappaError {
    for turn in 0..100_000 {
        if let Err(error) = kappa.step(turn * tick) {
            return error;
        }
        assert_eq!(kappa.version().unwrap().total(), 0, "nothing is complete");
    }
    panic!("it goes on")
}

#[test]
fn what_is_stuck_is_named() {
    for workers in [1, 2] {
        let error = end(&mut kappa(Odd::Silent, workers), 1_000).to_string();
        assert!(error.contains("for 5 s"), "{error}");
        assert!(error.contains(&format!("worker {}", workers - 1)), "{error}");
        assert!(error.contains("partition 1, read to 0 of"), "{error}");
    }
}

#[test]
fn a_process_that_was_stopped_has_not_waited() {
    let mut kappa = kappa(Odd::Silent, 1);
    for now in [0, 1, 3_600_000_000, 3_600_000_001] {
        kappa.step(now).unwrap();
    }
}

#[test]
fn a_worker_that_panics_ends_it_with_its_message() {
    let mut kappa = kappa(Odd::Panics, 2);
    let error = end(&mut kappa, 0).to_string();
    assert!(error.starts_with("worker 1 panicked: the pages of partition 1 are upside down"), "{error}");
    let query = workloads::Query { view: "spend".to_owned(), key: None };
    let rows = kappa.read(&[query]).unwrap().rows;
    assert!(rows[0].is_empty(), "the empty log's answer needs no worker");
    assert!(kappa.step(0).is_err());
    // Nor does anybody wait for what its neighbours will never hear.
    drop(kappa);
}

#[test]
fn a_log_that_has_let_go_its_start_cannot_be_asked_something_else() {
    let mut kappa = kappa(Odd::Trimmed, 1);
    while kappa.step(0).unwrap() {}
    let task = Task { terms: Terms { big_above: 1, ..Terms::default() }, views: Vec::new() };
    let refused = kappa.replace(task).unwrap_err().to_string();
    assert!(refused.contains("no longer at its start"), "{refused}");
    assert_eq!(kappa.status().beside, None);
}
