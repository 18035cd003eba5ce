//! The archive in a bucket of a real S3 server, whatever becomes of its requests.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../rig/mod.rs"]
mod rig;

mod proxy;
mod server;

use std::path::Path;
use std::sync::Arc;

use lambda::Options;
use lambda::archive::{Archive, ArchiveError};
use proxy::{Fault, Proxy};
use rig::{Case, Rig};
use server::Server;
use workloads::files::{PowerLoss, SharedDisk};
use workloads::{Event, OrderEvent, OrderKind, Place, Record, Version};

fn open(address: &str) -> Result<Archive, ArchiveError> {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    Archive::at(&disk, Path::new("/state"), address, "orders", 2)
}

fn records(from: &Version, upto: &Version) -> Vec<Record> {
    let places = (0..2).flat_map(|p| (from.0[p]..upto.0[p]).map(move |offset| (p as u32, offset)));
    let record = |(partition, offset): (u32, u64)| {
        let (customer, order) = (format!("customer {}", offset % 7).into(), offset);
        let (kind, amount, time) = (OrderKind::Placed, i64::from(partition), offset as i64);
        let event = Event::Order(OrderEvent { kind, customer, order, amount, time });
        Record { place: Place { partition, offset }, origin: None, intended: 0, appended: 0, event }
    };
    places.map(record).collect()
}

fn held(archive: &Archive) -> Vec<Record> {
    let mut held = Vec::new();
    archive.scan_records(archive.sealed(), &mut |record| held.push(record.clone())).unwrap();
    held.sort_by_key(|record| record.place);
    held
}

/// Archives everything up to a cut, and says what became of it.
fn seal(archive: &mut Archive, cut: &Version) -> Result<(), ArchiveError> {
    archive.append(&records(archive.sealed(), cut)).unwrap();
    archive.seal(cut)
}

fn cut(number: u64) -> Version {
    Version(vec![number * 10, number * 3])
}

fn whole(archive: &Archive, upto: &Version) {
    assert_eq!(archive.sealed(), upto);
    assert_eq!(held(archive), records(&Version::zero(2), upto));
}

#[test]
fn what_is_sealed_and_merged_in_a_bucket_is_read_back() {
    let Some(server) = Server::start() else { return };
    let address = server.address("merged", server.place());
    let mut archive = open(&address).unwrap();
    (1..=9).for_each(|number| seal(&mut archive, &cut(number)).unwrap());
    assert!(archive.compact(1_000).unwrap());
    whole(&archive, &cut(9));
    seal(&mut archive, &cut(10)).unwrap();
    whole(&open(&address).unwrap(), &cut(10));
}

#[test]
fn a_put_that_failed_and_one_whose_answer_was_lost_are_repeated() {
    let Some(server) = Server::start() else { return };
    let proxy = Proxy::to(server.place());
    let address = server.address("repeated", proxy.place());
    let mut archive = open(&address).unwrap();
    let mut number = 0;
    for part in ["/part-", "/manifest.json"] {
        for fault in [Fault::Busy, Fault::Lost, Fault::AnswerLost] {
            number += 1;
            proxy.fault(part, fault);
            let cut = cut(number);
            archive.append(&records(archive.sealed(), &cut)).unwrap();
            // A request that the client does not repeat by itself is repeated by the batch.
            if archive.seal(&cut).is_err() {
                archive.seal(&cut).unwrap();
            }
            assert_eq!(proxy.left(), 0, "{part} {fault:?}");
            whole(&open(&address).unwrap(), &cut);
        }
    }
}

#[test]
fn a_crash_between_the_files_and_the_manifest_leaves_what_was_sealed_before() {
    let Some(server) = Server::start() else { return };
    let proxy = Proxy::to(server.place());
    let address = server.address("crashed", proxy.place());
    let mut archive = open(&address).unwrap();
    seal(&mut archive, &cut(1)).unwrap();
    proxy.fault("/manifest.json", Fault::Forbidden);
    assert!(seal(&mut archive, &cut(5)).is_err());
    assert_eq!(proxy.left(), 0);
    drop(archive);
    let mut archive = open(&address).unwrap();
    whole(&archive, &cut(1));
    // Otherwise than before, under the name of the file that was left behind.
    seal(&mut archive, &cut(4)).unwrap();
    whole(&open(&address).unwrap(), &cut(4));
}

#[test]
fn of_two_writers_the_one_that_was_overtaken_is_refused() {
    let Some(server) = Server::start() else { return };
    let address = server.address("shared", server.place());
    let (mut one, mut other) = (open(&address).unwrap(), open(&address).unwrap());
    seal(&mut one, &cut(1)).unwrap();
    let said = seal(&mut other, &cut(3)).unwrap_err().to_string();
    assert!(said.contains("another writer has replaced it") && !said.contains('\n'), "{said}");
    // The manifest is still that of the first, and so are the files that it names.
    whole(&open(&address).unwrap(), &cut(1));
    seal(&mut one, &cut(2)).unwrap();
    whole(&open(&address).unwrap(), &cut(2));
}

#[test]
fn a_bucket_that_is_not_there_and_an_address_that_means_nothing_are_told_in_one_line() {
    let Some(server) = Server::start() else { return };
    let nowhere = server.address("x", server.place()).replace("s3://workbench", "s3://nowhere");
    let mut archive = open(&nowhere).unwrap();
    let said = seal(&mut archive, &cut(1)).unwrap_err().to_string();
    assert!(said.contains("s3://nowhere/x"), "{said}");
    for (wrong, reason) in
        [("s3://?region=x", "no bucket"), ("s3://b/c?color=red", "none of"), ("s3://b?keys=/no", "keys")]
    {
        let said = open(wrong).err().unwrap().to_string();
        assert!(said.contains(reason) && !said.contains('\n'), "{said}");
    }
}

#[test]
fn every_answer_over_a_bucket_is_true_at_its_label() {
    let Some(server) = Server::start() else { return };
    for (number, workload) in ["orders", "trades", "transfers"].into_iter().enumerate() {
        let archive = server.address(&format!("case-{number}"), server.place());
        let options = Options { archive, ..Options::default() };
        Rig::new(Case { options, cut_every: 100, ..Case::random(workload, 11) }).run();
    }
}
