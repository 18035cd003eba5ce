//! The archive holds exactly the records below what is sealed, whatever happens to the machine.

mod compaction;
mod crash;
mod foreign;
mod wrong;

use std::path::Path;
use std::sync::Arc;

use lambda::archive::{Archive, ArchiveError, Facts};
use proptest::prelude::*;
use workloads::files::{PowerLoss, RealDisk, SharedDisk};
use workloads::intake::Duplicates;
use workloads::{Dedup, Event, OrderEvent, OrderKind, Origin, Place, Record, TradeEvent, TradeKind, Version};
use workloads::{SensorEvent, TransferEvent, WORKLOADS, WordEvent};

const FOLDER: &str = "/state/archive";

/// A record that is told apart from any other by its place.
fn record(workload: &str, partition: u32, offset: u64) -> Record {
    let number = offset * 7 + u64::from(partition);
    let key = format!("key {}", number % 23).into();
    let time = 1_700_000_000_000 + number as i64 * 13 - 40 * (number % 5) as i64;
    let event = match workload {
        "orders" => {
            let kinds = [OrderKind::Placed, OrderKind::Cancelled, OrderKind::Corrected];
            let kind = kinds[number as usize % 3];
            let order = if number.is_multiple_of(11) { 0 } else { u64::MAX - number };
            Event::Order(OrderEvent { kind, customer: key, order, amount: number as i64 - 500, time })
        }
        "trades" => {
            let kinds = [TradeKind::Traded, TradeKind::Busted, TradeKind::Corrected];
            let (kind, symbol) = (kinds[number as usize % 3], key);
            let target = Origin { source: u32::MAX, sequence: number << 40 };
            let (price, volume) = (number as i64 * 1_000_000_007, i64::MAX - number as i64);
            Event::Trade(TradeEvent { kind, symbol, price, volume, time, target })
        }
        "words" => Event::Word(WordEvent { word: key, time }),
        "sensors" => Event::Sensor(SensorEvent { region: key, reading: 500 - number as i32, time }),
        _ => {
            let [from, to] = [3, 5].map(|of| format!("account {}", number % of).into());
            let (transfer, amount) = (format!("{number}").into(), i64::MAX - number as i64);
            Event::Transfer(TransferEvent { transfer, from, to, amount, time })
        }
    };
    let resent = Origin { source: offset as u32 / 2 % 3, sequence: (offset / 2) << 8 };
    let origin = if number.is_multiple_of(13) { None } else { Some(resent) };
    let place = Place { partition, offset };
    Record { place, origin, intended: number as i64 - 9, appended: time + 5, event }
}

fn records(workload: &str, from: &Version, upto: &Version) -> Vec<Record> {
    let partitions = (0..).zip(from.0.iter().zip(&upto.0));
    let places = partitions.flat_map(|(partition, (from, upto))| (*from..*upto).map(move |o| (partition, o)));
    places.map(|(partition, offset)| record(workload, partition, offset)).collect()
}

fn open(disk: &SharedDisk, workload: &str, partitions: u32) -> Archive {
    Archive::open(disk, Path::new(FOLDER), workload, partitions).expect("an archive")
}

fn held(archive: &Archive, upto: &Version) -> Vec<Record> {
    let mut held = Vec::new();
    archive.scan_records(upto, &mut |record| held.push(record.clone())).expect("a scan");
    held.sort_by_key(|record| record.place);
    held
}

/// What the columns of the workload say, put together again.
fn events(archive: &Archive, workload: &str, upto: &Version) -> Vec<(Place, Option<Origin>, Event)> {
    let mut events = Vec::new();
    if workload == "orders" {
        let each = &mut |columns: &lambda::archive::OrderColumns<'_>| {
            events
                .extend((0..columns.len()).map(|i| (columns.place(i), columns.origin(i), columns.event(i))));
        };
        archive.scan_orders(upto, Dedup::Origin, each).expect("a scan");
    } else {
        let each = &mut |columns: &lambda::archive::TradeColumns<'_>| {
            events
                .extend((0..columns.len()).map(|i| (columns.place(i), columns.origin(i), columns.event(i))));
        };
        archive.scan_trades(upto, each).expect("a scan");
    }
    events.sort_by_key(|(place, ..)| *place);
    events
}

