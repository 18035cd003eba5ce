//! Several processes that share the work: the first one binds versions, tells the others, and asks them for their rows.
//!
//! Acts and changes travel between the workers as timely has it, over the connections of `mesh`. Beside these there is one connection from
//! each of the other processes to the first, with a line of JSON for each word. Where they meet stands in a file of the
//! state folder. If a process dies, the others end with an error and all are started again: so the state that they
//! share is never partly there.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex};
use std::{io, thread};

use serde::{Deserialize, Serialize};
use workloads::files::{Disk, SharedDisk, make_dir};
use workloads::{Log, Millis, Query, Rows, Version};

use crate::error::KappaError;
use crate::flow::reading::{Found, Moment};
use crate::follower::KappaConfig;
use crate::snapshot::{Letter, Note};
use crate::workers::share::{Brief, Standing};
use crate::workers::team::{Post, Team, Word, lock};

/// Where processes meet that have come together on one machine.
const HERE: &str = "127.0.0.1:0";

/// Where the processes meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meeting {
    /// Where the first one listens.
    pub(crate) leader: String,
    /// Where each of them listens for the other workers.
    pub(crate) addresses: Vec<String>,
    /// Workers in each.
    pub(crate) workers: usize,
}

/// What another process is told. The first line says its number.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    Process(usize),
    /// With the number of the snapshot to begin with.
    Open(Box<Brief>, Option<u64>),
    Close(u32),
    Lead(u32),
    Assign(u32, u64, Version),
    Snapshot(u32, u64),
    Settle(u32, u64, u64, Option<Millis>),
    Read(u64, u32, Moment, Vec<Query>),
}

/// What it tells.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// Of each of its workers.
    Standings(Vec<Vec<Standing>>),
    Rows(u64, Vec<Rows>),
    /// Of the snapshot at this time. Its bytes follow the line.
    Note(u64, Letter),
    Error(String),
}

impl Meeting {
    pub(crate) fn path(state: &Path) -> PathBuf {
        state.join("processes.json")
    }

    fn write(&self, disk: &dyn Disk, state: &Path) -> io::Result<()> {
        make_dir(disk, state)?;
        let path = Meeting::path(state);
        let temporary = path.with_extension("new");
        let mut file = disk.create(&temporary)?;
        file.append(&serde_json::to_vec(self).expect("texts and numbers can always be written"))?;
        file.sync()?;
        disk.rename(&temporary, &path)?;
        disk.sync_dir(state)
    }
}

/// Adds a line.
pub(crate) fn write_line(mut stream: &TcpStream, item: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(item).expect("texts and numbers can always be written");
    line.push(b'\n');
    stream.write_all(&line)
}

/// The first process's workers, and what stands for the others'.
pub(crate) fn gather(
    log: &Arc<dyn Log>,
    disk: &SharedDisk,
    state: &Path,
    config: &KappaConfig,
) -> Result<Team, KappaError> {
    let cluster = |error: io::Error| KappaError::Cluster(error.to_string());
    let listener = TcpListener::bind(HERE).map_err(cluster)?;
    // Its own address stays taken from now on; of the others only those that listen themselves need one that is free then.
    let own = TcpListener::bind(HERE).map_err(cluster)?;
    let others = (1..config.options.processes).map(|_| free_address());
    let addresses = std::iter::once(own.local_addr().map(|it| it.to_string())).chain(others);
    let meeting = Meeting {
        leader: listener.local_addr().map_err(cluster)?.to_string(),
        addresses: addresses.collect::<io::Result<_>>().map_err(cluster)?,
        workers: config.workers as usize,
    };
    meeting.write(&**disk, state).map_err(cluster)?;
    let mut team = Team::apart(log, &meeting, (0, Some(own)), config.spin)?;
    let mut others = Vec::new();
    for process in 1..config.options.processes as usize {
        let (told, ear) = channel();
        let posts: Vec<Arc<Post>> = (0..meeting.workers).map(|_| Arc::default()).collect();
        team.join(told, posts.clone());
        others.push(Other { process, ear, posts });
    }
    let welcome = move || others.into_iter().for_each(|other| other.welcome(&listener));
    spawn("processes", welcome)?;
    Ok(team)
}

/// An address at which nobody listens now.
fn free_address() -> io::Result<String> {
    Ok(TcpListener::bind(HERE)?.local_addr()?.to_string())
}

pub(crate) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), KappaError> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.map(drop).map_err(|error| KappaError::Start(error.to_string()))
}

/// Another process, as the first one sees it.
struct Other {
    process: usize,
    ear: Receiver<Word>,
    posts: Vec<Arc<Post>>,
}

