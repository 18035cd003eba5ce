//! What each process does in one step, as `lambda/src/{batch,handover,speed,serving}` do it.

use super::protocol::Protocol;
use super::state::{
    At, Batch, Cut, Epoch, Events, Following, Publication, ROOM, Running, Serving, State, below,
};
use super::state::{covers, event, join};

impl State {
    /// One more event; a late one lies before every event time there is.
    pub fn append(&mut self, protocol: Protocol, partition: u8, late: bool) {
        let offset = self.heads[partition as usize];
        if protocol.by_time() {
            self.times[(partition * ROOM + offset) as usize] = if late { 0 } else { self.total() + 1 };
        }
        self.heads[partition as usize] += 1;
    }

    /// The batch proposes a cut at the heads. One that keeps to a schedule waits for something new.
    pub fn propose(&mut self, scheduled: bool) -> bool {
        let due = !scheduled || self.batch.begun.is_none_or(|begun| self.total() > begun);
        if self.batch.proposed.is_some() || !due {
            return false;
        }
        let last = self.shelf.last().map_or([0, 0], |publication| publication.cut.version);
        let cut = Cut { number: self.batch.published + 1, version: join(last, self.heads) };
        (self.proposed, self.batch.proposed) = (Some(cut), Some(cut));
        self.batch.begun = scheduled.then_some(cut.version[0] + cut.version[1]);
        true
    }

    /// The cut that the batch works towards, once it is agreed to.
    fn target(&self) -> Option<Cut> {
        let proposed = self.batch.proposed?;
        self.agreed.filter(|agreed| agreed.number == proposed.number)
    }

    /// The batch archives one partition up to the cut.
    pub fn seal(&mut self, partition: usize) -> bool {
        let Some(cut) = self.target() else { return false };
        let before = self.sealed[partition];
        self.sealed[partition] = before.max(cut.version[partition]);
        self.sealed[partition] > before
    }

    /// The batch publishes what it has computed from the archive up to the cut.
    pub fn publish(&mut self, protocol: Protocol) -> bool {
        let Some(cut) = self.target().filter(|cut| covers(self.sealed, cut.version)) else { return false };
        let all = below(cut.version);
        let publication = match protocol {
            Protocol::EventTime { grace } => {
                let newest = members(all).map(|bit| self.times[bit as usize]).max().unwrap_or(0);
                let until = newest.saturating_sub(grace);
                Publication { cut, holds: all & !self.since(all, until), until }
            }
            _ => Publication { cut, holds: all, until: 0 },
        };
        self.shelf.push(publication);
        (self.batch.published, self.batch.proposed) = (cut.number, None);
        true
    }

    /// Those whose event time is a time or later.
    fn since(&self, events: Events, time: u8) -> Events {
        let later = members(events).filter(|bit| self.times[*bit as usize] >= time);
        later.fold(0, |all, bit| all | 1 << bit)
    }

    /// A batch that begins again finds its publication and its proposal.
    pub fn restart_batch(&mut self) {
        let published = self.current();
        let proposed = self.proposed.filter(|cut| cut.number > published);
        self.batch = Batch { published, proposed, begun: None };
    }

    /// The speed layer looks for a newer publication.
    pub fn notice(&mut self) -> bool {
        let (current, speed) = (self.current(), &mut self.speed);
        let last = speed.running.as_ref().and_then(|running| running.held.last());
        let newest = last.map_or(0, |following| following.base.cut.number);
        let newer = speed.loading.is_none() && current > newest;
        if newer {
            speed.loading = Some(current);
        }
        newer
    }

    /// The speed layer agrees to a new proposal, not before its own position.
    pub fn agree(&mut self, protocol: Protocol) -> bool {
        let Some(proposed) = self.proposed else { return false };
        let cut = match &mut self.speed.running {
            Some(running) if proposed.number == running.agreed.max(running.newest().number) + 1 => {
                let version = join(join(proposed.version, running.read), running.newest().version);
                let cut = Cut { version, ..proposed };
                running.agree(protocol, cut);
                cut
            }
            Some(_) => return false,
            None if self.agreed.is_none_or(|agreed| agreed.number < proposed.number) => proposed,
            None => return false,
        };
        self.agreed = Some(cut);
        true
    }

    /// The speed layer has taken in what it was loading.
    pub fn load(&mut self, protocol: Protocol, keep: u8) -> bool {
        let Some(number) = self.speed.loading.take() else { return false };
        if number + keep <= self.current() {
            // It is no longer kept.
            return true;
        }
        let base = self.shelf[number as usize - 1];
        let goes_on = |running: &Running| {
            protocol != Protocol::Offset || running.epochs.iter().any(|epoch| epoch.cut == base.cut)
        };
        if !self.speed.running.as_ref().is_some_and(goes_on) {
            self.speed.running = Some(self.begin(protocol, base.cut));
        }
        let times = self.clone();
        let Some(running) = &mut self.speed.running else { return true };
        let from = match protocol {
            Protocol::Offset => number,
            Protocol::AtStart | Protocol::AtPublish => number.min(running.newest().number),
            Protocol::Never => 0,
            Protocol::EventTime { .. } => {
                let later = |epoch: &&Epoch| times.since(epoch.records, base.until) != 0;
                let first = running.epochs.iter().find(later).map_or(running.newest(), |epoch| epoch.cut);
                first.number.min(running.reading())
            }
        };
        running.held.push(Following { base, from, folded: 0 });
        if protocol == Protocol::AtPublish && number > running.newest().number {
            running.begin_afresh(Cut { number, version: running.read });
        }
        true
    }

