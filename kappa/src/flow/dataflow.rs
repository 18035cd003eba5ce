//! One worker's share of the dataflow: acts in, the rules, and the sums of each grouping.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::InputHandle;
use timely::dataflow::operators::Input;
use timely::worker::Worker;
use workloads::{Millis, Name, Query, Record, Terms};

use crate::error::KappaError;
use crate::flow::engine::NOW;
use crate::flow::level::{BATCH, gifts};
use crate::flow::names::{Homes, Names};
use crate::flow::operator::{Acts, Flows, Kept, Parcel, Told, carry_out, hold};
use crate::flow::reading::{Found, Moment};
use crate::flow::sums::Held;
use crate::snapshot::{Block, Home, Met, Next, Taken, Written};
use crate::views::{Question, Rules};

/// What the names are called in a snapshot.
const NAMES: &str = "names";

/// What the tables of the rules are called there, before their number.
const RULES: &str = "rules ";

/// A table's name and its rows, if they can be read.
pub(crate) type Parsed<'a> = Result<(&'a str, Taken<'a>), KappaError>;

/// Where batches of something enter the dataflow.
type Entrance<T> = InputHandle<u64, CapacityContainerBuilder<Vec<T>>>;

/// The dataflow as one worker holds it. Logical times are numbers of versions; a version is complete when the
/// frontiers have passed it, and only complete versions may be read.
pub(crate) struct Dataflow<R: Rules> {
    here: Entrance<(u32, R::Act)>,
    /// For what belongs to other workers, if there are any.
    away: Option<Entrance<Parcel<R::Act>>>,
    acts: Acts<R::Act>,
    /// Whether acts are carried out where they are made, and all workers told of those of which they must be.
    spread: bool,
    /// The workers that are given something to carry out then, and of how many of [`BATCH`] records.
    gifts: Vec<(usize, usize)>,
    /// By the worker that they are for.
    parcels: Vec<Vec<(Name, R::Act)>>,
    /// Acts after which what they change is let go; 0 waits until their version is complete.
    hurry: Rc<Cell<u64>>,
    /// How far the rules have come, and the sums of what comes from several workers.
    frontiers: [Rc<Cell<u64>>; 2],
    names: Rc<RefCell<Names>>,
    rules: Rc<Kept<R>>,
    terms: Terms,
    sums: Vec<Box<dyn Held>>,
    /// Its number among the workers, and how many there are.
    place: (usize, usize),
    /// Where it began: the version after that of a snapshot, or the first.
    began: u64,
    /// How far the snapshot that is being taken has come: the table, and the next name.
    writing: (usize, u32),
}

impl<R: Rules> Dataflow<R> {
    /// Builds it in a worker. Every worker must build the same dataflows in the same order.
    pub(crate) fn build(worker: &mut Worker, terms: &Terms, views: &[&str], homes: Homes) -> Self {
        let mut here = InputHandle::new_with_builder();
        let mut away = (worker.peers() > 1).then(InputHandle::new_with_builder);
        let names = Rc::new(RefCell::new(Names::new(homes, worker.index())));
        let frontiers = [(); 2].map(|()| Rc::new(Cell::new(0)));
        let [carried, held] = frontiers.clone();
        let spread = worker.peers() > 1 && R::spread(views);
        let hurry = Rc::new(Cell::new(0));
        let rules = Rc::new(Kept::new(R::new(terms, views)));
        let sums = worker.dataflow_named::<u64, _, _>("views", |scope| {
            let sent = away.as_mut().map(|away| scope.input_from(away));
            let flows = Flows::<R> { here: scope.input_from(&mut here), sent };
            let told = Told { names: Rc::clone(&names), hurry: Rc::clone(&hurry), frontier: carried, spread };
            let (mut sums, leads) = carry_out::<R>(scope, flows, views, Rc::clone(&rules), told);
            sums.extend(hold(scope, leads, held));
            sums
        });
        let parcels = (0..worker.peers()).map(|_| Vec::new()).collect();
        Dataflow {
            here,
            away,
            acts: Vec::with_capacity(BATCH),
            spread,
            gifts: Vec::new(),
            parcels,
            hurry,
            frontiers,
            names,
            rules,
            terms: terms.clone(),
            sums,
            place: (worker.index(), worker.peers()),
            began: 0,
            writing: (0, 0),
        }
    }

