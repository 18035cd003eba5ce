//! Everything that there is at one moment: the log, what is durable, and what each process remembers.

/// Room for events of one partition.
pub const ROOM: u8 = 4;

/// A set of events: a bit for each offset of the first partition, then of the second.
pub type Events = u8;

/// A version: an offset for each of the two partitions.
pub type At = [u8; 2];

/// Everything below a version.
pub fn below(at: At) -> Events {
    ((1_u8 << at[0]) - 1) | (((1_u8 << at[1]) - 1) << ROOM)
}

/// The event at a place.
pub fn event(partition: u8, offset: u8) -> Events {
    1 << (partition * ROOM + offset)
}

/// The later of two versions in each partition.
pub fn join(a: At, b: At) -> At {
    [a[0].max(b[0]), a[1].max(b[1])]
}

/// Whether a version includes everything that another does.
pub fn covers(a: At, b: At) -> bool {
    a[0] >= b[0] && a[1] >= b[1]
}

/// Where a publication ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    pub number: u8,
    pub version: At,
}

/// A publication: its cut, the events in it, and by event time where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Publication {
    pub cut: Cut,
    pub holds: Events,
    pub until: u8,
}

/// What the batch process remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Batch {
    pub published: u8,
    pub proposed: Option<Cut>,
    /// Records up to the newest proposal, for a batch that keeps to a schedule.
    pub begun: Option<u8>,
}

/// What the process of the speed layer remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Speed {
    pub loading: Option<u8>,
    /// The publications that whoever reads has taken in, a bit each.
    pub taken_in: u32,
    pub running: Option<Running>,
}

/// A speed layer that has taken in a publication.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Running {
    pub read: At,
    pub goal: At,
    pub caught_up: bool,
    pub epochs: Vec<Epoch>,
    pub held: Vec<Following>,
    /// Number of the newest cut that was agreed to since it began.
    pub agreed: u8,
}

/// The records from a cut on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch {
    pub cut: Cut,
    pub records: Events,
}

/// A publication, the first epoch that is folded over it, and what was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Following {
    pub base: Publication,
    pub from: u8,
    pub folded: Events,
}

/// What the process of the serving layer remembers, where it is one of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Serving {
    pub loading: Option<u8>,
    pub bases: Vec<u8>,
    /// The publication that the speed layer took in last, or is taking in; 0 if it has not said.
    pub wanted: u8,
}

/// The whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub heads: At,
    /// Event times, where they matter.
    pub times: [u8; 2 * ROOM as usize],
    pub proposed: Option<Cut>,
    pub agreed: Option<Cut>,
    pub sealed: At,
    pub shelf: Vec<Publication>,
    pub batch: Batch,
    pub speed: Speed,
    pub serving: Serving,
    pub crashes: u8,
    /// The newest version that was ever readable.
    pub seen: At,
}

/// What a read would get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub label: At,
    pub base: Events,
    pub folded: Events,
}

impl Answer {
    /// Events that count twice.
    pub fn doubled(&self) -> Events {
        self.base & self.folded
    }

    /// Events below the label that do not count.
    pub fn missing(&self) -> Events {
        below(self.label) & !(self.base | self.folded)
    }

    /// Events that count and are not below the label.
    pub fn beyond(&self) -> Events {
        (self.base | self.folded) & !below(self.label)
    }

    /// Whether each event below the label counts once and no other does.
    pub fn exact(&self) -> bool {
        self.doubled() | self.missing() | self.beyond() == 0
    }

    /// In words.
    pub fn said(&self) -> String {
        let [a, b] = self.label;
        let wrong = [("missing", self.missing()), ("twice", self.doubled()), ("too early", self.beyond())];
        let wrong: Vec<String> = wrong
            .iter()
            .filter(|(_, of)| *of != 0)
            .map(|(what, of)| format!("{} {what}", places(*of)))
            .collect();
        format!(
            "a read at {a},{b} finds {}",
            if wrong.is_empty() { "the truth".into() } else { wrong.join(", ") }
        )
    }
}

/// Events by partition and offset.
fn places(events: Events) -> String {
    let all = (0..2 * ROOM).filter(|bit| events >> bit & 1 == 1);
    all.map(|bit| format!("{}:{}", bit / ROOM, bit % ROOM)).collect::<Vec<_>>().join(" and ")
}

impl Serving {
    /// The publications that it has taken in, a bit each.
    pub fn taken_in(&self) -> u32 {
        self.bases.iter().fold(0, |all, number| all | 1 << *number)
    }
}

impl State {
    /// Records in the log.
    pub fn total(&self) -> u8 {
        self.heads[0] + self.heads[1]
    }

    /// The newest publication.
    pub fn current(&self) -> u8 {
        self.shelf.last().map_or(0, |publication| publication.cut.number)
    }

    /// What a read would get now; absent when there is nothing to be read. With a serving layer `apart`, that must
    /// have the publication too.
    pub fn answer(&self, apart: bool) -> Option<Answer> {
        let running = self.speed.running.as_ref().filter(|running| running.caught_up)?;
        let following = running.held.first()?;
        if apart && !self.serving.bases.contains(&following.base.cut.number) {
            return None;
        }
        let label = join(following.base.cut.version, running.read);
        Some(Answer { label, base: following.base.holds, folded: following.folded })
    }
}
