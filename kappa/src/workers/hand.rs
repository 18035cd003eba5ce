//! A process that lends its workers to a Kappa in another one.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use workloads::Log;
use workloads::files::SharedDisk;

use crate::error::KappaError;
use crate::flow::reading::joined;
use crate::follower::KappaConfig;
use crate::snapshot::{Note, Snapshots, desk};
use crate::workers::cluster::{Meeting, Order, Report, spawn, write_line};
use crate::workers::pace::{Pace, Ticks};
use crate::workers::share::Standing;
use crate::workers::team::{Team, Word};

/// The workers of one of several processes, which a Kappa in the first of them tells what to do.
pub struct Hand {
    log: Arc<dyn Log>,
    disk: SharedDisk,
    state: PathBuf,
    config: KappaConfig,
    ticks: Option<Ticks>,
    link: Option<Link>,
}

/// The connection to the first process.
struct Link {
    stream: TcpStream,
    orders: Receiver<Order>,
    meeting: Meeting,
    /// Once it is known which process this is.
    team: Option<Team>,
    told: Vec<Vec<Standing>>,
    /// The newest version that was assigned, by job.
    assigned: Option<(u32, u64)>,
    /// What its workers hand in for the snapshot at this time.
    notes: Option<(u64, Receiver<Note>)>,
    /// Where there are snapshots to begin with.
    snapshots: Snapshots,
}

impl Hand {
    /// One that looks for the first process in the folder that they share.
    pub fn start(log: Arc<dyn Log>, disk: &SharedDisk, config: &KappaConfig) -> Result<Self, KappaError> {
        let folder = || KappaError::Cluster("the processes meet in a folder: give them one".to_owned());
        let state = config.state.clone().ok_or_else(folder)?;
        Ok(Hand { log, disk: disk.clone(), state, config: config.clone(), ticks: None, link: None })
    }

    /// A clock by which a replacement keeps to its share of the time; without one it goes by offsets alone.
    pub fn clock(&mut self, ticks: Option<Ticks>) {
        self.ticks = ticks;
    }

    /// Does what it was told; false when there was nothing. An error when the first process is gone.
    pub fn step(&mut self) -> Result<bool, KappaError> {
        let Some(link) = &mut self.link else {
            self.link = self.look()?;
            return Ok(self.link.is_some());
        };
        let mut busy = false;
        loop {
            match link.orders.try_recv() {
                Ok(Order::Process(process)) => {
                    let team = Team::apart(&self.log, &link.meeting, (process, None), self.config.spin)?;
                    let pace = Pace::new(self.ticks.clone(), self.config.options.replace_us);
                    team.tell(|| Word::Pace(pace.clone()))?;
                    link.team = Some(team);
                }
                Ok(order) => link.heed(order)?,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    link.team.iter().for_each(Team::abandon);
                    return Err(KappaError::Gone(0));
                }
            }
            busy = true;
        }
        busy |= link.hand_on()?;
        Ok(link.report()? || busy || link.in_flight())
    }

    /// The first process may not be there yet, or the file be that of an earlier one.
    fn look(&self) -> Result<Option<Link>, KappaError> {
        let Ok(bytes) = self.disk.read(&Meeting::path(&self.state)) else { return Ok(None) };
        let Ok(meeting) = serde_json::from_slice::<Meeting>(&bytes) else { return Ok(None) };
        let Ok(stream) = TcpStream::connect(&meeting.leader) else { return Ok(None) };
        let cluster = |error: std::io::Error| KappaError::Cluster(error.to_string());
        stream.set_nodelay(true).map_err(cluster)?;
        let input = BufReader::new(stream.try_clone().map_err(cluster)?);
        let (tell, orders) = channel();
        spawn("orders", move || {
            let lines = input.lines().map_while(Result::ok);
            let mut orders = lines.map_while(|line| serde_json::from_str::<Order>(&line).ok());
            // It ends with the connection, or when nobody does what it is told any more.
            orders.all(|order| tell.send(order).is_ok());
        })?;
        let snapshots = Snapshots::new(&self.disk, &self.state, self.config.options.keep);
        let (team, told, assigned, notes) = Default::default();
        Ok(Some(Link { stream, orders, meeting, team, told, assigned, notes, snapshots }))
    }
}

impl Link {
    fn heed(&mut self, order: Order) -> Result<(), KappaError> {
        let Some(team) = &self.team else {
            return Err(KappaError::Cluster("the first process did not say which one this is".to_owned()));
        };
        match order {
            Order::Process(_) => Ok(()),
            Order::Open(mut brief, known) => {
                brief.known = known.map(|number| self.snapshots.found(number).map(Arc::new)).transpose()?;
                team.tell(|| Word::Open(brief.clone()))
            }
            Order::Snapshot(job, time) => {
                let (desk, notes) = desk();
                self.notes = Some((time, notes));
                team.tell(|| Word::Snapshot(job, time, desk.clone()))
            }
            Order::Close(job) => team.tell(|| Word::Close(job)),
            Order::Lead(job) => team.tell(|| Word::Lead(job)),
            Order::Assign(job, time, binding) => {
                self.assigned = Some((job, time));
                team.tell(|| Word::Assign(job, time, binding.clone()))
            }
            Order::Settle(job, newest, oldest, earliest) => {
                team.mention(|| Word::Settle(job, newest, oldest, earliest))
            }
            Order::Read(number, job, at, queries) => {
                let rows = joined(team.rows(job, at, &queries)?, queries.len());
                self.tell(&Report::Rows(number, rows))
            }
        }
    }

    /// Tells what its workers have handed in for a snapshot.
    fn hand_on(&mut self) -> Result<bool, KappaError> {
        let Some((time, notes)) = &self.notes else { return Ok(false) };
        let mut busy = false;
        for note in notes.try_iter() {
            busy = true;
            let (letter, bytes) = note.into_letter();
            self.tell(&Report::Note(*time, letter))?;
            (&self.stream).write_all(&bytes).map_err(|_| KappaError::Gone(0))?;
        }
        Ok(busy)
    }

    /// Tells how far its workers have come, if that has changed.
    fn report(&mut self) -> Result<bool, KappaError> {
        let Some(team) = &self.team else { return Ok(false) };
        if let Err(error) = team.wait(self.in_flight(), false) {
            self.tell(&Report::Error(error.to_string()))?;
            return Err(error);
        }
        let standings = team.all_standings();
        if standings == self.told {
            return Ok(false);
        }
        self.told = standings;
        self.tell(&Report::Standings(self.told.clone()))?;
        Ok(true)
    }

    /// Whether its workers have not come to the end of what was assigned last.
    fn in_flight(&self) -> bool {
        let done = |(job, time): (u32, u64)| {
            let of = |all: &Vec<Standing>| all.iter().any(|it| it.job == job && it.frontier <= time);
            !self.told.iter().any(of)
        };
        self.assigned.is_some_and(|assigned| !done(assigned))
    }

    fn tell(&self, report: &Report) -> Result<(), KappaError> {
        write_line(&self.stream, report).map_err(|_| KappaError::Gone(0))
    }
}
