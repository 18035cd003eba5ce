//! A kappa as a process: asked something else from a second one, parked when there is little to do, ended by a panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use harness::child::{Hosting, Life, host};
use harness::clock::Clock;
use harness::contestants::Settings;
use harness::driver::client::Client;
use tempfile::TempDir;
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::Feed;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::log::{LogReader, Meta, RawRecord};
use workloads::{Answer, Appender, Log, LogError, Query, Terms, Version};

fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "waiting for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn wb(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_wb")).args(arguments).current_dir(folder).output().unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8(said).unwrap())
}

fn settings(folder: &Path, workers: u32) -> Settings {
    Settings {
        workload: "orders".into(),
        terms: Terms::default(),
        state: folder.join("state"),
        feed: Feed::default(),
        workers,
        granularity: 1000,
        version_ms: 1,
        cut_every: 0,
        cut_ms: 100,
        spin: false,
        seed: 1,
        speed_socket: None,
        lambda: lambda::Options::default(),
        kappa: kappa::Options::default(),
    }
}

/// A kappa in a process of its own, over a small log.
struct Hosted {
    process: Child,
    folder: TempDir,
}

impl Hosted {
    fn start(workers: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = wb(folder.path(), &["generate", "orders", "--events", "3000", "--log", "orders.log"]);
        assert!(made.0, "{}", made.1);
        fs::create_dir(folder.path().join("state")).unwrap();
        let text = serde_json::to_string(&settings(folder.path(), workers)).unwrap();
        fs::write(folder.path().join("settings.json"), text).unwrap();
        let arguments =
            ["contestant", "kappa", "kappa", "--settings", "settings.json", "--log", "orders.log"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
        command.args(arguments).args(["--socket", "socket"]).current_dir(folder.path());
        let process = command.stdin(Stdio::null()).spawn().unwrap();
        until("the socket", || UnixStream::connect(folder.path().join("socket")).ok());
        Hosted { process, folder }
    }

    fn replace(&self, arguments: &[&str]) -> (bool, String) {
        let all = [&["kappa", "replace", "--socket", "socket", "--format", "csv"], arguments].concat();
        wb(self.folder.path(), &all)
    }

    /// Processor time that it has used, in hundredths of a second.
    fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_second_process_changes_the_question_and_takes_it_back() {
    let hosted = Hosted::start(2);
    let (fine, said) = hosted.replace(&["--terms", "big_above=7,dedup=offset"]);
    assert!(fine && said.contains("catching up"), "{said}");
    until("the switch", || hosted.replace(&["--status"]).1.contains("kept until confirmed").then_some(()));
    let (_, said) = hosted.replace(&["--status"]);
    assert!(said.lines().nth(1).unwrap().starts_with("2,answers"), "{said}");
    let (fine, said) = hosted.replace(&["--terms", "big_above=8"]);
    assert!(!fine && said.contains("job 1 already stands beside"), "{said}");
    assert!(hosted.replace(&["--rollback"]).0);
    until("the first job", || {
        let (_, said) = hosted.replace(&["--status"]);
        (said.contains("1,answers") && said.lines().count() == 2).then_some(())
    });
    let (fine, said) = hosted.replace(&["--confirm"]);
    assert!(!fine && said.contains("nothing to confirm"), "{said}");
}

#[test]
fn parked_workers_leave_the_core_to_others() {
    let hosted = Hosted::start(2);
    let disk: SharedDisk = Arc::new(RealDisk);
    let folder = hosted.folder.path().join("orders.log");
    let log = FileLog::open(&disk, &folder).unwrap();
    let mut again = Vec::new();
    log.reader(0, 0).unwrap().read(u64::MAX, 400, &mut again).unwrap();
    let mut appender = FileLog::appender(&disk, &folder, FsyncPolicy::None).unwrap();
    // What was there before it began is not counted.
    thread::sleep(Duration::from_millis(500));
    let (began, before) = (Instant::now(), hosted.ticks());
    for (turn, record) in (0..).zip(&again) {
        appender.append(0, std::slice::from_ref(record)).unwrap();
        let due = Duration::from_millis(10 * (turn + 1));
        thread::sleep(due.saturating_sub(began.elapsed()));
    }
    let share = (hosted.ticks() - before) as f64 / 100.0 / began.elapsed().as_secs_f64();
    // The aim is a twentieth; a build for tests takes more for the same. Whoever does not park takes all of one.
    let most = if cfg!(debug_assertions) { 0.15 } else { 0.05 };
    assert!(share < most, "{:.1} % of a core at 100 events a second", share * 100.0);
}

/// One of two processes that share the work.
fn process(folder: &Path, part: &str) -> Child {
    let arguments =
        ["contestant", "kappa-cluster", part, "--settings", "settings.json", "--log", "orders.log"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.args(arguments).args(["--socket", &format!("{part}.socket")]).current_dir(folder);
    command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until the first process answers for the whole log.
fn caught_up(folder: &Path) -> Answer {
    let disk: SharedDisk = Arc::new(RealDisk);
    let heads = FileLog::open(&disk, &folder.join("orders.log")).unwrap().heads().unwrap();
    let query = [Query { view: "revenue".into(), key: None }];
    until("the whole log", || {
        let mut client = Client::connect(&folder.join("kappa.socket"), Duration::from_secs(5)).ok()?;
        client.read(&query).ok().filter(|answer| answer.version.as_ref() == Some(&heads))
    })
}

#[test]
fn when_a_process_dies_the_other_ends_and_both_begin_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let generate = ["generate", "orders", "--events", "20000", "--partitions", "4", "--log", "orders.log"];
    assert!(wb(folder, &generate).0);
    fs::create_dir(folder.join("state")).unwrap();
    let mut settings = settings(folder, 1);
    settings.kappa.snapshot_records = 5_000;
    fs::write(folder.join("settings.json"), serde_json::to_string(&settings).unwrap()).unwrap();
    let (first, mut second) = (process(folder, "kappa"), process(folder, "hand"));
    let answer = caught_up(folder);
    until("a snapshot of both", || {
        let mut names = fs::read_dir(folder.join("state/snapshots")).ok()?;
        names.find(|name| {
            name.as_ref().is_ok_and(|it| it.path().extension().is_some_and(|end| end == "manifest"))
        })
    })
    .unwrap();
    second.kill().unwrap();
    second.wait().unwrap();
    let ended = first.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success());
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("start all of them again"), "{said}");
    fs::remove_file(folder.join("kappa.socket")).unwrap();
    let began = Instant::now();
    let mut both = [process(folder, "hand"), process(folder, "kappa")];
    assert_eq!(caught_up(folder), answer);
    eprintln!("both again at the end of 20,000 events, from their snapshot, after {:?}", began.elapsed());
    both.iter_mut().for_each(|process| drop(process.kill().and_then(|()| process.wait())));
}

/// A log of which partition 1 cannot be read without a panic.
struct Upset(FileLog);

impl Log for Upset {
    fn meta(&self) -> &Meta {
        self.0.meta()
    }

