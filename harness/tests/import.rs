//! Somebody's own orders, as untidy as they come, into a log and out of it again.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use harness::commands::log::import::{Arguments, Imported};
use harness::commands::log::lines::Style;
use harness::commands::log::{copy, export};
use harness::logs::Clients;
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::{Feed, Intake};
use workloads::log::file::{FileLog, verify};
use workloads::view::{Row, Rows};
use workloads::{Log, Record, Terms, Version, workload};

/// 2024-05-17T00:00:00Z, long after every line.
const NOW: i64 = 1_715_904_000_000;

/// Several lines an invoice, a return with an invoice of its own, no customer, commas and quotes and line ends in
/// names, and lines that are broken in every way.
const RETAIL: &str = "\
Invoice,Stock,Description,Quantity,Date,Price,Customer,Country
536365,85123A,\"HANGING HEART, WHITE\",6,12/1/2010 8:26,2.55,17850,United Kingdom
536365,71053,WHITE METAL LANTERN,6,12/1/2010 8:26,3.39,17850,United Kingdom
C536379,D,Discount,-1,12/1/2010 9:41,27.50,14527,United Kingdom
536380,22961,JAM MAKING SET,24,12/1/2010 9:41,1.45,,United Kingdom
536381,22139,\"\"\"RETRO\"\" SPOT\",23,12/1/2010 9:41,4.25,\"O'Neil, \"\"Mac\"\"\",Ireland
536382,10002,INFLATABLE,12,12/1/2010 9:45,abc,16098,United Kingdom
536383,10002,INFLATABLE,12,12/1/2010 9:45
536384,10002,INFLATABLE,1,1st of May,2.10,16098,United Kingdom
536385,10002,\"two
lines\",1,12/1/2010 9:50,2.10,16098,United Kingdom
536386,10002,FINE,3,12/1/2010 9:51,0.005,16098,United Kingdom
536387,10002,FREE,0,12/1/2010 9:52,0,16098,United Kingdom
C536379,D,Discount,-1,12/1/2010 9:41,27.50,14527,United Kingdom
";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn import(file: &Path, log: &Path, more: &[&str]) -> anyhow::Result<Imported> {
    let paths = [Path::new("import"), file, Path::new("--log"), log].map(|path| path.to_str().unwrap());
    Line::parse_from(paths.iter().chain(more)).arguments.import(NOW, |_| None)
}

const RETAIL_MAPS: &[&str] = &[
    "--map",
    "order=Invoice",
    "--map",
    "customer=Customer",
    "--map",
    "amount=Quantity*Price",
    "--map",
    "time=Date",
    "--time-format",
    "%m/%d/%Y %H:%M",
];

fn disk() -> SharedDisk {
    Arc::new(RealDisk)
}

fn records(log: &Path) -> Vec<Record> {
    let log = FileLog::open(&disk(), log).unwrap();
    let heads = log.heads().unwrap();
    let partitions: Vec<u32> = (0..heads.0.len() as u32).collect();
    let zero = Version::zero(heads.0.len() as u32);
    let mut intake = Intake::open(&log, &partitions, &zero, &Feed::default()).unwrap();
    let mut records = Vec::new();
    for partition in partitions {
        while intake.pull(partition, u64::MAX, 1000, &mut records).unwrap() > 0 {}
    }
    assert_eq!(intake.version(), &heads);
    records
}

fn spend(log: &Path) -> Rows {
    answered("orders", "spend", log)
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn rows<const N: usize>(rows: [(&str, i128, i128); N]) -> BTreeMap<String, Row> {
    rows.map(|(key, sum, count)| (key.to_owned(), vec![sum, count])).into()
}

#[test]
fn a_messy_csv_gives_what_a_sum_over_it_gives_and_every_broken_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (written(folder.path(), "retail.csv", RETAIL), folder.path().join("log"));
    let done = import(&file, &log, RETAIL_MAPS).unwrap();
    let lines: Vec<_> = done.first.iter().map(|reject| reject.line).collect();
    assert_eq!((done.records, done.rejected, lines), (8, 4, vec![7, 8, 9, 12]), "{:#?}", done.first);
    let reasons = ["amount abc", "5 fields", "1st of May", "more than 2 decimals"];
    for (reject, reason) in done.first.iter().zip(reasons) {
        let said = format!("{}{}", reject.reason, reject.cells.join(" "));
        assert!(said.contains(reason), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&done.rejects).unwrap().lines().count(), 4);
    let wanted = rows([
        ("17850", 6 * 255 + 6 * 339, 2),
        ("14527", -5500, 2),
        ("(none)", 24 * 145, 1),
        ("O'Neil, \"Mac\"", 23 * 425, 1),
        ("16098", 210, 2),
    ]);
    assert_eq!(spend(&log), wanted);
    assert_eq!(verify(&disk(), &log).unwrap().iter().map(|checked| checked.records).sum::<u64>(), 8);
}

