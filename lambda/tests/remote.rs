//! Speed and serving layer as two components that meet at a socket.

#![allow(clippy::unwrap_used)]

mod rig;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lambda::{Batch, LambdaConfig, Serving, Speed};
use rig::{Case, Rig};
use workloads::files::SharedDisk;
use workloads::{Log, Query};

#[test]
fn every_answer_over_the_socket_is_true_at_its_label() {
    let all = workloads::WORKLOADS.iter().map(|workload| workload.name);
    for (seed, workload) in (0..).zip(all) {
        run(Case { restarts: 0, events: 400, cut_every: 40, ..Case::random(workload, seed) });
    }
}

fn run(case: Case) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("speed");
    let mut rig = Rig::new(case);
    let (log, disk) = rig.shared();
    let stop = AtomicBool::new(false);
    let mut config = rig.config();
    let alone = config.clone();
    config.socket = Some(socket.clone());
    std::thread::scope(|scope| {
        let _ends = Ends(&stop);
        let shared = rig.shared();
        scope.spawn(|| speed_until(&stop, shared, alone, &socket));
        rig.serving = Some(Serving::start(log, &disk, &config).unwrap());
        let until = Instant::now() + Duration::from_secs(30);
        let heads = |rig: &Rig| rig.log.heads().unwrap();
        // How far the other thread is when this one appends is not known, so it goes on until there was enough to see.
        let short = |rig: &Rig| rig.sent.len() < 400 || rig.reads <= 10 || rig.publications <= 2;
        while short(&rig) || rig.serving.as_ref().unwrap().version() != Some(heads(&rig)) {
            if short(&rig) {
                rig.append();
            }
            rig.step_batch();
            rig.step_serving();
            rig.try_read();
            assert!(Instant::now() < until, "it does not catch up: {:?}", rig.case);
        }
        let views = workloads::workload(rig.case.workload).unwrap().views;
        for view in views {
            rig.check(&[Query { view: view.name.into(), key: None }]);
        }
    });
}

/// Ends the speed layer's thread, however the test ends.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A speed layer in a thread of its own, as long as `over` is not set.
fn speed_until(
    over: &AtomicBool,
    rig: (Arc<dyn Log>, SharedDisk),
    config: LambdaConfig,
    socket: &Path,
) -> Option<String> {
    let mut speed = Speed::start(rig.0, &rig.1, &config, socket).unwrap();
    while !over.load(Ordering::Relaxed) {
        if !speed.step(0).unwrap() {
            std::thread::yield_now();
        }
    }
    speed.refused().map(str::to_owned)
}

/// Steps both components that this thread has until everything in the log can be read over the newest publication.
fn settle(rig: &mut Rig) {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let heads = rig.log.heads().unwrap();
        let moved = rig.batch.is_some() && rig.step_batch();
        if !(rig.step_serving() | moved) && rig.serving.as_ref().unwrap().version() == Some(heads) {
            return;
        }
        assert!(Instant::now() < until, "it does not catch up: {:?}", rig.case);
    }
}

#[test]
fn two_processes_fall_back_to_the_publication_before_a_damaged_one() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("speed");
    let mut rig = Rig::new(Case { restarts: 0, cut_every: 10, ..Case::random("orders", 7) });
    // In one process at first, until there are two publications.
    while rig.batch.as_ref().is_none_or(|batch| batch.number() < 2) {
        rig.append();
        rig.step_batch();
        rig.step_serving();
    }
    (rig.batch, rig.serving, rig.claimed) = (None, None, None);
    let disk = rig.shared().1;
    let views = rig.config().state.join("views");
    let newest = String::from_utf8(disk.read(&views.join("CURRENT")).unwrap()).unwrap();
    let spoilt = views.join(format!("{:0>10}-spent", newest.trim()));
    let mut bytes = disk.read(&spoilt).unwrap();
    bytes.push(1);
    disk.create(&spoilt).unwrap().append(&bytes).unwrap();

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ends = Ends(&over);
        let (shared, config) = (rig.shared(), rig.config());
        let speed = scope.spawn(|| speed_until(&over, shared, config, &socket));
        let (log, disk) = rig.shared();
        let apart = LambdaConfig { socket: Some(socket.clone()), ..rig.config() };
        rig.serving = Some(Serving::start(log, &disk, &apart).unwrap());
        settle(&mut rig);
        let said = rig.serving.as_ref().unwrap().refused().unwrap().to_owned();
        assert!(said.contains("its length or its checksum") && !said.contains('\n'), "{said}");
        rig.check(&[Query { view: "spend".into(), key: None }]);
        // The next publication is whole, and both go on with it.
        while rig.batch.as_ref().is_none_or(|batch| batch.number().to_string() == newest.trim()) {
            rig.append();
            rig.step_batch();
            rig.step_serving();
        }
        settle(&mut rig);
        assert_eq!(rig.serving.as_ref().unwrap().refused(), None);
        rig.check(&[Query { view: "spend".into(), key: None }]);
        drop(ends);
        assert_eq!(speed.join().unwrap(), None);
    });
}

#[test]
fn each_of_two_processes_takes_up_again_where_the_other_is() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("speed");
    let mut rig = Rig::new(Case { restarts: 0, cut_every: 10, ..Case::random("trades", 8) });
    for round in 0..6 {
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let ends = Ends(&over);
            let (shared, config) = (rig.shared(), rig.config());
            let speed = scope.spawn(|| speed_until(&over, shared, config, &socket));
            // Every other time it is the speed layer alone that starts again.
            if round % 2 == 0 {
                let (log, disk) = rig.shared();
                let apart = LambdaConfig { socket: Some(socket.clone()), ..rig.config() };
                (rig.serving, rig.claimed) = (Some(Serving::start(log, &disk, &apart).unwrap()), None);
            }
            let before = rig.batch.as_ref().map_or(0, Batch::number);
            // The serving layer sees some of the publications, and of those that follow none.
            while rig.batch.as_ref().is_none_or(|batch| batch.number() < before + 5) {
                rig.append();
                rig.step_batch();
                if rig.dice.percent(20) {
                    rig.step_serving();
                }
            }
            settle(&mut rig);
            rig.check(&[Query { view: "last".into(), key: None }]);
            drop(ends);
            assert_eq!(speed.join().unwrap(), None);
        });
    }
}