/// What the named columns say of each record of a workload in which nothing is taken back.
fn facts(archive: &Archive, upto: &Version, dedup: Dedup) -> Vec<String> {
    let mut said = Vec::new();
    let each = &mut |facts: &Facts<'_>| {
        let numbers = ["reading", "amount", "time"].map(|name| facts.numbers(name));
        let texts = ["debited", "credited"].map(|name| facts.text(name));
        for row in 0..facts.len() {
            let key = facts.keys().get(row).map(|key| &facts.names()[*key as usize]);
            let numbers = numbers.map(|column| column.get(row).copied());
            let texts = texts.map(|column| column.get(row).map(|text| &facts.texts()[*text as usize]));
            said.push(format!("{key:?} {numbers:?} {texts:?}"));
        }
    };
    archive.scan_facts(upto, dedup, each).expect("a scan");
    said.sort();
    said
}

/// The same of the events themselves. Who has texts is not asked by his key, unless by the content.
fn said(events: &[Record], dedup: Dedup) -> Vec<String> {
    let none: [Option<&workloads::Name>; 2] = [None; 2];
    let say = |record: &Record| match &record.event {
        Event::Word(it) => format!("{:?} {:?} {none:?}", Some(&it.word), [None, None, Some(it.time)]),
        Event::Sensor(it) => {
            let numbers = [Some(i64::from(it.reading)), None, Some(it.time)];
            format!("{:?} {numbers:?} {none:?}", Some(&it.region))
        }
        Event::Transfer(it) => {
            let key = Some(&it.transfer).filter(|_| dedup == Dedup::Content);
            let numbers = [None, Some(it.amount), Some(it.time)];
            format!("{key:?} {numbers:?} {:?}", [Some(&it.from), Some(&it.to)])
        }
        other => panic!("{other:?} may be taken back"),
    };
    let mut said: Vec<String> = events.iter().map(say).collect();
    said.sort();
    said
}

/// The Parquet file of that number.
fn part(disk: &SharedDisk, number: u32) -> std::path::PathBuf {
    let folders =
        disk.list(Path::new(FOLDER)).expect("a folder").into_iter().filter(|name| name.starts_with("date="));
    let mut paths = folders.flat_map(|folder| {
        let folder = Path::new(FOLDER).join(folder);
        let names = disk.list(&folder).expect("a folder");
        names.into_iter().map(move |name| folder.join(name))
    });
    let begin = format!("part-{number:06}-");
    let numbered = |path: &std::path::PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begin))
    };
    paths.find(numbered).expect("a file of that number")
}

fn sealed_disk(workload: &str, cuts: &[[u64; 3]]) -> (SharedDisk, Archive) {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let mut archive = open(&disk, workload, 3);
    for cut in cuts {
        let cut = Version(cut.to_vec());
        archive.append(&records(workload, archive.sealed(), &cut)).expect("records in order");
        archive.seal(&cut).expect("a seal");
    }
    (disk, archive)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_sealed_is_read_back(
        workload in 0..WORKLOADS.len(),
        steps in prop::collection::vec(prop::array::uniform3(0_u64..400), 1..6),
        asked in prop::array::uniform3(0.0..1.0),
    ) {
        let workload = WORKLOADS[workload].name;
        let sums = steps.iter().scan([0; 3], |sum, step| {
            (0..3).for_each(|i| sum[i] += step[i]);
            Some(*sum)
        });
        let cuts: Vec<[u64; 3]> = sums.collect();
        let (disk, archive) = sealed_disk(workload, &cuts);
        let last = Version(cuts[cuts.len() - 1].to_vec());
        prop_assert_eq!(archive.sealed(), &last);
        let zero = Version::zero(3);
        prop_assert_eq!(held(&archive, &last), records(workload, &zero, &last));
        let upto = Version((0..3).map(|i| (last.0[i] as f64 * asked[i]) as u64).collect());
        let expected = records(workload, &zero, &upto);
        let again = open(&disk, workload, 3);
        prop_assert_eq!(&held(&again, &upto), &expected);
        if !["orders", "trades"].contains(&workload) {
            for dedup in [Dedup::Origin, Dedup::Content, Dedup::None] {
                prop_assert_eq!(facts(&again, &upto, dedup), said(&expected, dedup));
            }
            return Ok(());
        }
        let expected: Vec<_> = expected.into_iter().map(|r| (r.place, r.origin, r.event)).collect();
        prop_assert_eq!(events(&again, workload, &upto), expected);
    }
}