/// The sum is taken here by plain means: split at commas, add up whole numbers.
#[test]
fn a_large_csv_gives_what_a_plain_loop_over_its_lines_gives() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("\u{feff}customer,order,amount,time\n");
    let mut wanted: BTreeMap<String, Row> = BTreeMap::new();
    for number in 0..20_000_i64 {
        let (customer, cents) = (number * 7919 % 613, (number * 104_729) % 20_011 - 3000);
        let sign = if cents < 0 { "-" } else { "" };
        let (whole, rest) = (cents.abs() / 100, cents.abs() % 100);
        text +=
            &format!("c{customer},{},{sign}{whole}.{rest:02},{}\n", number / 3, 1_700_000_000_000 + number);
        let row = wanted.entry(format!("c{customer}")).or_insert(vec![0, 0]);
        row[0] += i128::from(cents);
        row[1] += 1;
    }
    let (file, log) = (written(folder.path(), "orders.csv", &text), folder.path().join("log"));
    let done = import(&file, &log, &["--partitions", "3", "--codec", "json"]).unwrap();
    assert_eq!((done.records, done.rejected), (20_000, 0));
    assert_eq!(spend(&log), wanted);
}

#[test]
fn marks_take_back_what_they_name_also_by_ids_that_are_no_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"{"customer":"Ali","order":"A-1","amount":120,"time":1000}
{"customer":"Ali","order":"A-1","amount":"30.5","time":1001}
{"customer":"Ali","order":7,"amount":1e1,"time":1002}

{"type":"cancel","customer":"Ali","order":"A-1","time":1003}
{"type":"correct","customer":"Ali","order":7,"amount":9.99,"time":1004}
{"type":"cancel","customer":"Ali"}
{"customer":"Zed","amount":{"value":3}}
not json
{"customer":null,"amount":70}
"#;
    let (file, log) = (written(folder.path(), "orders.jsonl", text), folder.path().join("log"));
    let done = import(&file, &log, &[]).unwrap();
    let lines: Vec<_> = done.first.iter().map(|reject| reject.line).collect();
    assert_eq!((done.records, lines), (6, vec![7, 8, 9]));
    assert_eq!(spend(&log), rows([("Ali", 999, 1), ("(none)", 7000, 1)]));
}

#[test]
fn what_is_exported_is_imported_as_the_same_events() {
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (written(folder.path(), "retail.csv", RETAIL), folder.path().join("log"));
    import(&file, &log, RETAIL_MAPS).unwrap();
    for (style, name) in [(Style::Csv, "again.csv"), (Style::Jsonl, "again.jsonl")] {
        let mut out = Vec::new();
        assert_eq!(printed(&log, style).export(&mut out, |_| None).unwrap(), 0);
        let file = written(folder.path(), name, std::str::from_utf8(&out).unwrap());
        let again = folder.path().join(format!("log of {name}"));
        assert_eq!(import(&file, &again, &[]).unwrap().rejected, 0);
        assert_eq!(records(&again), records(&log), "{name}");
    }
}

#[test]
fn a_copy_has_the_same_answers_under_another_codec_and_other_partitions() {
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (written(folder.path(), "retail.csv", RETAIL), folder.path().join("log"));
    import(&file, &log, RETAIL_MAPS).unwrap();
    let to = folder.path().join("copy");
    let copied = copy::Arguments {
        from: log.clone().into(),
        to: to.clone().into(),
        codec: Some(workloads::Codec::Json),
        partitions: Some(5),
        partition_by: None,
        clients: Clients::default(),
    };
    assert_eq!(copied.copy(|_| None).unwrap(), (8, 0));
    assert_eq!(spend(&to), spend(&log));
    let meta = FileLog::open(&disk(), &to).unwrap().meta().clone();
    assert_eq!((meta.partitions, meta.codec), (5, workloads::Codec::Json));
    assert!(copied.copy(|_| None).unwrap_err().to_string().contains("holds a log already"));
}