    /// Hands records to the version that is being filled.
    pub(crate) fn feed(&mut self, records: &[Record]) {
        for some in records.chunks(BATCH) {
            self.translate(some);
            self.here.send_batch(&mut self.acts);
            if let Some(away) = &mut self.away {
                let parcels = (0..).zip(&mut self.parcels).filter(|(_, acts)| !acts.is_empty());
                let parcels = parcels.map(|(home, acts)| Parcel { home, acts: std::mem::take(acts) });
                away.send_batch(&mut parcels.collect());
            }
        }
    }

    /// Of the version that is being filled each worker reads so many records, `cost` times the work of carrying them out.
    pub(crate) fn level(&mut self, reads: &[u64], cost: u64) {
        if self.spread {
            self.gifts = gifts(reads, cost, self.place.0);
        }
    }

    /// Makes acts of records. Those of names that are at home here get their numbers at once.
    fn translate(&mut self, records: &[Record]) {
        if self.spread {
            return self.spread(records);
        }
        let Dataflow { acts, parcels, names, .. } = self;
        let mut names = names.borrow_mut();
        for record in records {
            R::acts(record, |name, act| match names.meet(name) {
                Ok(number) => acts.push((number, act)),
                Err(home) => parcels[home].push((name.clone(), act)),
            });
        }
    }

    /// Makes acts of records, which are carried out here but for those that are given away; neighbours stay together.
    fn spread(&mut self, records: &[Record]) {
        let Dataflow { acts, parcels, names, gifts, place: (here, _), .. } = self;
        let (mut names, mut rest) = (names.borrow_mut(), records);
        for (worker, gift) in gifts.iter().copied().chain([(*here, BATCH)]) {
            let (some, others) = rest.split_at((records.len() * gift / BATCH).min(rest.len()));
            rest = others;
            for record in some {
                R::acts(record, |name, act| {
                    let told = R::told(&act);
                    if worker == *here || told {
                        acts.push((names.number(name), act.clone()));
                    }
                    for (other, parcel) in parcels.iter_mut().enumerate() {
                        if other != *here && (told || other == worker) {
                            parcel.push((name.clone(), act.clone()));
                        }
                    }
                });
            }
        }
    }

    /// All that this worker has for versions before `time` has been fed; what follows belongs to `time`.
    pub(crate) fn advance(&mut self, time: u64) {
        self.here.advance_to(time);
        self.away.iter_mut().for_each(|away| away.advance_to(time));
    }

    /// Every version before this one is complete here: nothing of it can come any more, from no worker.
    pub(crate) fn frontier(&self) -> u64 {
        let [carried, held] = &self.frontiers;
        carried.get().min(held.get()).max(self.began)
    }

    /// From now on `newest`, which is complete, is read most; versions before `oldest` are given up.
    pub(crate) fn settle(&mut self, newest: u64, oldest: u64) {
        debug_assert!(newest < self.frontier(), "version {newest} is not complete");
        self.sums.iter().for_each(|sums| sums.settle(newest, oldest));
    }

    /// No record after the version settled last has an earlier event time: what none can change is forgotten.
    pub(crate) fn forget(&mut self, earliest: Millis) {
        self.rules.rules.borrow_mut().forget(earliest);
    }

    /// Lets go what changes after so many acts, whether or not their version is complete; 0 does not.
    pub(crate) fn hurry(&mut self, acts: u64) {
        self.hurry.set(acts);
    }

    /// What a query finds among this worker's share of the keys, as of that moment, for each of some.
    ///
    /// # Contract
    ///
    /// The version is complete and has not been given up, or is [`NOW`]; every query names a view of the workload.
    pub(crate) fn rows(&self, at: Moment, queries: &[Query]) -> Vec<Found> {
        let time = at.time;
        debug_assert!(time < self.frontier() || time == NOW, "version {time} is not complete");
        let names = self.names.borrow();
        queries.iter().map(|query| self.answer(at, query, &names)).collect()
    }