#[test]
fn what_lies_past_the_cut_waits_for_the_next_seal() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let mut archive = open(&disk, "orders", 2);
    let all = Version(vec![100, 50]);
    archive.append(&records("orders", &Version::zero(2), &all)).expect("records in order");
    for cut in [Version(vec![30, 50]), Version(vec![31, 50]), all.clone()] {
        archive.seal(&cut).expect("a seal");
        assert_eq!(held(&archive, &cut), records("orders", &Version::zero(2), &cut));
    }
    assert!(matches!(
        archive.scan_records(&Version(vec![101, 50]), &mut |_| ()),
        Err(ArchiveError::Beyond { .. })
    ));
    assert!(matches!(archive.seal(&Version(vec![99, 50])), Err(ArchiveError::Beyond { .. })));
}

#[test]
fn a_writer_that_does_not_know_of_another_overwrites_none_of_its_files() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let (mut one, mut other) = (open(&disk, "orders", 2), open(&disk, "orders", 2));
    let cuts = [Version(vec![30, 50]), Version(vec![70, 20])];
    for (archive, cut) in [&mut one, &mut other].into_iter().zip(&cuts) {
        archive.append(&records("orders", &Version::zero(2), cut)).expect("records in order");
        archive.seal(cut).expect("a seal");
    }
    for (archive, cut) in
        [&one, &other, &open(&disk, "orders", 2)].into_iter().zip([&cuts[0], &cuts[1], &cuts[1]])
    {
        assert_eq!(held(archive, cut), records("orders", &Version::zero(2), cut));
    }
}

#[test]
fn offsets_without_a_record_are_held_as_such() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let mut archive = open(&disk, "orders", 2);
    let cut = Version(vec![40, 7]);
    let some: Vec<Record> = records("orders", &Version::zero(2), &Version(vec![40, 0]));
    let some: Vec<Record> = some.into_iter().filter(|record| record.place.offset % 4 == 1).collect();
    archive.append(&some).expect("records in order");
    archive.seal(&cut).expect("a seal");
    let again = open(&disk, "orders", 2);
    assert_eq!((again.sealed(), held(&again, &cut)), (&cut, some));
}

#[test]
fn a_key_keeps_its_number_and_duplicates_are_told() {
    let (_disk, archive) = sealed_disk("orders", &[[300, 200, 100], [900, 700, 500]]);
    let mut keys: Vec<workloads::Name> = Vec::new();
    let (mut seen, mut firsts) = (Duplicates::new(Dedup::Origin), 0);
    let each = &mut |columns: &lambda::archive::OrderColumns<'_>| {
        assert_eq!(columns.names[..keys.len()], keys[..]);
        keys = columns.names.to_vec();
        firsts += (0..columns.len()).filter(|i| columns.first(*i, &mut seen)).count();
    };
    archive.scan_orders(archive.sealed(), Dedup::Origin, each).expect("a scan");
    assert_eq!(keys.len(), 23);
    let mut expected = Duplicates::new(Dedup::Origin);
    let all = records("orders", &Version::zero(3), archive.sealed());
    let number = all.iter().filter(|r| expected.first(r.place.partition, r.origin, &r.event)).count();
    assert!(number < all.len());
    assert_eq!(firsts, number);
}

#[test]
fn duplicates_among_facts_are_told_by_origin_and_by_content() {
    for workload in ["words", "sensors", "transfers"] {
        let (_disk, archive) = sealed_disk(workload, &[[300, 200, 100]]);
        for dedup in [Dedup::None, Dedup::Origin, Dedup::Content] {
            let (mut seen, mut expected) = (Duplicates::new(dedup), Duplicates::new(dedup));
            let mut firsts = 0;
            let each = &mut |facts: &Facts<'_>| {
                firsts += (0..facts.len()).filter(|row| facts.first(*row, &mut seen)).count();
            };
            archive.scan_facts(archive.sealed(), dedup, each).expect("a scan");
            let all = records(workload, &Version::zero(3), archive.sealed());
            let number = all.iter().filter(|r| expected.first(r.place.partition, r.origin, &r.event)).count();
            assert_eq!(firsts, number, "{workload} {dedup:?}");
        }
    }
}

