//! State that can be written as it was at one moment, a little at a time, while it goes on changing.

use std::rc::Rc;

use bincode::Options as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::KappaError;
use crate::flow::fold::hash;

/// State of which a snapshot can be taken.
pub trait Table {
    /// From now on until all is written, what changes is first put aside as it is.
    fn begin(&mut self);
    /// Writes some more of what there was when it began; false when nothing was left.
    fn write(&mut self, rows: &mut Written) -> bool;
    /// Takes up what was written, as far as it is at home here.
    fn take_up(&mut self, rows: &mut Taken<'_>, home: &Home) -> Result<(), KappaError>;
}

/// A key that may be at home at another worker after a restart, and have another number there.
pub trait Movable: Sized {
    /// The same key here, if it is at home here.
    fn moved(self, home: &Home) -> Option<Self>;
}

/// What is at home at one worker out of what another one wrote.
pub struct Home {
    /// By the other's numbers of names.
    pub(crate) met: Rc<Vec<Met>>,
    pub(crate) index: usize,
    pub(crate) workers: usize,
    /// Whether it is asked for what every worker is told that knows the name.
    pub(crate) told: bool,
}

/// What the number of a name is that another worker wrote.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Met {
    /// This, at the name's home.
    Here(u32),
    /// This, but the name is at home elsewhere.
    Known(u32),
    /// None.
    Away,
}

impl Home {
    /// The number here of a name that had another number.
    pub(crate) fn number(&self, number: u32) -> Option<u32> {
        match self.met.get(number as usize) {
            Some(Met::Here(number)) => Some(*number),
            Some(Met::Known(number)) if self.told => Some(*number),
            _ => None,
        }
    }

    /// The same for what every worker is told that knows the name.
    pub(crate) fn told(&self) -> Home {
        Home { met: Rc::clone(&self.met), told: true, ..*self }
    }

    /// Whether what is led by this number is led here.
    pub(crate) fn leads(&self, home: u64) -> bool {
        hash(&home) % self.workers as u64 == self.index as u64
    }
}

/// Rows as they are written: no more at once than there is room for.
#[derive(Default)]
pub struct Written {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u32,
    room: usize,
}

impl Written {
    pub(crate) fn with_room(room: usize) -> Self {
        Written { bytes: Vec::with_capacity(room + room / 8), rows: 0, room }
    }

    /// Adds a row, and says whether there is room for another.
    pub(crate) fn put(&mut self, row: &impl Serialize) -> bool {
        layout().serialize_into(&mut self.bytes, row).expect("memory takes every row");
        self.rows += 1;
        self.bytes.len() < self.room
    }
}

/// Rows as they were written, each to be taken once.
pub struct Taken<'a> {
    bytes: &'a [u8],
    rows: u32,
}

impl<'a> Taken<'a> {
    pub(crate) fn new(bytes: &'a [u8], rows: u32) -> Self {
        Taken { bytes, rows }
    }

    /// The next row, if there is one.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, KappaError> {
        if self.rows == 0 {
            return Ok(None);
        }
        self.rows -= 1;
        let row = layout().deserialize_from(&mut self.bytes);
        row.map(Some).map_err(|error| KappaError::Snapshot(format!("its rows cannot be read: {error}")))
    }
}

/// Numbers take the fewest bytes that hold them.
fn layout() -> impl bincode::Options {
    bincode::DefaultOptions::new()
}
