//! Workers in threads of their own: what they are told, what they tell, and how they end.

use std::any::Any;
use std::net::TcpListener;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use timely::WorkerConfig;
use timely::worker::Worker;
use workloads::{Log, Millis, Query, Version};

use crate::error::KappaError;
use crate::flow::reading::{Found, Moment};
use crate::snapshot::Note;
use crate::workers::cluster::Meeting;
use crate::workers::mesh::{self, Built};
use crate::workers::pace::Pace;
use crate::workers::share::{Brief, Share, Standing};

/// How long a worker waits that has a version to read and finds nothing of it in the log, and how long the caller
/// waits for news.
const NAP: Duration = Duration::from_micros(200);

/// How long the caller waits that has versions to give out once others are complete: to look more often took a
/// fifteenth of a core from the workers that it waits for.
const LONG_NAP: Duration = Duration::from_millis(1);

/// How long a worker waits at most that has nothing to do. Neighbours and words wake it.
const REST: Duration = Duration::from_millis(100);

/// How long the end of the workers is waited for where there are other processes: one that ended before it began a job
/// never tells that it is done with it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Worker threads, and what stands for those of other processes.
pub(crate) struct Team {
    /// The workers of this process, and the other processes.
    told: Vec<Sender<Word>>,
    /// Of all workers, in the order of their numbers.
    posts: Vec<Arc<Post>>,
    /// One word for each time that a worker's frontier moved.
    news: Receiver<()>,
    /// Starts the workers, which waits for the other processes, and ends with the last of them.
    runner: Option<JoinHandle<()>>,
    /// Closed when it ends.
    running: Receiver<()>,
    /// Whether there are other processes, for which it cannot be waited for ever.
    apart: bool,
}

/// What a worker thread is told. It ends when nobody can tell it anything more.
pub(crate) enum Word {
    Pace(Pace),
    Open(Box<Brief>),
    Close(u32),
    Lead(u32),
    Assign(u32, u64, Version),
    Snapshot(u32, u64, SyncSender<Note>),
    Settle(u32, u64, u64, Option<Millis>),
    Read(u32, Moment, Arc<Vec<Query>>, Sender<Vec<Found>>),
}

/// What a worker thread tells.
#[derive(Default)]
pub(crate) struct Post {
    pub(crate) standings: Mutex<Vec<Standing>>,
    error: Mutex<Option<KappaError>>,
    /// Whether it ended in a way after which its neighbours can never end.
    hopeless: AtomicBool,
    /// Once it can be woken.
    thread: Mutex<Option<Thread>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Post {
    fn wake(&self) {
        lock(&self.thread).iter().for_each(Thread::unpark);
    }

    fn hopeless(&self) -> bool {
        self.hopeless.load(Ordering::Acquire)
    }

    /// It ended with this, and its neighbours cannot end any more.
    pub(crate) fn give_up(&self, error: KappaError) {
        lock(&self.error).get_or_insert(error);
        self.hopeless.store(true, Ordering::Release);
    }
}

impl Team {
    /// Of this process alone.
    pub(crate) fn start(log: &Arc<dyn Log>, workers: usize, spin: bool) -> Result<Self, KappaError> {
        let build = move || timely::CommunicationConfig::Process(workers).try_build();
        Team::begin(log, build, 0..workers, (spin, false))
    }

    /// Of one of several processes.
    pub(crate) fn apart(
        log: &Arc<dyn Log>,
        meeting: &Meeting,
        (process, listener): (usize, Option<TcpListener>),
        spin: bool,
    ) -> Result<Self, KappaError> {
        let (addresses, workers) = (meeting.addresses.clone(), meeting.workers);
        let build = move || mesh::build(&addresses, process, workers, listener);
        Team::begin(log, build, process * workers..(process + 1) * workers, (spin, true))
    }

    /// With these workers in this process, of all that there are.
    fn begin(
        log: &Arc<dyn Log>,
        build: impl FnOnce() -> Result<Built, String> + Send + 'static,
        here: Range<usize>,
        (spin, apart): (bool, bool),
    ) -> Result<Self, KappaError> {
        let (told, ears): (Vec<_>, Vec<_>) = here.clone().map(|_| channel()).unzip();
        let posts: Vec<Arc<Post>> = here.clone().map(|_| Arc::default()).collect();
        let (teller, news) = channel();
        let desks = posts.iter().zip(ears).map(|(post, ear)| {
            let (post, news) = (Arc::clone(post), teller.clone());
            Mutex::new(Some(Desk { ear, news, post, spin }))
        });
        let (desks, log): (Vec<_>, _) = (desks.collect(), Arc::clone(log));
        let work = move |worker: &mut Worker| {
            let desk = lock(&desks[worker.index() - here.start]).take();
            desk.expect("every worker thread starts once").sit_down(worker, Arc::clone(&log));
        };
        let first = Arc::clone(&posts[0]);
        let start = |(builders, others)| {
            timely::execute::execute_from(builders, others, WorkerConfig::default(), work)
        };
        let (end, running) = channel();
        let run = move || {
            match build().and_then(start) {
                // Waits for the workers.
                Ok(guards) => drop(guards),
                Err(error) => first.give_up(KappaError::Start(error)),
            }
            drop::<Sender<()>>(end);
        };
        let runner = thread::Builder::new().name("workers".to_owned()).spawn(run);
        let runner = Some(runner.map_err(|error| KappaError::Start(error.to_string()))?);
        Ok(Team { told, posts, news, runner, running, apart })
    }

    /// Speaks to another process too, whose workers post what they tell there.
    pub(crate) fn join(&mut self, process: Sender<Word>, posts: Vec<Arc<Post>>) {
        self.told.push(process);
        self.posts.extend(posts);
    }