/// Who waits for rows, by the number of the question; nobody any more when the other process is gone.
type Waiting = Arc<Mutex<Option<HashMap<u64, Sender<Vec<Found>>>>>>;

/// Where the notes of a snapshot go, which has this time: without end, so that nothing else that is told has to wait.
type Notes = Arc<Mutex<Option<(u64, Sender<Note>)>>>;

impl Other {
    /// Waits until it comes, and speaks with it from then on.
    fn welcome(self, listener: &TcpListener) {
        let Other { process, ear, posts } = self;
        let hear_posts = posts.clone();
        let begun = listener.accept().and_then(|(stream, _)| {
            stream.set_nodelay(true)?;
            write_line(&stream, &Order::Process(process))?;
            Ok((stream.try_clone()?, stream))
        });
        let Ok((input, output)) = begun else { return posts[0].give_up(KappaError::Gone(process)) };
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        let notes = Notes::default();
        let (answers, handed_in) = (Arc::clone(&waiting), Arc::clone(&notes));
        let hear = move || {
            // Whatever it was that broke off: nothing is told any more.
            let _ = hear(process, input, &hear_posts, (&answers, &handed_in));
            hear_posts[0].give_up(KappaError::Gone(process));
            (*lock(&answers), *lock(&handed_in)) = (None, None);
        };
        let speak = move || speak(&ear, &output, (&waiting, &notes));
        if spawn("hear", hear).and_then(|()| spawn("speak", speak)).is_err() {
            posts[0].give_up(KappaError::Gone(process));
        }
    }
}

/// Hands words on until there are no more; its end ends the other process too.
fn speak(ear: &Receiver<Word>, output: &TcpStream, (waiting, notes): (&Waiting, &Notes)) {
    for (number, word) in (0..).zip(ear) {
        let order = match word {
            // Each process has its own pace.
            Word::Pace(_) => continue,
            Word::Snapshot(job, time, desk) => {
                *lock(notes) = forward(desk).map(|notes| (time, notes));
                Order::Snapshot(job, time)
            }
            Word::Open(brief) => {
                let known = brief.known.as_ref().map(|known| known.number);
                Order::Open(brief, known)
            }
            Word::Close(job) => Order::Close(job),
            Word::Lead(job) => Order::Lead(job),
            Word::Assign(job, time, binding) => Order::Assign(job, time, binding),
            Word::Settle(job, newest, oldest, earliest) => Order::Settle(job, newest, oldest, earliest),
            Word::Read(job, at, queries, reply) => {
                if let Some(all) = &mut *lock(waiting) {
                    all.insert(number, reply);
                }
                Order::Read(number, job, at, queries.to_vec())
            }
        };
        if write_line(output, &order).is_err() {
            break;
        }
    }
    let _ = output.shutdown(Shutdown::Both);
}

/// Hands notes on to the desk for as long as they come, and somebody writes them.
fn forward(desk: SyncSender<Note>) -> Option<Sender<Note>> {
    let (notes, all) = channel();
    spawn("notes", move || all.into_iter().try_for_each(|note| desk.send(note)).unwrap_or(())).ok()?;
    Some(notes)
}

/// Posts what the other process tells.
fn hear(
    process: usize,
    input: TcpStream,
    posts: &[Arc<Post>],
    (waiting, notes): (&Waiting, &Notes),
) -> io::Result<()> {
    let (mut input, mut line) = (BufReader::new(input), String::new());
    while input.read_line(&mut line)? > 0 {
        match serde_json::from_str(&line)? {
            Report::Standings(all) => {
                posts.iter().zip(all).for_each(|(post, standings)| *lock(&post.standings) = standings);
            }
            Report::Rows(number, rows) => {
                if let Some(reply) = lock(waiting).as_mut().and_then(|all| all.remove(&number)) {
                    // Whoever asked may have gone.
                    let _ = reply.send(rows.into_iter().map(Found::Rows).collect());
                }
            }
            Report::Note(time, letter) => {
                let mut bytes = vec![0; letter.bytes];
                input.read_exact(&mut bytes)?;
                let taken =
                    lock(notes).as_ref().filter(|(of, _)| *of == time).map(|(_, notes)| notes.clone());
                match Note::of(letter, bytes) {
                    // Nobody writes a snapshot any more that came to nothing.
                    Ok(note) => drop(taken.map(|notes| notes.send(note))),
                    Err(error) => posts[0].give_up(error),
                }
            }
            Report::Error(said) => {
                posts[0].give_up(KappaError::Cluster(format!("process {process}: {said}")));
            }
        }
        line.clear();
    }
    Ok(())
}
