//! What `wb` says to bad input: one line that says what to do, and the exit code for it.

// What stands beside the tests here unwraps as they do: a test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn wb(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wb")).args(arguments).current_dir(folder).output().unwrap()
}

/// Runs `wb`, which must fail with this code and one line of complaint that holds every one of `said`.
fn refused(folder: &Path, arguments: &[&str], code: i32, said: &[&str]) {
    let output = wb(folder, arguments);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {complaint}");
    let line = complaint.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
    for part in said {
        assert!(line.contains(part), "{arguments:?}: expected `{part}` in {complaint}");
    }
    if code == 1 {
        assert_eq!(complaint.trim().lines().last(), Some(line), "{arguments:?}: one line at the end");
    }
}

/// A folder with a log of 500 events of a workload.
fn generated(workload: &str) -> TempDir {
    let (folder, log) = (tempfile::tempdir().unwrap(), format!("{workload}.log"));
    let made = wb(folder.path(), &["generate", workload, "--events", "500", "--log", &log]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
}

fn with_log() -> TempDir {
    generated("orders")
}

/// What asks a contestant about that log.
fn answer<'a>(view: &'a str, contestant: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["answer", "orders", view, "--log", "orders.log", "--contestant", contestant], more].concat()
}

fn plan(folder: &Path, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/plans/short.toml")).unwrap();
    fs::write(folder.join("mine.toml"), change(&text)).unwrap();
}

#[test]
fn a_folder_without_a_log_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["answer", "orders", "spend", "--log", "nowhere", "--contestant", "reference"];
    refused(folder.path(), &arguments, 1, &["no log in nowhere", "wb generate"]);
}

#[test]
fn a_log_of_another_workload_is_refused() {
    let folder = with_log();
    let arguments = ["answer", "trades", "mean", "--log", "orders.log", "--contestant", "reference"];
    refused(folder.path(), &arguments, 1, &["orders.log holds orders, not trades"]);
}

#[test]
fn a_version_past_the_head_is_refused_with_the_head() {
    let folder = with_log();
    let arguments = answer("spend", "reference", &["--at", "1000000,0"]);
    refused(folder.path(), &arguments, 1, &["past the head", "ends at"]);
}

#[test]
fn a_version_of_other_partitions_is_refused() {
    let folder = with_log();
    let arguments = answer("spend", "reference", &["--at", "7"]);
    refused(folder.path(), &arguments, 1, &["2 partitions, not 1"]);
}

