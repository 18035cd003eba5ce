//! Runs of real processes: a whole one, and ones that are interrupted, killed or talked nonsense to.

// What stands beside the tests here unwraps as they do: a run that cannot be made is a failed test.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::contestants::Settings;
use harness::driver::client::Client;
use harness::observe::{Arrival, Kind, Mark, Observation, Run, Watched, read, reads};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::Feed;
use workloads::log::file::FileLog;
use workloads::{Log, Query, Terms, Version};

const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with a small plan in it.
fn folder(contestant: &str, seconds: f64, more: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let plan = format!(
        r#"
name = "small"
about = "A test."
seed = 1
[live]
history = 3000
seconds = {seconds}
rate = 2000.0
objective_ms = 10.0
patience_s = 20.0
drain_s = 10.0
[log]
codec = "bin"
partitions = 2
partition_by = "key"
fsync = "none"
[terms]
dedup = "origin"
big_above = 20000
large_from = 10000
[settings]
workers = 1
granularity = 1000
version_ms = 1
cut_every = 0
cut_ms = 200
spin = false
pin = true
keep = true
[reads]
uniform = 200.0
recent = 200.0
total = 40.0
pair = 20.0
whole = 10.0
connections = 3
[workloads.orders]
keys = 100
cancellations = 0.05
corrections = 0.02
start = 1735689600000
[[contest]]
workload = "orders"
contestants = ["{contestant}"]
repeats = 1
{more}
"#
    );
    fs::write(folder.path().join("plan.toml"), plan).unwrap();
    folder
}

