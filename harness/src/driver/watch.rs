//! Listens to what a component announces.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use workloads::Version;

use crate::clock::Clock;
use crate::observe::Watched;
use crate::protocol::{Request, Response, write_line};

/// How long to wait before trying again to reach a component that does not listen yet.
const RETRY: Duration = Duration::from_millis(2);

/// One component's announcements, heard by a thread of its own; it connects again when the component is restarted.
pub struct Watch {
    heard: Arc<Mutex<Vec<Watched>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    socket: PathBuf,
}

impl Watch {
    /// Begins to listen. Times are the clock's.
    pub fn start(component: &str, socket: &Path, clock: Clock) -> anyhow::Result<Self> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let ear = Ear {
            component: component.to_owned(),
            socket: socket.to_path_buf(),
            clock,
            heard: Arc::clone(&heard),
            over: Arc::clone(&over),
        };
        let thread = thread::Builder::new().name(format!("watch {component}")).spawn(move || ear.listen());
        let thread = Some(thread.context("starting a thread that watches")?);
        Ok(Watch { heard, over, thread, socket: socket.to_path_buf() })
    }

    /// The newest version heard of.
    pub fn latest(&self) -> Option<Version> {
        lock(&self.heard).last().map(|watched| watched.version.clone())
    }

    /// The newest version heard of up to `until_us`, but none from before `from_us`: the first one since then instead.
    pub fn newest(&self, from_us: i64, until_us: i64) -> Option<Version> {
        let heard = lock(&self.heard);
        let first = heard.partition_point(|watched| watched.received_us < from_us);
        let after = heard.partition_point(|watched| watched.received_us <= until_us);
        heard.get(after.saturating_sub(1).max(first)).map(|watched| watched.version.clone())
    }

    /// Everything heard until now, in the clock's time.
    pub fn heard(&self) -> Vec<Watched> {
        lock(&self.heard).clone()
    }

    /// Where the component listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The thread ends when the component does, which by now it has.
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Ear {
    component: String,
    socket: PathBuf,
    clock: Clock,
    heard: Arc<Mutex<Vec<Watched>>>,
    over: Arc<AtomicBool>,
}

impl Ear {
    fn listen(&self) {
        while !self.over.load(Ordering::Relaxed) {
            if let Ok(stream) = UnixStream::connect(&self.socket) {
                // A component that goes away is noticed by whoever started it.
                let _ = self.follow(stream);
            }
            thread::sleep(RETRY);
        }
    }

    fn follow(&self, mut stream: UnixStream) -> anyhow::Result<()> {
        let mut request = Vec::new();
        write_line(&Request::watch(), &mut request);
        stream.write_all(&request)?;
        stream.set_read_timeout(Some(Duration::from_millis(100)))?;
        let (mut input, mut line) = (BufReader::new(stream), Vec::new());
        while !self.over.load(Ordering::Relaxed) {
            match input.read_until(b'\n', &mut line) {
                Ok(0) => return Ok(()),
                Ok(_) if line.ends_with(b"\n") => {}
                Ok(_) => return Ok(()),
                // What came before the time ran out stays in the line.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            }
            let received_us = self.clock.micros();
            let response: Response = serde_json::from_slice(&line)?;
            line.clear();
            if let Some(version) = response.version {
                let component = self.component.clone();
                lock(&self.heard).push(Watched { component, version, received_us });
            }
        }
        Ok(())
    }
}

fn lock(heard: &Mutex<Vec<Watched>>) -> std::sync::MutexGuard<'_, Vec<Watched>> {
    // Lines are added whole.
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
