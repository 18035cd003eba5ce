//! The workers of one Kappa: one in the caller's thread, or several in threads of their own.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use timely::communication::WorkerGuards;
use timely::worker::Worker;
use workloads::intake::Feed;
use workloads::{Log, Query, Rows, Terms, Version};

use crate::engine::{Share, build, lone_worker};
use crate::error::KappaError;
use crate::names::Homes;
use crate::source::Source;

/// How long a worker without work waits for a word before it looks at its neighbours' messages again.
const NAP: Duration = Duration::from_micros(200);

/// What every worker is built from.
#[derive(Clone)]
pub(crate) struct Blueprint {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) workload: String,
    pub(crate) terms: Terms,
    pub(crate) feed: Feed,
}

impl Blueprint {
    fn share(&self, mut worker: Worker) -> Result<Share, KappaError> {
        let mut feed = self.feed.clone();
        if worker.index() > 0 {
            // Each worker counts the lines of its own file.
            let file = |path: PathBuf| path.with_extension(format!("{}.jsonl", worker.index()));
            feed.dead_letters = feed.dead_letters.map(file);
        }
        let source = Source::open(&*self.log, worker.index(), worker.peers(), &feed)?;
        let homes = Homes::of_log(self.log.meta(), worker.peers());
        let engine = build(&self.workload, &mut worker, &self.terms, &[], homes)?;
        Ok(Share::new(worker, engine, source))
    }
}

/// Works on the versions it is given, in their order.
pub(crate) enum Crew {
    /// In the caller's thread, so that a stepped run is repeatable.
    Lone(Box<Share>),
    /// In threads.
    Team(Team),
}

/// Worker threads, and what they are told and tell.
pub(crate) struct Team {
    told: Vec<Sender<Word>>,
    posts: Vec<Arc<Post>>,
    /// One word for each time that a worker's frontier moved.
    news: Receiver<()>,
    // After `told`, so that the threads have been let go when they are waited for.
    _guards: WorkerGuards<()>,
}

/// What a worker thread is told. It ends when nobody can tell it anything more.
enum Word {
    Assign(u64, Version),
    Settle(u64, u64),
    Read(u64, Arc<Vec<Query>>, Sender<Vec<Rows>>),
}

/// What a worker thread tells.
#[derive(Default)]
struct Post {
    frontier: AtomicU64,
    dead: AtomicU64,
    error: Mutex<Option<KappaError>>,
}

impl Post {
    fn complain(&self, error: KappaError) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

impl Crew {
    pub(crate) fn start(blueprint: Blueprint, workers: u32) -> Result<Self, KappaError> {
        match workers {
            0 => Err(KappaError::Nothing),
            1 => Ok(Crew::Lone(Box::new(blueprint.share(lone_worker())?))),
            _ => Ok(Crew::Team(Team::start(blueprint, workers as usize)?)),
        }
    }

    /// Gives the next version to all.
    pub(crate) fn assign(&mut self, time: u64, binding: &Version) -> Result<(), KappaError> {
        match self {
            Crew::Lone(share) => {
                share.assign(time, binding.clone());
                Ok(())
            }
            Crew::Team(team) => team.tell(|| Word::Assign(time, binding.clone())),
        }
    }

    /// A bounded amount of work; false when nothing came of it. Threads work by themselves: while versions are in
    /// flight the caller waits for news of them, a moment at most.
    pub(crate) fn work(&mut self, in_flight: bool) -> Result<bool, KappaError> {
        match self {
            Crew::Lone(share) => share.work(),
            Crew::Team(team) => {
                if in_flight && team.news.recv_timeout(NAP).is_ok() {
                    team.news.try_iter().for_each(drop);
                }
                team.check().map(|()| in_flight)
            }
        }
    }

    /// Every version before this one is complete, and every worker knows it.
    pub(crate) fn frontier(&self) -> u64 {
        match self {
            Crew::Lone(share) => share.engine.frontier(),
            Crew::Team(team) => {
                let frontiers = team.posts.iter().map(|post| post.frontier.load(Ordering::Acquire));
                frontiers.min().unwrap_or(0)
            }
        }
    }