    fn answer(&self, at: Moment, query: &Query, names: &Names) -> Found {
        let (view, key) = (query.view.as_str(), query.key.as_deref());
        let Some(sums) = self.sums.iter().find(|sums| sums.answers(view)) else { return Found::default() };
        let question = Question { view, key, names, terms: &self.terms };
        match at.since {
            Some(since) => Found::Rows(sums.changed(since, at.time, &question)),
            None => sums.rows(at.time, &question),
        }
    }

    /// A snapshot is to be taken at version `time`, which nothing was fed of.
    pub(crate) fn snapshot(&mut self, time: u64) {
        self.rules.due.set(Some(time));
        self.sums.iter().for_each(|sums| sums.snapshot(time));
        self.writing = (0, 0);
    }

    /// Writes some more of the snapshot: the names, then the tables of the rules, then the sums.
    pub(crate) fn write(&mut self, room: usize) -> Next {
        if self.rules.due.get().is_some() {
            return Next::Later;
        }
        loop {
            let (mut rows, (table, _)) = (Written::with_room(room), self.writing);
            let Some((name, left)) = self.write_table(table, &mut rows) else { return Next::Done };
            let Some(left) = left else { return Next::Later };
            if !left {
                self.writing = (table + 1, 0);
            }
            if rows.rows > 0 {
                return Next::Block(Block { table: name, rows: rows.rows, bytes: rows.bytes });
            }
        }
    }

    /// Writes some more of one table, if there is one of that number: its name, and whether there is more of it, if it
    /// can be written already.
    fn write_table(&mut self, table: usize, rows: &mut Written) -> Option<(String, Option<bool>)> {
        if table == 0 {
            return Some((NAMES.to_owned(), Some(self.write_names(rows))));
        }
        let mut rules = self.rules.rules.borrow_mut();
        let mut tables = rules.tables();
        if let Some(held) = tables.get_mut(table - 1) {
            return Some((format!("{RULES}{}", table - 1), Some(held.write(rows))));
        }
        let sums = self.sums.get(table - 1 - tables.len())?;
        Some((sums.name().to_owned(), sums.begun().then(|| sums.write(rows))))
    }

    fn write_names(&mut self, rows: &mut Written) -> bool {
        let (names, mut room) = (self.names.borrow(), true);
        let named = self.rules.named.get();
        let mut unwritten = names.from(self.writing.1).take((named - self.writing.1) as usize);
        while let Some(name) = if room { unwritten.next() } else { None } {
            room = rows.put(name);
            self.writing.1 += 1;
        }
        self.writing.1 < named
    }

    /// Takes up what is at home here of all that one worker wrote.
    pub(crate) fn take_up(&mut self, blocks: &mut dyn Iterator<Item = Parsed<'_>>) -> Result<(), KappaError> {
        let (index, workers) = self.place;
        let mut home = Home { met: Rc::default(), index, workers, told: false };
        let mut rules = self.rules.rules.borrow_mut();
        for block in blocks {
            let (name, mut rows) = block?;
            if name == NAMES {
                let (mut names, met) = (self.names.borrow_mut(), Rc::make_mut(&mut home.met));
                while let Some(name) = rows.next::<Name>()? {
                    met.push(if self.spread {
                        names.met(&name)
                    } else {
                        names.meet(&name).map_or(Met::Away, Met::Here)
                    });
                }
            } else if let Some(number) = name.strip_prefix(RULES) {
                let number = number.parse::<usize>().ok();
                let table = number.and_then(|number| rules.tables().into_iter().nth(number));
                table.ok_or_else(|| unknown(name))?.take_up(&mut rows, &home)?;
            } else {
                let sums = self.sums.iter().find(|sums| sums.name() == name);
                sums.ok_or_else(|| unknown(name))?.take_up(&mut rows, &home)?;
            }
        }
        Ok(())
    }

    /// All has been taken up that was known at version `time`.
    pub(crate) fn restore(&mut self, time: u64) {
        self.rules.rules.borrow_mut().restore();
        self.began = time + 1;
        self.advance(time + 1);
    }
}

fn unknown(table: &str) -> KappaError {
    KappaError::Snapshot(format!("there is no table `{table}`"))
}
