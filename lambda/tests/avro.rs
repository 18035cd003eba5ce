//! The archive in Avro is read by somebody else: fastavro finds every record, each number to its last digit.
#![cfg(feature = "avro")]
#![allow(clippy::unwrap_used)]

mod rig;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use lambda::archive::avro;
use lambda::{Batch, Export, Serving};
use rig::{Case, Rig};
use serde_json::{Value, json};
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Event, OrderKind, Origin, Record, TradeKind};

/// Compares the file with the rows that are expected, in any order.
const READER: &str = r#"
import datetime, decimal, json, sys
try:
    import fastavro
except ImportError as error:
    print(error)
    sys.exit(77)
epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
def plain(value):
    if isinstance(value, datetime.datetime):
        return (value - epoch) // datetime.timedelta(milliseconds=1)
    if isinstance(value, decimal.Decimal):
        return int(value.scaleb(-value.as_tuple().exponent))
    return value
with open(sys.argv[1], "rb") as file:
    found = [[plain(value) for value in row.values()] for row in fastavro.reader(file)]
with open(sys.argv[2]) as file:
    expected = json.load(file)
place = lambda row: row[:2]
found.sort(key=place)
expected.sort(key=place)
for one, other in zip(found, expected):
    assert one == other, (one, other)
assert len(found) == len(expected), (len(found), len(expected))
print(len(found))
"#;

fn python() -> Command {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python/bin/python");
    Command::new(if own.exists() { own.as_path() } else { Path::new("python3") })
}

fn row(record: &Record) -> Value {
    let Record { place, origin, appended, event, .. } = record;
    let of = |origin: Option<Origin>| [origin.map(|it| u64::from(it.source)), origin.map(|it| it.sequence)];
    let [source, sequence] = of(*origin);
    let mut row =
        vec![json!(place.partition), json!(place.offset), json!(source), json!(sequence), json!(appended)];
    row.extend(match event {
        Event::Order(order) => {
            let kind = match order.kind {
                OrderKind::Placed => "order",
                OrderKind::Cancelled => "cancel",
                OrderKind::Corrected => "correct",
            };
            vec![
                json!(kind),
                json!(order.customer),
                json!(order.order),
                json!(order.amount),
                json!(order.time),
            ]
        }
        Event::Trade(trade) => {
            let kind = match trade.kind {
                TradeKind::Traded => "trade",
                TradeKind::Busted => "bust",
                TradeKind::Corrected => "correct",
            };
            let [source, sequence] = of((trade.kind != TradeKind::Traded).then_some(trade.target));
            let own = [
                json!(kind),
                json!(trade.symbol),
                json!(trade.price),
                json!(trade.volume),
                json!(trade.time),
            ];
            own.into_iter().chain([json!(source), json!(sequence)]).collect()
        }
        Event::Word(word) => vec![json!(word.word), json!(word.time)],
        Event::Sensor(sensor) => vec![json!(sensor.region), json!(sensor.reading), json!(sensor.time)],
        Event::Transfer(transfer) => vec![
            json!(transfer.transfer),
            json!(transfer.from),
            json!(transfer.to),
            json!(transfer.amount),
            json!(transfer.time),
        ],
    });
    Value::from(row)
}

#[test]
fn fastavro_reads_every_record_of_the_archive() {
    for workload in ["orders", "trades", "words", "sensors", "transfers"] {
        let mut rig = Rig::new(Case { restarts: 0, cut_every: 1, ..Case::random(workload, 3) });
        (0..300).for_each(|_| rig.append());
        let ((log, memory), config) = (rig.shared(), rig.config());
        let mut batch = Batch::start(Arc::clone(&log), &memory, &config).unwrap();
        let mut serving = Serving::start(Arc::clone(&log), &memory, &config).unwrap();
        while batch.step(0).unwrap() | serving.step(0).unwrap() {}
        let folder = tempfile::tempdir().unwrap();
        let real: SharedDisk = Arc::new(RealDisk);
        let state = Path::new("/state");
        let export = Export::read(&memory, state, None, &config.terms).unwrap();
        // What is archived lies in memory, and what is read by somebody else on the disk.
        memory.create_dir(Path::new("/out")).unwrap();
        let of = (workload, &export.version);
        let records = avro::export(&memory, (state, ""), of, Path::new("/out")).unwrap();
        assert_eq!(records, 300, "{workload}");
        let path = folder.path().join(avro::FILE);
        real.create(&path)
            .unwrap()
            .append(&memory.read(&Path::new("/out").join(avro::FILE)).unwrap())
            .unwrap();
        let rows: Vec<Value> = rig.records.iter().flatten().map(row).collect();
        let expected = folder.path().join("expected.json");
        std::fs::write(&expected, serde_json::to_vec(&rows).unwrap()).unwrap();
        let read = python().arg("-c").arg(READER).arg(&path).arg(&expected).output();
        let here = read.as_ref().is_ok_and(|read| read.status.code() != Some(77));
        if !here && std::env::var_os("CI").is_none() {
            println!("skipped: no python3 with fastavro (pip install fastavro)");
            return;
        }
        let read = read.unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(said(&read.stdout).trim(), "300", "{workload}: {}", said(&read.stderr));
    }
}
