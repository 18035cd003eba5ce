//! The processes of one contestant.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::clock::Clock;
use crate::contestants::{Contestant, Role, Settings};
use crate::logs::LogAddress;

/// How long a child may take to end when it is asked to.
const GRACE_US: i64 = 1_000_000;

/// Longest path of a Unix socket, less its terminating zero.
const SOCKET_PATH: usize = 107;

/// What a child is started with.
#[derive(Clone, Debug)]
pub struct Start {
    /// This program.
    pub program: PathBuf,
    /// The log to follow.
    pub log: LogAddress,
    /// The folder for its settings, socket and messages.
    pub folder: PathBuf,
    /// The cores it may use; any when empty.
    pub cores: Vec<usize>,
}

/// One component's process.
pub struct Child {
    /// Name of the component.
    pub name: &'static str,
    /// What it does.
    pub role: Role,
    /// Where it listens.
    pub socket: PathBuf,
    contestant: &'static str,
    start: Start,
    process: process::Child,
    expected_dead: bool,
}

/// The processes of one contestant. Letting go of them ends them.
pub struct Children {
    /// In the order in which they were started.
    pub all: Vec<Child>,
}

impl Children {
    /// Starts every component. `settings` gives what the component of that name is told.
    pub fn start(
        contestant: &'static Contestant,
        start: &Start,
        settings: impl Fn(&str) -> Settings,
    ) -> anyhow::Result<Self> {
        let mut children = Children { all: Vec::new() };
        for part in contestant.parts {
            let file = start.folder.join(format!("{}.json", part.name));
            let text = serde_json::to_string_pretty(&settings(part.name)).context("writing settings")?;
            fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
            let socket = socket(&start.folder, part.name);
            let process = spawn(start, contestant.name, part.name, &socket)?;
            children.all.push(Child {
                name: part.name,
                role: part.role,
                socket,
                contestant: contestant.name,
                start: start.clone(),
                process,
                expected_dead: false,
            });
        }
        Ok(children)
    }

    /// The one that answers reads.
    pub fn serving(&self) -> anyhow::Result<&Child> {
        self.all.iter().find(|child| child.role == Role::Serve).context("no component of it answers reads")
    }

    /// The component of that name.
    pub fn named(&mut self, name: &str) -> Option<&mut Child> {
        self.all.iter_mut().find(|child| child.name == name)
    }

    /// Says if a child has ended that should be running, and what it said last.
    pub fn check(&mut self) -> anyhow::Result<()> {
        self.all.iter_mut().try_for_each(Child::check)
    }

    /// Asks all to end, and makes them end if they do not.
    pub fn end(&mut self, clock: &Clock) {
        for child in &self.all {
            child.signal(Signal::SIGCONT);
            child.signal(Signal::SIGTERM);
        }
        let deadline = clock.micros() + GRACE_US;
        while clock.micros() < deadline && !self.all.iter_mut().all(Child::gone) {
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }

    fn kill(&mut self) {
        for child in &mut self.all {
            // It may have ended by itself; whoever is left is collected.
            let _ = child.process.kill();
            let _ = child.process.wait();
            let _ = fs::remove_file(&child.socket);
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Child {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends it a signal; one to a process that has ended goes nowhere.
    pub fn signal(&self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.pid() as i32), signal);
    }

    /// Kills it as a crash would.
    pub fn crash(&mut self) -> anyhow::Result<()> {
        self.expected_dead = true;
        self.process.kill().with_context(|| format!("killing {}", self.name))?;
        self.process.wait().with_context(|| format!("waiting for {}", self.name)).map(drop)
    }

    /// Starts it again over the folder that it left.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.process = spawn(&self.start, self.contestant, self.name, &self.socket)?;
        self.expected_dead = false;
        Ok(())
    }

    fn gone(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    fn check(&mut self) -> anyhow::Result<()> {
        if self.expected_dead || !self.gone() {
            return Ok(());
        }
        let said = fs::read_to_string(messages(&self.start.folder, self.name)).unwrap_or_default();
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        Err(anyhow!("{} of {} ended: {last}", self.name, self.contestant))
    }
}

fn messages(folder: &Path, part: &str) -> PathBuf {
    folder.join(format!("{part}.messages"))
}

/// In the run's own folder, unless its name would be too long for the kernel.
fn socket(folder: &Path, part: &str) -> PathBuf {
    let near = folder.join(format!("{part}.socket"));
    if near.as_os_str().len() <= SOCKET_PATH {
        return near;
    }
    Path::new("/tmp").join(format!("wb-{}-{part}.socket", process::id()))
}

fn spawn(start: &Start, contestant: &str, part: &str, socket: &Path) -> anyhow::Result<process::Child> {
    let path = messages(&start.folder, part);
    let file = File::options().create(true).append(true).open(&path);
    let mut file = file.with_context(|| format!("opening {}", path.display()))?;
    let mut command = Command::new(&start.program);
    command.arg("contestant").arg(contestant).arg(part);
    command.arg("--settings").arg(start.folder.join(format!("{part}.json")));
    command.arg("--log").arg(start.log.to_string()).arg("--socket").arg(socket).arg("--follow");
    for core in &start.cores {
        command.arg("--core").arg(core.to_string());
    }
    writeln!(file, "{command:?}").with_context(|| format!("writing {}", path.display()))?;
    // The driver keeps the other end of the pipe open for as long as it lives.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(file);
    command.spawn().with_context(|| format!("starting {part} of {contestant} ({})", start.program.display()))
}