    /// What every worker here has told last.
    pub(crate) fn all_standings(&self) -> Vec<Vec<Standing>> {
        self.posts.iter().map(|post| lock(&post.standings).clone()).collect()
    }

    /// The other processes are gone: nobody waits for the workers any more.
    pub(crate) fn abandon(&self) {
        self.posts[0].hopeless.store(true, Ordering::Release);
    }

    /// Tells every worker, at once.
    pub(crate) fn tell(&self, word: impl Fn() -> Word) -> Result<(), KappaError> {
        let told = self.mention(word);
        self.posts.iter().for_each(|post| post.wake());
        told
    }

    /// Tells every worker what it need not be woken for: it hears it before whatever it is told next.
    pub(crate) fn mention(&self, word: impl Fn() -> Word) -> Result<(), KappaError> {
        self.check()?;
        let told = self.told.iter().try_for_each(|worker| worker.send(word()));
        told.map_err(|_| self.check().err().unwrap_or(KappaError::Stopped))
    }

    /// Waits for news, a moment at most; if there is a `backlog`, nothing else is to be done.
    pub(crate) fn wait(&self, for_news: bool, backlog: bool) -> Result<(), KappaError> {
        let nap = if backlog { LONG_NAP } else { NAP };
        if for_news && self.news.recv_timeout(nap).is_ok() {
            self.news.try_iter().for_each(drop);
        }
        self.check()
    }

    /// Hands on what stopped a worker.
    fn check(&self) -> Result<(), KappaError> {
        let hopeless = self.posts.iter().any(|post| post.hopeless());
        let error = self.posts.iter().find_map(|post| lock(&post.error).take());
        error.or(hopeless.then_some(KappaError::Stopped)).map_or(Ok(()), Err)
    }

    pub(crate) fn standings(&self, job: u32) -> Vec<Option<Standing>> {
        let of = |post: &Arc<Post>| lock(&post.standings).iter().find(|it| it.job == job).copied();
        self.posts.iter().map(of).collect()
    }

    /// What each query finds, by worker; of another process, all that its workers have found together.
    pub(crate) fn rows(
        &self,
        job: u32,
        at: Moment,
        queries: &[Query],
    ) -> Result<Vec<Vec<Found>>, KappaError> {
        let queries = Arc::new(queries.to_vec());
        let (reply, replies) = channel();
        self.tell(|| Word::Read(job, at, Arc::clone(&queries), reply.clone()))?;
        drop(reply);
        let gone = |_| self.check().err().unwrap_or(KappaError::Stopped);
        self.told.iter().map(|_| replies.recv().map_err(gone)).collect()
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.told.clear();
        self.posts.iter().for_each(|post| post.wake());
        // Workers that are waited for in vain are left alone: whoever hosts this ends with the error that it was given.
        let alone = self.apart && lock(&self.posts[0].thread).is_none();
        if alone || self.posts.iter().any(|post| post.hopeless()) {
            return;
        }
        if !self.apart || self.running.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
            self.runner.take().into_iter().for_each(|runner| drop(runner.join()));
        }
    }
}

/// Where a worker thread works.
struct Desk {
    ear: Receiver<Word>,
    news: Sender<()>,
    post: Arc<Post>,
    spin: bool,
}

impl Desk {
    /// The life of a worker thread. What stopped it is posted after its last standing, which thus stays where it was:
    /// nothing that it had not done is ever taken for complete.
    fn sit_down(self, worker: &Worker, log: Arc<dyn Log>) {
        *lock(&self.post.thread) = Some(thread::current());
        let share = Share::new(worker.clone(), log);
        let index = worker.index();
        match catch_unwind(AssertUnwindSafe(|| self.labour(share))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.complain(error),
            Err(panic) => {
                self.post.give_up(KappaError::Panicked { worker: index, message: message(&*panic) });
                drop(self);
                // What its operators left behind must not be gone on with.
                loop {
                    thread::park();
                }
            }
        }
    }

    fn complain(&self, error: KappaError) {
        *lock(&self.post.error) = Some(error);
        let _ = self.news.send(());
    }

    fn labour(&self, mut share: Share) -> Result<(), KappaError> {
        loop {
            let busy = share.work()?;
            self.tell(&share);
            let mut idle = !busy;
            loop {
                match self.ear.try_recv() {
                    Ok(word) => Desk::heed(word, &mut share)?,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Ok(()),
                }
                idle = false;
            }
            if idle && !self.spin {
                share.rest(if share.expecting() { NAP } else { REST });
            }
        }
    }

    /// Posts how far it has come.
    fn tell(&self, share: &Share) {
        let mut standings = lock(&self.post.standings);
        let reached = |all: &[Standing]| all.iter().fold(0, |sum: u64, it| sum.wrapping_add(it.frontier));
        let before = reached(&standings);
        standings.clear();
        standings.extend(share.standings());
        if reached(&standings) != before {
            // Nobody may be listening any more; the work goes on until the words end.
            let _ = self.news.send(());
        }
    }

    fn heed(word: Word, share: &mut Share) -> Result<(), KappaError> {
        match word {
            Word::Pace(pace) => share.pace = pace,
            Word::Open(brief) => share.open(&brief)?,
            Word::Close(job) => share.close(job),
            Word::Lead(job) => share.lead(job),
            Word::Assign(job, time, binding) => share.assign(job, time, binding),
            Word::Snapshot(job, time, desk) => share.snapshot(job, time, desk),
            Word::Settle(job, newest, oldest, earliest) => share.settle(job, newest, oldest, earliest),
            Word::Read(job, at, queries, reply) => {
                // Whoever asked may have gone; that is no concern of the work.
                let _ = reply.send(share.rows(job, at, &queries));
            }
        }
        Ok(())
    }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}