#[test]
fn a_contestant_with_a_database_answers_over_a_finished_log_too() {
    let folder = with_log();
    let ask = |contestant: &str| {
        let output = wb(folder.path(), &answer("spend", contestant, &["--format", "csv"]));
        assert!(output.status.success(), "{contestant}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let truth = ask("reference");
    assert!(truth.lines().count() > 1, "{truth}");
    for contestant in ["kappa-sqlite", "lambda-sqlite"] {
        assert_eq!(ask(contestant), truth, "{contestant}");
    }
}

#[test]
fn a_view_or_contestant_that_is_not_there_is_answered_with_those_that_are() {
    let folder = with_log();
    let arguments = answer("spent", "reference", &[]);
    refused(folder.path(), &arguments, 2, &["no view `spent`", "spend, big_spenders"]);
    let arguments = answer("spend", "nobody", &[]);
    refused(folder.path(), &arguments, 2, &["no contestant `nobody`", "reference"]);
}

#[test]
fn a_name_in_a_plan_that_is_not_there_is_a_usage_error_too() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["run", "mine.toml", "--out", "out"];
    plan(folder.path(), |text| text.replace("contestants = [\"lambda\"", "contestants = [\"lambada\""));
    refused(folder.path(), &arguments, 2, &["no contestant `lambada`", "lambda-student"]);
    plan(folder.path(), |text| text.replace("workload = \"orders\"", "workload = \"order\""));
    refused(folder.path(), &arguments, 2, &["no workload `order`", "orders, trades"]);
    assert!(!folder.path().join("out").exists(), "nothing was begun");
}

#[test]
fn a_contestant_is_asked_only_what_it_can_do() {
    let folder = generated("words");
    let arguments = ["answer", "words", "totals", "--log", "words.log", "--contestant", "broken-frozen"];
    refused(folder.path(), &arguments, 2, &["broken-frozen cannot do words: it does orders, trades"]);
}

#[test]
fn a_workload_that_is_not_there_is_answered_with_those_that_are() {
    let folder = with_log();
    for arguments in [
        vec!["answer", "order", "spend", "--log", "orders.log", "--contestant", "reference"],
        vec!["generate", "order", "--events", "5", "--log", "other.log"],
        vec!["limits", "order"],
        vec!["log", "import", "orders.log/log.json", "--workload", "order", "--log", "other.log"],
    ] {
        refused(folder.path(), &arguments, 2, &["no workload `order`", "orders, trades"]);
    }
}

#[test]
fn a_cause_is_printed_once() {
    let folder = with_log();
    let output = wb(folder.path(), &["log", "verify", "orders.log/log.json"]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaint.matches("os error").count(), 1, "{complaint}");
}

#[test]
fn an_unknown_key_in_a_plan_is_refused_with_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    plan(folder.path(), |text| text.replace("rate =", "rote ="));
    refused(
        folder.path(),
        &["run", "mine.toml", "--out", "out"],
        2,
        &["mine.toml, line", "`rote`", "`rate`"],
    );
    assert!(!folder.path().join("out").exists(), "nothing was begun");
}

#[test]
fn a_plan_that_is_not_there_is_answered_with_the_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), &["compare", "defualt"], 1, &["no plan defualt", "default, full"]);
}

#[test]
fn too_little_disk_for_a_plan_is_said_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    plan(folder.path(), |text| text.replace("history = 100000", "history = 9000000000000"));
    refused(folder.path(), &["run", "mine.toml", "--out", "out"], 1, &["MB on disk", "make room"]);
    assert!(!folder.path().join("out").exists(), "nothing was begun");
}

#[test]
fn a_log_is_not_written_over() {
    let folder = with_log();
    let arguments = ["generate", "orders", "--events", "500", "--log", "orders.log"];
    refused(folder.path(), &arguments, 1, &["holds a log already"]);
}

#[test]
fn a_log_is_gone_on_with_only_as_it_was_made() {
    let folder = with_log();
    let resume = ["generate", "orders", "--events", "600", "--resume", "--log", "orders.log"];
    for (name, value, held) in [
        ("--partitions", "1", "--partitions 2"),
        ("--codec", "json", "--codec bin"),
        ("--partition-by", "round-robin", "--partition-by key"),
    ] {
        let said = format!("orders.log was made with {held}, not {name} {value}");
        refused(folder.path(), &[&resume[..], &[name, value]].concat(), 2, &[&said, "choose another --log"]);
    }
    let done = wb(folder.path(), &resume);
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success() && said.contains("500 records are in orders.log already"), "{said}");
}

#[test]
fn clients_of_kafka_are_set_up_for_logs_on_kafka_alone() {
    let folder = tempfile::tempdir().unwrap();
    for log in [&[][..], &["--log", "rounds"]] {
        let arguments = [&["serve", "-X", "linger.ms=3"], log].concat();
        refused(folder.path(), &arguments, 2, &["-X sets up clients of Kafka"]);
    }
}

