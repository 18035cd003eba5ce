//! What is said when something is wrong with a feed, an address or a folder, and that an interrupted lab leaves nothing broken.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::golden::{Golden, TOKEN};
use super::{ended, lab, text};

fn wb(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.args(arguments).env("LC_ALL", "C").env_remove("WB_FEED_TOKEN");
    command
}

/// Runs `wb`, which must end with this code and one line that holds every one of `said`.
#[track_caller]
fn refused(command: &mut Command, code: i32, said: &[&str]) {
    let output = command.output().unwrap();
    let complaint = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{complaint}");
    let lines: Vec<&str> = complaint.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(lines.len(), 1, "{complaint}");
    said.iter().for_each(|part| assert!(lines[0].contains(part), "expected `{part}` in {complaint}"));
    assert!(!complaint.contains(TOKEN), "the token was shown");
}

#[test]
fn what_cannot_be_meant_is_said_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("lab").display().to_string();
    let trades = |more: &[&str]| wb(&[&["lab", "trades", "--out", &out], more].concat());
    let url = format!("ws://127.0.0.1:9?token={TOKEN}");
    refused(&mut trades(&["--url", &url]), 2, &["--token env:NAME"]);
    refused(&mut trades(&["--url", "ws://127.0.0.1:9", "--token", TOKEN]), 2, &["env:NAME or file:PATH"]);
    refused(
        &mut trades(&["--url", "ws://127.0.0.1:9", "--token", "env:NOT_SET"]),
        2,
        &["NOT_SET is not set"],
    );
    refused(&mut trades(&["--url", "http://127.0.0.1:9"]), 2, &["ws://HOST:PORT"]);
    refused(&mut trades(&["--lose-every", "3"]), 2, &["--topics two"]);
    refused(&mut trades(&["--frames", "0"]), 2, &["--frames"]);
    refused(&mut trades(&["--malformed", "2"]), 2, &["--malformed"]);
    refused(&mut trades(&["--rate", "0"]), 2, &["--rate"]);
    #[cfg(not(feature = "feed-tls"))]
    refused(&mut trades(&["--url", "wss://127.0.0.1:9"]), 1, &["--features feed-tls"]);
    assert!(!folder.path().join("lab").exists(), "nothing was made");
}

#[test]
fn a_feed_that_is_not_there_or_does_not_know_the_token_is_said() {
    let (golden, folder) = (Golden::start(), tempfile::tempdir().unwrap());
    let out = folder.path().join("lab").display().to_string();
    let url = golden.url();
    let trades = |url: &str| wb(&["lab", "trades", "--out", &out, "--url", url]);
    refused(&mut trades("ws://127.0.0.1:9"), 1, &["the connection is refused", "wb feed simulate"]);
    refused(&mut trades(&url), 1, &["asks for a token"]);
    refused(trades(&url).env("WB_FEED_TOKEN", "swordfish"), 1, &["refuses the token"]);
}

#[test]
fn symbols_that_the_feed_has_not_are_said() {
    let (golden, folder) = (Golden::start(), tempfile::tempdir().unwrap());
    let output = lab(&golden, folder.path(), &["--store", "none", "--symbols", "NOPE"]);
    let printed = ended(&output, 0);
    assert!(printed.contains("the feed has no NOPE: unknown symbol NOPE"), "{printed}");
    let (url, out) = (golden.url(), folder.path().join("other").display().to_string());
    let mut none =
        wb(&["lab", "trades", "--url", &url, "--symbols", "NOPE", "--out", &out, "--store", "none"]);
    refused(none.env("WB_FEED_TOKEN", TOKEN), 1, &["has none of NOPE"]);
}

#[test]
fn a_folder_that_is_not_the_labs_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    let out = folder.path().display().to_string();
    refused(&mut wb(&["lab", "trades", "--out", &out, "--frames", "1"]), 2, &["not this lab's", "--out"]);
}

#[test]
fn a_database_that_was_named_and_does_not_answer_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("lab").display().to_string();
    let named = ["--store", "postgres", "--store-address", "host=/nowhere user=postgres"];
    let mut lab = wb(&[&["lab", "trades", "--out", &out, "--frames", "1"], &named[..]].concat());
    refused(&mut lab, 1, &["reaching the speed table host=/nowhere"]);
}

#[test]
fn an_interrupted_lab_leaves_a_log_that_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (out, log) = (path("lab"), path("trades.log"));
    let common = ["lab", "trades", "--out", &out, "--log", &log, "--rate", "200", "--store", "sqlite"];
    let mut child = wb(&[&common[..], &["--frames", "1000000"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // A second batch: trades have come for a while, and the next will be under way soon.
    assert!(lines.any(|line| line.unwrap().starts_with("batch 2")));
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("are all in the log")), "{rest:?}");
    let verified = wb(&["log", "verify", &log]).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    ended(&wb(&[&common[..], &["--frames", "50"]].concat()).output().unwrap(), 0);
}

#[test]
fn a_simulated_feed_of_its_own_process_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("lab").display().to_string();
    let faults = ["--rate", "2000", "--drop-every", "60", "--malformed", "0.05"];
    let mut feed = wb(&[&["feed", "simulate", "--token", "env:WB_FEED_TOKEN"], &faults[..]].concat())
        .env("WB_FEED_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(feed.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening at ").unwrap().to_owned();
    let mut lab = wb(&["lab", "trades", "--out", &out, "--url", &url, "--frames", "300", "--store", "none"]);
    let printed = ended(&lab.env("WB_FEED_TOKEN", TOKEN).output().unwrap(), 0);
    kill(Pid::from_raw(feed.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(feed.wait().unwrap().code(), Some(130));
    assert!(printed.contains("times without a connection"), "{printed}");
    assert!(printed.contains("could not be read"), "{printed}");
    let rejects = std::fs::read_to_string(folder.path().join("lab/rejects.jsonl")).unwrap();
    assert!(rejects.lines().all(|line| line.contains("\"reason\":")) && !rejects.is_empty(), "{rejects}");
}