    /// From now on `newest`, which is complete, is read most; versions before `oldest` are given up.
    pub(crate) fn settle(&mut self, newest: u64, oldest: u64) -> Result<(), KappaError> {
        match self {
            Crew::Lone(share) => {
                share.engine.settle(newest, oldest);
                Ok(())
            }
            Crew::Team(team) => team.tell(|| Word::Settle(newest, oldest)),
        }
    }

    /// One set of rows a query at a complete version: the shares of all workers together.
    pub(crate) fn rows(&mut self, time: u64, queries: &[Query]) -> Result<Vec<Rows>, KappaError> {
        match self {
            Crew::Lone(share) => Ok(share.engine.rows(time, queries)),
            Crew::Team(team) => team.rows(time, queries),
        }
    }

    /// Records set aside because they could not be decoded.
    pub(crate) fn dead(&self) -> u64 {
        match self {
            Crew::Lone(share) => share.dead(),
            Crew::Team(team) => team.posts.iter().map(|post| post.dead.load(Ordering::Relaxed)).sum(),
        }
    }
}

impl Team {
    fn start(blueprint: Blueprint, workers: usize) -> Result<Self, KappaError> {
        let (told, ears): (Vec<_>, Vec<_>) = (0..workers).map(|_| channel()).unzip();
        let posts: Vec<Arc<Post>> = (0..workers).map(|_| Arc::default()).collect();
        let (teller, news) = channel();
        let ears: Vec<_> = ears.into_iter().map(|ear| Mutex::new(Some((ear, teller.clone())))).collect();
        let desks: Vec<Arc<Post>> = posts.clone();
        let guards = timely::execute(timely::Config::process(workers), move |worker| {
            let index = worker.index();
            let ear = ears[index].lock().unwrap_or_else(PoisonError::into_inner).take();
            let (ear, news) = ear.expect("every worker thread starts once");
            if let Err(error) = labour(&blueprint, worker.clone(), &ear, &news, &desks[index]) {
                desks[index].complain(error);
            }
        });
        Ok(Team { told, posts, news, _guards: guards.map_err(KappaError::Start)? })
    }

    fn tell(&self, word: impl Fn() -> Word) -> Result<(), KappaError> {
        self.check()?;
        self.told.iter().try_for_each(|worker| worker.send(word())).map_err(|_| KappaError::Stopped)
    }

    /// Hands on what stopped a worker.
    fn check(&self) -> Result<(), KappaError> {
        let errors =
            || self.posts.iter().map(|post| post.error.lock().unwrap_or_else(PoisonError::into_inner).take());
        errors().flatten().next().map_or(Ok(()), Err)
    }

    fn rows(&self, time: u64, queries: &[Query]) -> Result<Vec<Rows>, KappaError> {
        let queries = Arc::new(queries.to_vec());
        let (reply, replies) = channel();
        self.tell(|| Word::Read(time, Arc::clone(&queries), reply.clone()))?;
        drop(reply);
        let mut all = vec![Rows::new(); queries.len()];
        for _ in &self.told {
            let share = replies.recv().map_err(|_| self.check().err().unwrap_or(KappaError::Stopped))?;
            // A key has one home, so that no row comes twice.
            all.iter_mut().zip(share).for_each(|(rows, more)| rows.extend(more));
        }
        Ok(all)
    }
}

/// The life of a worker thread.
fn labour(
    blueprint: &Blueprint,
    worker: Worker,
    ear: &Receiver<Word>,
    news: &Sender<()>,
    post: &Post,
) -> Result<(), KappaError> {
    let mut share = blueprint.share(worker)?;
    loop {
        let busy = share.work()?;
        // Before the version that it belongs to is said to be complete.
        post.dead.store(share.dead(), Ordering::Relaxed);
        let frontier = share.engine.frontier();
        if post.frontier.swap(frontier, Ordering::Release) < frontier {
            // Nobody may be listening any more; the work goes on until the words end.
            let _ = news.send(());
        }
        match ear.recv_timeout(if busy { Duration::ZERO } else { NAP }) {
            Ok(Word::Assign(time, binding)) => share.assign(time, binding),
            Ok(Word::Settle(newest, oldest)) => share.engine.settle(newest, oldest),
            Ok(Word::Read(time, queries, reply)) => {
                // Whoever asked may have gone; that is no concern of the work.
                let _ = reply.send(share.engine.rows(time, &queries));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}