#[test]
fn what_cannot_be_meant_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "retail.csv", RETAIL);
    let said = |more: &[&str]| import(&file, &folder.path().join("log"), more).unwrap_err().to_string();
    assert!(said(&[]).starts_with("no column `customer`: say which it is with --map customer=COLUMN"));
    assert!(said(&["--map", "customer=Name"]).starts_with("no column `Name`: the columns are Invoice"));
    assert!(said(&["--map", "buyer=Customer"]).contains("the fields are customer, amount"));
    assert!(said(&["--map", "customer"]).contains("expected field=column"));
    assert!(said(&["--delimiter", ";;"]).contains("one character"));
    let file = written(folder.path(), "data.csv", "PK\u{3}\u{4}\u{0}\u{1b}[31m,amount\n1,2\n");
    let error = import(&file, &folder.path().join("log"), &[]).unwrap_err().to_string();
    assert!(error.contains("header line is not text") && !error.contains('\u{1b}'), "{error}");
    let none = folder.path().join("none.csv");
    assert!(import(&none, &folder.path().join("log"), &[]).unwrap_err().to_string().starts_with("opening"));
}

#[test]
fn a_wrong_time_format_is_one_error_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let (file, log) = (written(folder.path(), "retail.csv", RETAIL), folder.path().join("log"));
    let said =
        |more: &[&str]| import(&file, &log, &[&RETAIL_MAPS[..8], more].concat()).unwrap_err().to_string();
    let error = said(&["--time-format", "%Y-%m-%d"]);
    assert!(error.contains("no time in the first 12 lines can be read as --time-format %Y-%m-%d"), "{error}");
    assert!(error.contains("line 2, time 12/1/2010 8:26") && !error.contains('\n'), "{error}");
    assert!(said(&[]).contains("no time in the first 12 lines can be read: line 2"));
    assert!(!log.exists(), "nothing was begun");
}

/// A workload of facts: its lines, the numbers of those that are broken, and one of its views.
struct Facts {
    workload: &'static str,
    lines: &'static str,
    broken: &'static [u64],
    view: &'static str,
    rows: &'static [(&'static str, &'static [i128])],
}

const FACTS: &[Facts] = &[
    Facts {
        workload: "words",
        lines: "word,time\nto,2024-05-01 00:00:03\nor,2024-05-01 00:00:03\nto,2024-05-01 00:00:02\n,5\nor,soon\nto be,5\n",
        broken: &[5, 6, 7],
        view: "windows",
        rows: &[("or 2024-05-01T00:00:02", &[1]), ("to 2024-05-01T00:00:02", &[2])],
    },
    Facts {
        workload: "sensors",
        lines: "region,reading,time\nnorth,31,1000\nnorth,-4,1999\nsouth,3000000000,5\nsouth,1.5,5\nsouth,7,5\n",
        broken: &[4, 5],
        view: "average",
        rows: &[("north", &[27, 2]), ("south", &[7, 1])],
    },
    Facts {
        workload: "transfers",
        lines: "id,from,to,amount,time\n1,a,b,5,0\n2,b,b,7,0\n3,b,a,x,0\n4,b,\"c, d\",2,1\n",
        broken: &[4],
        view: "balance",
        rows: &[("a", &[-5]), ("b", &[3]), ("c, d", &[2])],
    },
];

#[test]
fn facts_of_every_kind_are_imported_and_come_out_again_as_the_same_events() {
    for Facts { workload, lines, broken, view, rows } in FACTS {
        let folder = tempfile::tempdir().unwrap();
        let (file, log) = (written(folder.path(), "facts.csv", lines), folder.path().join("log"));
        let kind = ["--workload", workload];
        let done = import(&file, &log, &kind).unwrap();
        let refused: Vec<u64> = done.first.iter().map(|reject| reject.line).collect();
        assert_eq!(refused, *broken, "{workload}: {:#?}", done.first);
        assert_eq!(answered(workload, view, &log), counted(rows), "{workload} {view}");
        for (style, name) in [(Style::Csv, "again.csv"), (Style::Jsonl, "again.jsonl")] {
            let mut out = Vec::new();
            assert_eq!(printed(&log, style).export(&mut out, |_| None).unwrap(), 0);
            let file = written(folder.path(), name, std::str::from_utf8(&out).unwrap());
            let again = folder.path().join(format!("log of {name}"));
            assert_eq!(import(&file, &again, &kind).unwrap().rejected, 0, "{workload} {name}");
            assert_eq!(records(&again), records(&log), "{workload} {name}");
        }
    }
}

fn printed(log: &Path, style: Style) -> export::Arguments {
    export::Arguments { log: log.to_path_buf().into(), style, clients: Clients::default() }
}

fn answered(name: &str, view: &str, log: &Path) -> Rows {
    let mut truth = (workload(name).unwrap().truth)(&Terms::default());
    for record in records(log) {
        truth.feed(&record, None);
    }
    truth.rows(view)
}

fn counted(rows: &[(&str, &[i128])]) -> Rows {
    rows.iter().map(|(key, row)| ((*key).to_owned(), row.to_vec())).collect()
}