fn start(folder: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.args(["run", "plan.toml", "--out", "out"]).current_dir(folder);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits for a condition, looking often; never longer than is patient.
fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(began.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn observations(folder: &Path, contestant: &str) -> PathBuf {
    folder.join(format!("out/observations/orders/{contestant}-1"))
}

fn log_folder(folder: &Path, contestant: &str) -> PathBuf {
    folder.join(format!("out/logs/orders/{contestant}-1"))
}

/// Process ids of components whose working folder is this one.
fn components(folder: &Path) -> Vec<i32> {
    let folder = folder.canonicalize().unwrap();
    let here = |pid: &i32| {
        let of = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
        let line = fs::read(of("cmdline")).unwrap_or_default();
        fs::read_link(of("cwd")).is_ok_and(|cwd| cwd == folder)
            && line.windows(10).any(|part| part == b"contestant")
    };
    let names = fs::read_dir("/proc").unwrap().flatten();
    names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(here).collect()
}

/// Waits until a run is in its live part: its log has more than its history.
fn live(folder: &Path, contestant: &str) {
    let disk: SharedDisk = Arc::new(RealDisk);
    until("the live part", || {
        let log = FileLog::open(&disk, &log_folder(folder, contestant)).ok()?;
        (log.heads().ok()?.total() > 3_100).then_some(())
    });
}

fn run_of(folder: &Path, contestant: &str) -> Run {
    let text = fs::read_to_string(observations(folder, contestant).join("run.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_run_leaves_everything_that_judging_needs() {
    let folder = folder("reference", 1.0, "[faults]\n");
    assert!(start(folder.path()).wait().unwrap().success());
    let (run, place) = (run_of(folder.path(), "reference"), observations(folder.path(), "reference"));
    assert_eq!((run.ended.as_str(), run.live_from.total()), ("complete", 3_000));
    let all: Vec<Observation> = reads(&place.join("reads.jsonl.gz")).unwrap();
    assert!(all.len() > 200 && all.iter().all(|read| read.error.is_none()), "{} reads", all.len());
    assert!(all.windows(2).all(|pair| pair[0].intended_us <= pair[1].intended_us));
    assert!(all.iter().all(|read| read.intended_us <= read.sent_us && read.sent_us <= read.answered_us));
    for kind in [Kind::Uniform, Kind::Recent, Kind::Total, Kind::Pair, Kind::Whole, Kind::Final] {
        assert!(all.iter().any(|read| read.kind == kind), "{kind:?}");
    }
    let arrivals: Vec<Arrival> = read(&place.join("arrivals.jsonl.gz")).unwrap();
    assert_eq!(arrivals.iter().map(|arrival| arrival.count).sum::<u64>(), 2_000);
    assert!(arrivals.iter().all(|arrival| 0 <= arrival.handed_us && arrival.handed_us <= arrival.acked_us));
    let watched: Vec<Watched> = read(&place.join("watched.jsonl.gz")).unwrap();
    assert_eq!(watched.last().unwrap().version.total(), 5_000);
    assert!(watched.windows(2).all(|pair| pair[1].version.covers(&pair[0].version)));
    let whole = all.iter().rfind(|read| read.kind == Kind::Final).unwrap();
    assert_eq!(whole.answer.as_ref().unwrap().version.as_ref().unwrap().total(), 5_000);
    assert!(components(folder.path()).is_empty());
}

#[test]
fn a_killed_driver_leaves_no_child_behind() {
    let folder = folder("reference", 30.0, "");
    let mut driver = start(folder.path());
    live(folder.path(), "reference");
    assert_eq!(components(folder.path()).len(), 1);
    driver.kill().unwrap();
    driver.wait().unwrap();
    let died = Instant::now();
    until("its children to end", || components(folder.path()).is_empty().then_some(()));
    assert!(died.elapsed() < Duration::from_secs(1));
    let disk: SharedDisk = Arc::new(RealDisk);
    let log = FileLog::open(&disk, &log_folder(folder.path(), "reference")).unwrap();
    assert!(log.heads().unwrap().total() > 3_100, "the log can be read");
}

#[test]
fn a_killed_driver_takes_a_stopped_child_with_it() {
    let pause = "[[disturbance]]\ncomponent = \"reference\"\nwhat = \"pause\"\nat = 0.0\nseconds = 20.0\n";
    let folder = folder("reference", 30.0, pause);
    let mut driver = start(folder.path());
    live(folder.path(), "reference");
    driver.kill().unwrap();
    driver.wait().unwrap();
    until("its children to end", || components(folder.path()).is_empty().then_some(()));
}

#[test]
fn an_interrupted_run_says_so_and_its_log_can_be_read() {
    let folder = folder("reference", 30.0, "");
    let mut driver = start(folder.path());
    live(folder.path(), "reference");
    let told = Instant::now();
    kill(Pid::from_raw(driver.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(driver.wait().unwrap().code(), Some(130));
    assert!(told.elapsed() < Duration::from_secs(2), "{:?}", told.elapsed());
    assert!(components(folder.path()).is_empty());
    assert_eq!(run_of(folder.path(), "reference").ended, "interrupted");
    let all = reads(&observations(folder.path(), "reference").join("reads.jsonl.gz")).unwrap();
    assert!(all.iter().any(|read| read.answer.is_some()), "what was read is kept");
    let manifest = fs::read_to_string(folder.path().join("out/manifest.json")).unwrap();
    assert!(manifest.contains("\"ended\": \"interrupted\""), "{manifest}");
    let disk: SharedDisk = Arc::new(RealDisk);
    let log = FileLog::open(&disk, &log_folder(folder.path(), "reference")).unwrap();
    assert!(log.heads().unwrap().total() > 3_100);
}

#[test]
fn a_killed_component_comes_back_and_ends_right() {
    let crash = "[[disturbance]]\ncomponent = \"reference\"\nwhat = \"kill\"\nat = 0.3\nseconds = 0.2\n";
    let folder = folder("reference", 1.0, crash);
    assert!(start(folder.path()).wait().unwrap().success());
    let place = observations(folder.path(), "reference");
    assert_eq!(run_of(folder.path(), "reference").ended, "complete");
    let marks: Vec<Mark> = read(&place.join("marks.jsonl.gz")).unwrap();
    let killed = marks.iter().find(|mark| mark.what == "kill").unwrap();
    let all = reads(&place.join("reads.jsonl.gz")).unwrap();
    let during =
        |read: &&Observation| killed.from_us < read.sent_us && read.sent_us < killed.until_us - 10_000;
    assert!(all.iter().filter(during).count() > 0);
    assert!(all.iter().filter(during).all(|read| read.error.is_some()), "nobody was there to answer");
    let last = all.last().unwrap().answer.as_ref().unwrap();
    assert_eq!(last.version.as_ref().unwrap().total(), 5_000);
}

#[test]
fn a_paused_component_delays_reads_and_loses_none() {
    let pause = "[[disturbance]]\ncomponent = \"reference\"\nwhat = \"pause\"\nat = 0.3\nseconds = 0.3\n";
    let folder = folder("reference", 1.0, pause);
    assert!(start(folder.path()).wait().unwrap().success());
    let all = reads(&observations(folder.path(), "reference").join("reads.jsonl.gz")).unwrap();
    assert!(all.iter().all(|read| read.error.is_none()));
    let slow = all.iter().filter(|read| read.answered_us - read.intended_us > 100_000).count();
    assert!(slow > 20, "reads keep their times though nobody answers: {slow}");
}

/// A component started by hand.
struct Hosted {
    process: Child,
    socket: PathBuf,
    _folder: TempDir,
}

fn hosted(contestant: &str) -> Hosted {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(env!("CARGO_BIN_EXE_wb"))
        .args(["generate", "orders", "--events", "300", "--log", "orders.log"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success());
    let settings = Settings {
        workload: "orders".into(),
        terms: Terms::default(),
        state: folder.path().to_path_buf(),
        feed: Feed::default(),
        workers: 1,
        granularity: 1000,
        version_ms: 1,
        cut_every: 0,
        cut_ms: 100,
        spin: false,
        seed: 1,
        speed_socket: None,
        lambda: lambda::Options::default(),
        kappa: kappa::Options::default(),
    };
    fs::write(folder.path().join("settings.json"), serde_json::to_string(&settings).unwrap()).unwrap();
    let socket = folder.path().join("socket");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.args([
        "contestant",
        contestant,
        contestant,
        "--settings",
        "settings.json",
        "--log",
        "orders.log",
    ]);
    command.args(["--socket", "socket"]).current_dir(folder.path()).stdin(Stdio::null());
    let process = command.spawn().unwrap();
    until("the socket", || UnixStream::connect(&socket).ok());
    Hosted { process, socket, _folder: folder }
}

impl Hosted {
    fn client(&self) -> Client {
        Client::connect(&self.socket, PATIENCE).unwrap()
    }

    fn end(mut self) {
        let told = Instant::now();
        kill(Pid::from_raw(self.process.id() as i32), Signal::SIGTERM).unwrap();
        assert!(self.process.wait().unwrap().success());
        assert!(told.elapsed() < Duration::from_secs(1));
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn revenue() -> Vec<Query> {
    vec![Query { view: "revenue".into(), key: None }]
}

#[test]
fn malformed_lines_are_answered_and_do_no_harm() {
    let hosted = hosted("reference");
    let mut client = hosted.client();
    let long = format!("{{\"id\":1,\"read\":[{{\"view\":\"{}\"}}]\n", "v".repeat(100_000));
    let lines: [&[u8]; 9] = [
        b"hello\n",
        b"{}\n",
        b"{\"id\":1}\n",
        b"{\"id\":-1,\"read\":[]}\n",
        b"{\"id\":1,\"watch\":true}\n",
        b"{\"id\":1,\"read\":[{\"vieww\":\"spend\"}]}\n",
        b"\xff\xfe\x00\n",
        b"[[[[[[[[[[[[[[[[[[[[\n",
        long.as_bytes(),
    ];
    for line in lines {
        let response = client.exchange(line).unwrap();
        assert!(response.error.is_some(), "{}", String::from_utf8_lossy(&line[..line.len().min(80)]));
    }
    let answer = until("the whole log", || {
        let answer = client.read(&revenue()).unwrap();
        (answer.version == Some(whole(&hosted))).then_some(answer)
    });
    assert_eq!(answer.rows[0].len(), 1, "the same connection still answers");
    hosted.end();
}

fn whole(hosted: &Hosted) -> Version {
    let disk: SharedDisk = Arc::new(RealDisk);
    FileLog::open(&disk, &hosted.socket.with_file_name("orders.log")).unwrap().heads().unwrap()
}

#[test]
fn a_line_without_end_closes_its_connection_only() {
    let hosted = hosted("reference");
    let mut stream = UnixStream::connect(&hosted.socket).unwrap();
    let chunk = vec![b'x'; 1 << 16];
    // The component stops listening at some point, which the writer may see as an error.
    let sent = (0..64).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    assert!(sent > 0);
    assert!(hosted.client().read(&revenue()).is_ok());
    hosted.end();
}

#[test]
fn a_reader_that_never_reads_delays_nobody() {
    let hosted = hosted("reference");
    let mut lazy = UnixStream::connect(&hosted.socket).unwrap();
    lazy.set_nonblocking(true).unwrap();
    let line = b"{\"id\":1,\"read\":[{\"view\":\"spend\"}]}\n";
    for _ in 0..500 {
        let _ = lazy.write(line);
    }
    assert!(hosted.client().read(&revenue()).is_ok());
    hosted.end();
}
