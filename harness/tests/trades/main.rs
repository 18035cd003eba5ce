//! The trades lab whole: a small feed whose answers are worked out by hand, and everything that can be wrong about one.
#![allow(clippy::unwrap_used)]

mod docs;
mod golden;
#[path = "../../../lambda/tests/stores/server.rs"]
mod server;
mod trouble;

use std::path::Path;
use std::process::{Command, Output};

use golden::{Golden, TOKEN};

/// `wb lab trades` over a simulated feed of the test's own, its folder in this one.
fn lab(golden: &Golden, folder: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    let url = golden.url();
    let symbols = golden::SYMBOLS.join(",");
    let frames = golden::FRAMES.to_string();
    command.args(["lab", "trades", "--url", &url, "--symbols", &symbols, "--frames", &frames]);
    command.arg("--out").arg(folder.join("lab")).args(more);
    command.env("WB_FEED_TOKEN", TOKEN).env("LC_ALL", "C").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a lab printed that must end with this code.
#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    let (printed, complaint) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{printed}{complaint}");
    assert!(!printed.contains(TOKEN) && !complaint.contains(TOKEN), "the token was shown");
    printed
}

#[test]
fn a_small_feed_is_answered_as_worked_out_by_hand() {
    let Some(server) = server::Server::start() else { return };
    let (golden, folder) = (Golden::start(), tempfile::tempdir().unwrap());
    let address = server.address();
    let store = ["--store", "postgres", "--store-address", &address];
    let printed = ended(&lab(&golden, folder.path(), &store), 0);
    golden::check(&printed);
    for table in ["speed_table", "speed_table_kappa"] {
        let select = format!("SELECT * FROM {table} ORDER BY id");
        let psql = Command::new("psql").args([address.as_str(), "--csv", "-c", &select]).output().unwrap();
        assert_eq!(text(&psql.stdout), golden::SPEED_TABLE, "{table}: {}", text(&psql.stderr));
    }
    docs::queries(&folder.path().join("lab"), &address);
}

#[test]
fn without_postgresql_the_table_is_in_sqlite_and_that_is_said() {
    let (golden, folder) = (Golden::start(), tempfile::tempdir().unwrap());
    let nowhere = ["--store-address", "host=/nowhere user=postgres"];
    let printed = ended(&lab(&golden, folder.path(), &nowhere), 0);
    golden::check(&printed);
    let line = printed.lines().find(|line| line.contains("no PostgreSQL")).unwrap();
    assert!(line.contains("apt-get install postgresql") && line.contains("speed_table.sqlite"), "{line}");
    let table = rusqlite::Connection::open(folder.path().join("lab/speed_table.sqlite")).unwrap();
    let mut select = table.prepare("SELECT s, p, percentage_change FROM speed_table ORDER BY s").unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let rows: Vec<(String, String, String)> =
        select.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows[0], ("AAPL".into(), "144".into(), "-1.437372".into()));
}

#[test]
fn the_lab_speaks_french() {
    let (golden, folder) = (Golden::start(), tempfile::tempdir().unwrap());
    let printed = ended(&lab(&golden, folder.path(), &["--store", "none", "--lang", "fr"]), 0);
    assert!(printed.contains("vérité") && printed.contains("reconnecté"), "{printed}");
}

#[test]
fn two_topics_agree_until_a_write_is_lost_and_never_again() {
    let (golden, folder) = (Golden::start(), tempfile::tempdir().unwrap());
    let printed = ended(&lab(&golden, folder.path(), &["--store", "none", "--topics", "two"]), 0);
    golden::check(&printed);
    assert!(printed.contains("speed_topic holds 12 trades, batch_topic 12: 0 were lost"), "{printed}");
    let folder = tempfile::tempdir().unwrap();
    let mut lossy = Command::new(env!("CARGO_BIN_EXE_wb"));
    lossy.args([
        "lab",
        "trades",
        "--frames",
        "200",
        "--rate",
        "400",
        "--accelerate",
        "400000",
        "--store",
        "none",
    ]);
    lossy.args(["--topics", "two", "--lose-every", "7", "--out"]).arg(folder.path().join("lab"));
    let printed = ended(&lossy.env("LC_ALL", "C").output().unwrap(), 3);
    assert!(printed.contains("were lost between the two writes"), "{printed}");
    assert!(!printed.contains("gives 0 wrong rows"), "{printed}");
    assert!(printed.contains("Lambda WRONG") && !printed.contains("Kappa WRONG"), "{printed}");
}

#[test]
fn a_log_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("trades.log").display().to_string();
    for round in 1..=2 {
        let golden = Golden::start();
        let printed = ended(&lab(&golden, folder.path(), &["--store", "sqlite", "--log", &log]), 0);
        let volume = if round == 1 { "43 (6)" } else { "86 (12)" };
        assert!(printed.contains(volume), "{printed}");
    }
}
