//! The archive in Avro is read by somebody else: fastavro finds every record, each number to its last digit.
#![cfg(feature = "avro")]
#![allow(clippy::unwrap_used)]

mod rig;

use std::path::Path;

use lambda::Export;
use lambda::archive::avro;
use rig::foreign::{Published, READ, published, python};
use serde_json::{Value, json};
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
    for workload in READ {
        let Published { rig, disk: memory, config, .. } = published(workload);
        let folder = tempfile::tempdir().unwrap();
        let state = Path::new("/state");
        let export = Export::read(&memory, state, None, &config.terms).unwrap();
        // What is archived lies in memory, and what is read by somebody else on the disk.
        memory.create_dir(Path::new("/out")).unwrap();
        let of = (workload, &export.version);
        let records = avro::export(&memory, (state, ""), of, Path::new("/out")).unwrap();
        assert_eq!(records, 300, "{workload}");
        let (path, expected) = (folder.path().join(avro::FILE), folder.path().join("expected.json"));
        std::fs::write(&path, memory.read(&Path::new("/out").join(avro::FILE)).unwrap()).unwrap();
        let rows: Vec<Value> = rig.records.iter().flatten().map(row).collect();
        std::fs::write(&expected, serde_json::to_vec(&rows).unwrap()).unwrap();
        let Some(read) = python(READER, &[&path, &expected], "fastavro") else { return };
        assert_eq!(read, "300", "{workload}");
    }
}