#[test]
fn records_out_of_turn_are_refused() {
    let (_disk, mut archive) = sealed_disk("orders", &[[5, 5, 5]]);
    for wrong in [record("orders", 0, 4), record("orders", 3, 9), record("trades", 0, 5)] {
        assert!(matches!(archive.append(&[wrong]), Err(ArchiveError::Refused { .. })));
    }
    archive.append(&[record("orders", 0, 5)]).expect("the next");
    assert!(archive.append(&[record("orders", 0, 5)]).is_err());
}

#[test]
fn where_nobody_tells_deliveries_apart_each_is_held_and_a_cut_takes_all_or_none() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let mut archive = open(&disk, "orders", 2).holding(Dedup::None).expect("an empty archive");
    let all = records("orders", &Version::zero(2), &Version(vec![40, 30]));
    let times = |record: &Record| 1 + usize::from(record.place.offset % 3 == 1);
    let twice: Vec<Record> = all.iter().flat_map(|record| vec![record.clone(); times(record)]).collect();
    archive.append(&twice).expect("records in order");
    for cut in [Version(vec![8, 2]), Version(vec![40, 30])] {
        archive.seal(&cut).expect("a seal");
        let below: Vec<Record> = twice.iter().filter(|record| cut.contains(record.place)).cloned().collect();
        assert_eq!(held(&archive, &cut), below);
    }
    assert!(archive.append(&[record("orders", 0, 39)]).is_err());
    let said = open(&disk, "orders", 2).holding(Dedup::Origin).err().expect("another archive").to_string();
    assert!(said.contains("is of each delivery of a record, not of each record once"), "{said}");
}

#[test]
fn a_file_holds_one_day_of_appends_in_the_folder_of_that_day() {
    const DAY: i64 = 86_400_000;
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let mut archive = open(&disk, "words", 2);
    // Append times that step back stay with the later day.
    let days = [[0, 0, 1, 1, 0, 3], [1, 1, 1, 2, 2, 2]];
    let mut all = records("words", &Version::zero(2), &Version(vec![6, 6]));
    for record in &mut all {
        record.appended =
            20_000 * DAY + DAY * days[record.place.partition as usize][record.place.offset as usize];
    }
    archive.append(&all).expect("records in order");
    archive.seal(&Version(vec![6, 6])).expect("a seal");
    assert_eq!(held(&open(&disk, "words", 2), &Version(vec![6, 6])), all);
    let names = disk.list(Path::new(FOLDER)).expect("a folder");
    let folders =
        ["date=2024-10-04", "date=2024-10-05", "date=2024-10-06", "date=2024-10-07", "manifest.json"];
    assert_eq!(names, folders);
}

#[test]
fn one_day_of_events_is_read_without_the_files_of_others() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let mut archive = open(&disk, "sensors", 1);
    for upto in 1..=4 {
        let cut = Version(vec![upto * 100]);
        archive.append(&records("sensors", archive.sealed(), &cut)).expect("records in order");
        archive.seal(&cut).expect("a seal");
    }
    disk.remove(&part(&disk, 1)).and_then(|()| disk.remove(&part(&disk, 4))).expect("two files");
    let times = |offset: u64| record("sensors", 0, offset).event.time();
    let mut some = Vec::new();
    let span = (times(110), times(280));
    archive.scan_times(archive.sealed(), span, &mut |record| some.push(record.place.offset)).expect("a scan");
    assert!(some == (100..300).collect::<Vec<u64>>(), "{some:?}");
    assert!(archive.scan_records(archive.sealed(), &mut |_| ()).is_err());
}

#[test]
fn an_archive_on_the_real_disk_is_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk: SharedDisk = Arc::new(RealDisk);
    let path = folder.path().join("deep/archive");
    let cut = Version(vec![1000]);
    let mut archive = Archive::open(&disk, &path, "trades", 1).expect("an archive");
    archive.append(&records("trades", &Version::zero(1), &cut)).expect("records in order");
    archive.seal(&cut).expect("a seal");
    let again = Archive::open(&disk, &path, "trades", 1).expect("the archive");
    assert_eq!(held(&again, &cut), records("trades", &Version::zero(1), &cut));
}