#[test]
fn numbers_that_make_no_log_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, code, said) in [
        ("--rate", "inf", 2, "--rate must be a number above 0"),
        ("--rate", "0", 2, "--rate must be a number above 0"),
        ("--keys", "0", 2, "--keys must be at least 1"),
        ("--faults", "lat=0.1", 2, "no fault of a source is called lat: there are"),
        ("--partitions", "4000000000", 1, "1 to 4096 partitions, not 4000000000"),
    ] {
        let arguments = ["generate", "orders", "--events", "10", "--log", "mine.log", name, value];
        refused(folder.path(), &arguments, code, &[said]);
    }
    fs::write(folder.path().join("orders.csv"), "customer,amount\nAli,1\n").unwrap();
    let arguments = ["log", "import", "orders.csv", "--log", "mine.log", "--partitions", "5000"];
    refused(folder.path(), &arguments, 1, &["1 to 4096 partitions, not 5000"]);
    for pace in [["--rate", "0"], ["--rate", "nan"], ["--speed", "inf"]] {
        let arguments = [&["compare", "short", "--log", "mine.log"], &pace[..]].concat();
        refused(folder.path(), &arguments, 2, &["--rate and --speed must be numbers above 0"]);
    }
    plan(folder.path(), |text| text.replace("rate = 20000.0", "rate = inf"));
    refused(folder.path(), &["run", "mine.toml", "--out", "out"], 2, &["live.rate must be numbers above 0"]);
    plan(folder.path(), |text| text.replace("partitions = 2", "partitions = 5000"));
    refused(
        folder.path(),
        &["run", "mine.toml", "--out", "out"],
        2,
        &["log.partitions must be from 1 to 4096"],
    );
    assert!(!folder.path().join("mine.log").exists(), "nothing was begun");
}

#[test]
fn a_generated_log_is_spread_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let how = ["--keys", "1", "--partition-by", "round-robin"];
    let made = wb(
        folder.path(),
        &[&["generate", "orders", "--events", "500", "--log", "mine.log"], &how[..]].concat(),
    );
    assert!(String::from_utf8(made.stderr).unwrap().contains("heads 250,250"));
}

#[test]
fn a_run_that_fails_while_its_history_is_written_says_so() {
    let folder = with_log();
    let segment = folder.path().join("orders.log/0/00000000000000000000.log");
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&segment, bytes).unwrap();
    let arguments = ["compare", "short", "--log", "orders.log", "--rate", "100", "--out", "out"];
    refused(folder.path(), &arguments, 1, &["corrupt batch", "first offset"]);
    let manifest = fs::read_to_string(folder.path().join("out/manifest.json")).unwrap();
    assert!(manifest.contains("corrupt batch") && !manifest.contains("running"), "{manifest}");
}

#[test]
fn a_run_folder_that_was_not_measured_says_what_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), &["report", "nowhere"], 1, &["not measured", "wb measure"]);
    refused(folder.path(), &["measure", "nowhere"], 1, &["nowhere", "wb run"]);
}

#[test]
fn only_a_run_folder_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("photos")).unwrap();
    refused(folder.path(), &["runs", "rm", "photos"], 1, &["photos is no run folder"]);
    assert!(folder.path().join("photos").exists());
}

#[test]
fn a_command_that_is_not_there_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    refused(folder.path(), &["experiment"], 2, &["experiment"]);
    refused(folder.path(), &["generate", "orders"], 2, &[]);
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let commands = [
        "compare",
        "generate",
        "run",
        "measure",
        "report",
        "runs",
        "answer",
        "limits",
        "list",
        "contestant",
        "serve",
    ];
    for command in commands {
        let output = wb(folder.path(), &[command, "--help"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("Example"), "{command}: {text}");
    }
}

#[test]
fn rows_are_printed_as_asked() {
    let folder = with_log();
    let ask = |format: &str| {
        let output = wb(folder.path(), &answer("revenue", "reference", &["--format", format]));
        String::from_utf8(output.stdout).unwrap()
    };
    let csv = ask("csv");
    let row = csv.lines().nth(1).unwrap().replacen("all,", "", 1);
    assert_eq!(csv.lines().next(), Some("key,sum_cents,count"));
    let json: Vec<serde_json::Value> = serde_json::from_str(&ask("json")).unwrap();
    assert_eq!(format!("{},{}", json[0]["sum_cents"], json[0]["count"]), row);
    assert!(ask("table").starts_with("key"));
}
