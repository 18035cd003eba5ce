//! Events without end, whose faults can be switched while they come.

use std::cell::{Cell, RefCell};
use std::iter::Peekable;
use std::rc::Rc;

use workloads::faults::{Sending, SourceFaults, inject};
use workloads::{Draft, Meta, Shape, Workload};

type Drafts = Rc<RefCell<Box<dyn Iterator<Item = Draft> + Send>>>;

/// What sends events. Whatever a fault holds back when it is switched off still comes at its time.
pub struct Source {
    drafts: Drafts,
    lanes: Vec<Lane>,
    seed: u64,
    /// How many there have been.
    switched: u64,
    turn: u64,
}

/// The events that go through one choice of faults.
struct Lane {
    open: Rc<Cell<bool>>,
    sendings: Peekable<Box<dyn Iterator<Item = Sending>>>,
}

/// Takes drafts as long as its lane is open.
struct Tap {
    drafts: Drafts,
    open: Rc<Cell<bool>>,
}

impl Iterator for Tap {
    type Item = Draft;

    fn next(&mut self) -> Option<Draft> {
        if self.open.get() { self.drafts.borrow_mut().next() } else { None }
    }
}

impl Source {
    /// The events of a shape, with these faults.
    pub fn new(workload: &Workload, shape: &Shape, faults: &SourceFaults) -> Self {
        let drafts = Rc::new(RefCell::new((workload.generate)(shape)));
        let mut source = Source { drafts, lanes: Vec::new(), seed: shape.seed, switched: 0, turn: 0 };
        source.switch(faults);
        source
    }

    /// Other faults for the events that come from now on.
    pub fn switch(&mut self, faults: &SourceFaults) {
        self.lanes.iter().for_each(|lane| lane.open.set(false));
        let open = Rc::new(Cell::new(true));
        let tap = Tap { drafts: Rc::clone(&self.drafts), open: Rc::clone(&open) };
        let seed = self.seed.wrapping_add(self.switched);
        let sendings: Box<dyn Iterator<Item = Sending>> = Box::new(inject(tap, faults, seed));
        self.lanes.push(Lane { open, sendings: sendings.peekable() });
        self.switched += 1;
    }

    /// What is due before a time, in microseconds after the shape's start, each with its partition.
    pub fn due(&mut self, until: i64, meta: &Meta) -> Vec<(u32, Sending)> {
        let mut due = Vec::new();
        loop {
            let next = |(index, lane): (usize, &mut Lane)| Some((lane.sendings.peek()?.intended(), index));
            let first = self.lanes.iter_mut().enumerate().filter_map(next).min();
            let Some((_, index)) = first.filter(|(at, _)| *at < until) else { break };
            if let Some(sending) = self.lanes[index].sendings.next() {
                due.push((sending.partition(meta, self.turn), sending));
                self.turn += 1;
            }
        }
        self.lanes.retain_mut(|lane| lane.open.get() || lane.sendings.peek().is_some());
        due
    }
}

#[cfg(test)]
mod tests {
    use workloads::orders::ORDERS;
    use workloads::partition::PartitionBy;
    use workloads::{Codec, Origin};

    use super::*;

    fn meta() -> Meta {
        let (workload, made_by) = ("orders".into(), "a test".into());
        Meta { workload, codec: Codec::Bin, partitions: 2, partition_by: PartitionBy::Key, made_by }
    }

    fn shape() -> Shape {
        let (keys, cancellations, corrections, start, first_sequence) = (9, 0.1, 0.1, 0, 0);
        Shape {
            seed: 3,
            events: u64::MAX,
            rate: 1000.0,
            keys,
            cancellations,
            corrections,
            start,
            first_sequence,
        }
    }

    #[test]
    fn what_is_held_back_still_comes_after_the_fault_is_switched_off() {
        let late = SourceFaults { late: 0.5, late_ms: 2_000, ..SourceFaults::default() };
        let mut source = Source::new(&ORDERS, &shape(), &late);
        let mut came: Vec<Option<Origin>> = Vec::new();
        for tick in 1..=100 {
            if tick == 20 {
                source.switch(&SourceFaults::default());
            }
            came.extend(source.due(tick * 50_000, &meta()).iter().map(|(_, sending)| sending.origin()));
        }
        let first: usize = came.len();
        came.sort_unstable();
        came.dedup();
        assert_eq!((first, came.len()), (5_000, 5_000));
        assert_eq!(source.lanes.len(), 1);
    }
}