    fn starts(&self) -> Result<Version, LogError> {
        self.0.starts()
    }

    fn heads(&self) -> Result<Version, LogError> {
        self.0.heads()
    }

    fn reader(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        let reader = self.0.reader(partition, offset)?;
        Ok(if partition == 1 { Box::new(UpsetReader) } else { reader })
    }

    fn offset_at(&self, partition: u32, time: i64) -> Result<u64, LogError> {
        self.0.offset_at(partition, time)
    }
}

struct UpsetReader;

impl LogReader for UpsetReader {
    fn read(&mut self, _upto: u64, _max: usize, _out: &mut Vec<RawRecord>) -> Result<usize, LogError> {
        panic!("the pages of partition 1 are upside down")
    }

    fn position(&self) -> u64 {
        0
    }
}

/// Not a test by itself: what the process does that the next one starts.
#[test]
#[ignore = "it panics"]
fn upset() {
    let folder = std::path::PathBuf::from(std::env::var("UPSET_LOG").unwrap());
    let disk: SharedDisk = Arc::new(RealDisk);
    let log = Upset(FileLog::open(&disk, &folder.join("orders.log")).unwrap());
    let hosting = Hosting {
        contestant: "kappa".into(),
        part: "kappa".into(),
        settings: settings(&folder, 2),
        socket: folder.join("socket"),
    };
    let life = Life::watch(false).unwrap();
    host(&hosting, Arc::new(log), disk, &Clock::start(), &life).unwrap();
}

#[test]
fn a_panic_in_one_worker_ends_the_process_with_its_message() {
    let folder = tempfile::tempdir().unwrap();
    // So few that every read of the log's time stays with partition 0.
    let generate = ["generate", "orders", "--events", "300", "--log", "orders.log"];
    assert!(wb(folder.path(), &generate).0);
    fs::create_dir(folder.path().join("state")).unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "upset", "--nocapture"])
        .env("UPSET_LOG", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(101), "{said}");
    assert!(said.contains("timely:work-1"), "{said}");
    assert!(said.contains("the pages of partition 1 are upside down"), "{said}");
}
