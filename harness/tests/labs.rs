//! The labs on the embedded log, which need nothing beside `wb`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn lab(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.arg("lab").args(arguments).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("wb starts");
    child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it is read");
    child.wait_with_output().expect("it ends")
}

/// What a lab printed that must not fail.
fn shown(arguments: &[&str], input: &str) -> String {
    let output = lab(arguments, input);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_words_of_the_lab_are_counted() {
    let printed = shown(&["wordcount", "--format", "csv"], "hello hello kafka and zookeeper!\n");
    assert_eq!(printed, "word,count\nand,1\nhello,2\nkafka,1\nzookeeper!,1\n");
    let table = shown(&["wordcount"], "hello hello kafka and zookeeper!\n");
    assert!(
        table.starts_with("window 20") && table.contains("in_window") && table.contains("totals"),
        "{table}"
    );
}

#[test]
fn a_lambda_counts_the_same_words_and_a_log_is_gone_on_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("words.log");
    let log = log.to_str().expect("a path of text");
    shown(&["wordcount", "--log", log], "to be or not to be\n");
    let wordcount = ["wordcount", "--log", log, "--contestant", "lambda", "--format", "csv"];
    assert_eq!(shown(&wordcount, "to\nto do\n"), "word,count\nbe,2\ndo,1\nnot,1\nor,1\nto,4\n");
}

#[test]
fn exactly_the_listed_alerts_are_raised_and_a_command_is_run_for_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = folder.path().join("told");
    let tell = format!("echo $WB_REGION $WB_SECOND $WB_AVERAGE >> {}", told.display());
    let sensors = ["sensors", "--seconds", "600", "--speed", "2000", "--seed", "7", "--on-alert", &tell];
    let printed = shown(&sensors, "");
    assert!(printed.contains("2400 readings sent, 2400 counted"), "{printed}");
    assert!(printed.contains("exactly those"), "{printed}");
    let alerts = printed.lines().filter(|line| line.contains("ALERT")).count();
    let told = std::fs::read_to_string(told).expect("alerts were told of");
    assert!(alerts > 0 && told.lines().count() == alerts, "{printed}\n{told}");
}

#[test]
fn a_batch_over_the_archive_agrees_with_the_stream() {
    let printed = shown(&["archive", "--events", "5000"], "");
    assert!(printed.contains("5000 records in the log") && printed.contains(".parquet"), "{printed}");
    assert!(printed.contains("the same") && !printed.contains("DIFFERENT"), "{printed}");
}

#[test]
fn the_labs_are_listed_with_what_they_need() {
    let printed = shown(&[], "");
    for name in ["orders", "wordcount", "sensors", "archive", "a Kafka broker at", "PostgreSQL: "] {
        assert!(printed.contains(name), "{printed}");
    }
    let printed = shown(&["--lang", "fr"], "");
    assert!(printed.contains("besoins") && !printed.contains("labs."), "{printed}");
}

#[test]
fn the_language_is_that_of_the_environment_unless_another_is_asked_for() {
    let said = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
        command.arg("lab").args(arguments).env("LC_ALL", "fr_FR.UTF-8");
        String::from_utf8_lossy(&command.output().expect("it runs").stdout).into_owned()
    };
    assert!(said(&[]).starts_with("Les ateliers"), "{}", said(&[]));
    assert!(said(&["--lang", "en"]).starts_with("The labs"), "{}", said(&["--lang", "en"]));
}
