//! Small dense logs from a seed: few keys, many marks, so that everything that can meet does meet.

#![allow(dead_code, reason = "no test file needs all of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use kappa::Kappa;
use workloads::log::memory::MemoryLog;
use workloads::log::{Meta, RawRecord};
use workloads::partition::PartitionBy;
use workloads::{
    Appender, Codec, Event, Name, OrderEvent, OrderKind, Origin, Place, Query, Record, SensorEvent, Terms,
    TradeEvent, TradeKind, TransferEvent, Version, WordEvent, workload,
};

/// Repeatable random numbers (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * u128::from(n)) >> 64) as u64
    }
}

/// Which partition a record goes to; the last of three or more stays idle.
fn partition(dice: &mut Dice, partitions: u32) -> u32 {
    dice.below(u64::from(partitions.max(3) - 1).min(u64::from(partitions))) as u32
}

/// Records of one workload in the order in which they were appended.
pub(crate) fn records(workload: &str, seed: u64, n: u64, partitions: u32) -> Vec<Record> {
    let mut dice = Dice(seed);
    let mut next = Version::zero(partitions);
    (0..n)
        .map(|i| {
            let partition = partition(&mut dice, partitions);
            let offset = next.0[partition as usize];
            next.0[partition as usize] += 1;
            let origin = (dice.below(50) != 0).then_some(Origin { source: 0, sequence: i });
            let event = match workload {
                "orders" => order(&mut dice),
                "trades" => trade(&mut dice, i),
                "words" => word(&mut dice),
                "sensors" => reading(&mut dice),
                _ => transfer(&mut dice, i),
            };
            let appended = 1_700_000_000_000 + i as i64 / 7;
            Record { place: Place { partition, offset }, origin, intended: i as i64, appended, event }
        })
        .collect()
}

/// Few enough that they meet, some at midnight and some before 1970.
fn time(dice: &mut Dice) -> i64 {
    dice.below(40) as i64 * 9_000_000 - 172_800_000
}

fn order(dice: &mut Dice) -> Event {
    let kind = match dice.below(10) {
        0 | 1 => OrderKind::Cancelled,
        2 => OrderKind::Corrected,
        _ => OrderKind::Placed,
    };
    // Round, so that sums hit zero and the limits of the terms.
    let amount = if kind == OrderKind::Cancelled { 0 } else { dice.below(13) as i64 * 2_000 - 6_000 };
    let customer = Name::from(format!("c{}", dice.below(5)));
    Event::Order(OrderEvent { kind, customer, order: dice.below(12), amount, time: time(dice) })
}

fn trade(dice: &mut Dice, i: u64) -> Event {
    let kind = match dice.below(10) {
        0 | 1 => TradeKind::Busted,
        2 => TradeKind::Corrected,
        _ => TradeKind::Traded,
    };
    let named = Origin { source: 0, sequence: (i + 4).saturating_sub(dice.below(24)) };
    let target = if kind == TradeKind::Traded { Origin::default() } else { named };
    let bust = kind == TradeKind::Busted;
    let (price, volume) =
        if bust { (0, 0) } else { (1 + dice.below(6) as i64, dice.below(1_000) as i64 * 100_000_000) };
    let symbol = Name::from(format!("S {}", dice.below(2)));
    // Corrections of one trade often have the same event time.
    let coarse = if kind == TradeKind::Corrected { 90_000_000 } else { 1 };
    let time = time(dice) / coarse * coarse;
    Event::Trade(TradeEvent { kind, symbol, price, volume, time, target })
}

fn word(dice: &mut Dice) -> Event {
    let word = Name::from(format!("w{}", dice.below(6)));
    Event::Word(WordEvent { word, time: time(dice) / 9_000 })
}

/// Readings close around what raises and what clears an alert, in seconds close enough to be formed together.
fn reading(dice: &mut Dice) -> Event {
    let region = Name::from(format!("r {}", dice.below(2)));
    let time = dice.below(60) as i64 * 700 - 9_000;
    let time = if dice.below(10) == 0 { time + 60_000 } else { time };
    Event::Sensor(SensorEvent { region, reading: 24 + dice.below(12) as i32, time })
}

fn transfer(dice: &mut Dice, i: u64) -> Event {
    let [from, to] = [(); 2].map(|()| Name::from(format!("a{}", dice.below(6))));
    let (transfer, amount) = (Name::from(i.to_string()), dice.below(9) as i64 - 2);
    Event::Transfer(TransferEvent { transfer, from, to, amount, time: time(dice) })
}

/// Gives orders or trades event times that advance by `step`, of which none lies more than three `stride`s before the newest.
pub(crate) fn advancing(records: &mut [Record], step: i64, stride: i64) {
    for (record, base) in records.iter_mut().zip((0..).map(|i| i * step)) {
        let advance = |time: &mut i64| *time = base + (*time / 9_000_000).rem_euclid(4) * stride;
        match &mut record.event {
            Event::Order(event) => advance(&mut event.time),
            Event::Trade(event) => advance(&mut event.time),
            _ => {}
        }
    }
}

/// An empty log.
pub(crate) fn log(workload: &str, partitions: u32) -> MemoryLog {
    MemoryLog::create(Meta {
        workload: workload.to_owned(),
        codec: Codec::Bin,
        partitions,
        partition_by: PartitionBy::RoundRobin,
        made_by: "a test".to_owned(),
    })
}

/// Appends records to the partitions that they name.
pub(crate) fn append(log: &MemoryLog, records: &[Record]) {
    let mut appender = log.appender();
    for record in records {
        let mut value = Vec::new();
        Codec::Bin.encode(&record.event, &mut value);
        let key = record.event.key().as_bytes().to_vec().into();
        let (origin, intended, appended) = (record.origin, record.intended, record.appended);
        let raw = RawRecord { offset: 0, origin, intended, appended, key, value: value.into() };
        appender.append(record.place.partition, &[raw]).unwrap();
    }
}

/// Sends some records again, with the same origin, in the same partition; offsets are given anew.
pub(crate) fn resend(records: &[Record], seed: u64) -> Vec<Record> {
    let mut dice = Dice(seed);
    let mut sent: Vec<Record> = Vec::new();
    let mut next = std::collections::BTreeMap::<u32, u64>::new();
    for record in records {
        let again =
            (dice.below(5) == 0).then(|| sent.get(dice.below(sent.len().max(1) as u64) as usize).cloned());
        for mut record in [Some(record.clone()), again.flatten()].into_iter().flatten() {
            let offset = next.entry(record.place.partition).or_default();
            record.place.offset = *offset;
            *offset += 1;
            sent.push(record);
        }
    }
    sent
}

/// What is read now is the truth of the version it is labelled with.
pub(crate) fn check_read(kappa: &mut Kappa, name: &str, terms: &Terms, records: &[Record]) -> Version {
    let workload = workload(name).unwrap();
    let query = |view: &workloads::View| Query { view: view.name.to_owned(), key: None };
    // Of one that was told to compute no others.
    let views = workload.views.iter().filter(|view| kappa.knows(&[query(view)]).is_ok());
    let queries: Vec<Query> = views.map(query).collect();
    assert!(!queries.is_empty());
    let answer = kappa.read(&queries).unwrap();
    let version = answer.version.unwrap();
    let mut truth = (workload.truth)(terms);
    records
        .iter()
        .filter(|record| version.contains(record.place))
        .for_each(|record| truth.feed(record, None));
    for (Query { view, .. }, rows) in queries.iter().zip(answer.rows) {
        assert_eq!(rows, truth.rows(view), "{name} {view} at {version}");
    }
    version
}