    /// A speed layer that begins at a publication's cut.
    fn begin(&self, protocol: Protocol, cut: Cut) -> Running {
        let epoch = |cut| Epoch { cut, records: 0 };
        // What the batch leaves to it by event time may stand anywhere.
        let read: At = if protocol.by_time() { [0, 0] } else { cut.version };
        let mut epochs = vec![epoch(Cut { number: cut.number - 1, version: read }), epoch(cut)];
        epochs.drain(..if protocol.by_time() { 0 } else { 1 });
        let next = self.agreed.filter(|agreed| {
            agreed.number > cut.number
                && covers(agreed.version, cut.version)
                && protocol != Protocol::AtPublish
        });
        epochs.extend(next.map(epoch));
        Running { read, goal: self.heads, caught_up: false, epochs, held: Vec::new(), agreed: 0 }
    }

    /// The speed layer reads one record: what is read from follows at once.
    pub fn pull(&mut self, partition: u8) -> bool {
        let at = partition as usize;
        let Some(running) = &mut self.speed.running else { return false };
        if running.read[at] >= self.heads[at] {
            return false;
        }
        let offset = running.read[at];
        running.read[at] += 1;
        let begun = |epoch: &&mut Epoch| offset >= epoch.cut.version[at];
        if let Some(epoch) = running.epochs.iter_mut().rev().find(begun) {
            epoch.records |= event(partition, offset);
        }
        self.fold(0..1);
        true
    }

    /// What is to be read from next catches up.
    pub fn catch_up(&mut self) -> bool {
        self.fold(1..usize::MAX)
    }

    fn fold(&mut self, which: std::ops::Range<usize>) -> bool {
        let mut moved = false;
        for i in which {
            let all = self.speed.running.as_ref().and_then(|it| Some(self.whole(it, it.held.get(i)?)));
            let (Some(running), Some(all)) = (&mut self.speed.running, all) else { break };
            moved |= running.held[i].folded != all;
            running.held[i].folded = all;
        }
        moved
    }

    /// Everything that is to be folded over a publication.
    fn whole(&self, running: &Running, following: &Following) -> Events {
        let epochs = running.epochs.iter().filter(|epoch| epoch.cut.number >= following.from);
        self.since(epochs.fold(0, |all, epoch| all | epoch.records), following.base.until)
    }

    /// The newest state that has caught up takes the place of those before it, and their epochs are let go.
    pub fn settle(&mut self, protocol: Protocol) -> bool {
        let Some(running) = &self.speed.running else { return false };
        let ready = |following: &Following| {
            self.speed.taken_in >> following.base.cut.number & 1 == 1
                // By event time the batch leaves events below its cut to the speed layer, which must have read them.
                && (!protocol.by_time() || covers(running.read, following.base.cut.version))
                && following.folded == self.whole(running, following)
        };
        let ready = running.held.iter().rposition(ready).unwrap_or(0);
        let Some(running) = &mut self.speed.running else { return false };
        running.held.drain(..ready);
        let (from, caught_up, epochs) = (running.held[0].from, running.caught_up, running.epochs.len());
        while running.epochs[0].cut.number < from {
            running.epochs.remove(0);
        }
        running.caught_up |= covers(running.read, running.goal);
        ready > 0 || running.caught_up != caught_up || running.epochs.len() < epochs
    }

    /// The serving layer in a process of its own begins with what the speed layer took in last.
    pub fn serving_notices(&mut self) -> bool {
        let Serving { loading, bases, wanted } = &mut self.serving;
        let newer = loading.is_none() && *wanted > 0 && !bases.contains(wanted);
        if newer {
            *loading = Some(*wanted);
        }
        newer
    }

    /// It has taken it in.
    pub fn serving_loads(&mut self, keep: u8) -> bool {
        let Some(number) = self.serving.loading.take() else { return false };
        if number + keep > self.current() {
            self.serving.bases.push(number);
        }
        true
    }

    /// It asks: each hears which publications the other has.
    pub fn serving_asks(&mut self) -> bool {
        let before = (self.speed.taken_in, self.serving.bases.len(), self.serving.wanted);
        self.speed.taken_in = self.serving.taken_in();
        let held = self.speed.running.iter().flat_map(|running| &running.held);
        let held = held.map(|following| following.base.cut.number).chain(self.speed.loading);
        let publications: Vec<u8> = held.collect();
        if let Some(last) = publications.last() {
            self.serving.wanted = *last;
            self.serving.bases.retain(|number| publications.contains(number));
        }
        before != (self.speed.taken_in, self.serving.bases.len(), self.serving.wanted)
    }
}

impl Running {
    /// The newest epoch's cut.
    fn newest(&self) -> Cut {
        self.epochs.last().expect("there is always an epoch").cut
    }

    /// Number of the oldest epoch into which something may still be put.
    fn reading(&self) -> u8 {
        let begun = |epoch: &&Epoch| covers(self.read, epoch.cut.version);
        self.epochs.iter().rev().find(begun).unwrap_or(&self.epochs[0]).cut.number
    }

    fn agree(&mut self, protocol: Protocol, cut: Cut) {
        self.agreed = cut.number;
        match protocol {
            Protocol::AtPublish => {}
            Protocol::AtStart => self.begin_afresh(cut),
            _ => self.epochs.push(Epoch { cut, records: 0 }),
        }
    }

    /// Begins an epoch, and forgets what was before it.
    fn begin_afresh(&mut self, cut: Cut) {
        self.epochs.push(Epoch { cut, records: 0 });
        for following in &mut self.held {
            (following.from, following.folded) = (cut.number, 0);
        }
    }
}

/// The events of a set, as bits.
fn members(events: Events) -> impl Iterator<Item = u8> {
    (0..2 * ROOM).filter(move |bit| events >> bit & 1 == 1)
}
