//! Speed and serving layer as two components that meet at a socket.

#![allow(clippy::unwrap_used)]

mod rig;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lambda::{Serving, Speed};
use rig::{Case, Rig};
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
        let (there, stop) = (log.clone(), &stop);
        let disk_there = disk.clone();
        scope.spawn(move || {
            let mut speed = Speed::start(there, &disk_there, &alone, &socket).unwrap();
            while !stop.load(Ordering::Relaxed) {
                if !speed.step(0).unwrap() {
                    std::thread::yield_now();
                }
            }
        });
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
        stop.store(true, Ordering::Relaxed);
    });
}
