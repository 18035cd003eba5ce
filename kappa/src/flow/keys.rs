//! Keys of sums: where they are at home, how they lie, and how they are printed and read.

use std::fmt::Debug;
use std::hash::Hash;

use serde::{Deserialize, Serialize};
use timely::ExchangeData;
use workloads::Name;
use workloads::calendar::Unit;

use crate::flow::names::Names;
use crate::flow::places::{ByNumber, Hashed, Places, Timed};
use crate::flow::shelf::{Numbered, Shelf, Tree};
use crate::snapshot::{Home, Movable};
use crate::views::Sum;

/// A key of sums.
pub trait Key: Copy + Ord + Hash + Debug + ExchangeData + Movable {
    /// Where sums of such keys lie.
    type Shelf<S: Sum>: Shelf<Self, S>;

    /// How such keys are found in a list of some.
    type Places: Places<Self>;
    /// Whether sums of such keys lie where they are made, as names are at home there.
    const HERE: bool;

    /// Otherwise keys with the same home are at the same worker.
    fn home(&self) -> u64 {
        0
    }
    /// The number of the name that it is of, if it is of one.
    fn number(&self) -> Option<u32> {
        None
    }
    /// The same key with the number that its name has elsewhere.
    fn renumbered(self, _number: u32) -> Self {
        self
    }
    /// Prints it, given the names by their numbers.
    fn print(&self, names: &[Name]) -> String;
    /// Reads a printed one; absent when nothing like it was met.
    fn parse(text: &str, names: &Names) -> Option<Self>;
}

/// Everything in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct All;

/// A name's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Named(pub u32);

/// A day's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Day(pub i64);

impl Key for All {
    type Shelf<S: Sum> = Tree<All, S>;
    type Places = Hashed<All>;
    const HERE: bool = false;

    fn print(&self, _names: &[Name]) -> String {
        "all".to_owned()
    }

    fn parse(text: &str, _names: &Names) -> Option<Self> {
        (text == "all").then_some(All)
    }
}

/// Keys without a name go to whom they are led to.
macro_rules! led {
    ($($name:ty),+) => {$(
        impl $crate::snapshot::Movable for $name {
            fn moved(self, home: &$crate::snapshot::Home) -> Option<Self> {
                home.leads(self.home()).then_some(self)
            }
        }
    )+};
}

pub(crate) use led;

led!(All, Day);

impl Movable for Named {
    fn moved(self, home: &Home) -> Option<Self> {
        home.number(self.0).map(Named)
    }
}

/// A name's number alone.
impl Movable for u32 {
    fn moved(self, home: &Home) -> Option<Self> {
        home.number(self)
    }
}

impl Key for Named {
    type Shelf<S: Sum> = Numbered<S>;
    type Places = ByNumber;
    const HERE: bool = true;

    fn number(&self) -> Option<u32> {
        Some(self.0)
    }

    fn renumbered(self, number: u32) -> Self {
        Named(number)
    }

    fn print(&self, names: &[Name]) -> String {
        names[self.0 as usize].to_string()
    }

    fn parse(text: &str, names: &Names) -> Option<Self> {
        names.known(text).map(Named)
    }
}

impl Key for Day {
    type Shelf<S: Sum> = Tree<Day, S>;
    type Places = Hashed<Day>;
    const HERE: bool = false;

    fn home(&self) -> u64 {
        self.0 as u64
    }

    fn print(&self, _names: &[Name]) -> String {
        Unit::Day.print(self.0)
    }

    fn parse(text: &str, _names: &Names) -> Option<Self> {
        Unit::Day.parse(text).map(Day)
    }
}

/// Keys of a name and a time.
macro_rules! timed {
    ($($(#[$doc:meta])* $name:ident: $unit:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub(crate) struct $name(pub u32, pub i64);

        impl Movable for $name {
            fn moved(self, home: &Home) -> Option<Self> {
                Some($name(home.number(self.0)?, self.1))
            }
        }

        impl Key for $name {
            type Shelf<S: Sum> = Tree<$name, S>;
            type Places = Timed<$name>;
            const HERE: bool = true;

            fn number(&self) -> Option<u32> {
                Some(self.0)
            }

            fn renumbered(self, number: u32) -> Self {
                $name(number, self.1)
            }

            fn print(&self, names: &[Name]) -> String {
                $unit.key(&names[self.0 as usize], self.1)
            }

            fn parse(text: &str, names: &Names) -> Option<Self> {
                let (name, time) = $unit.parse_key(text)?;
                Some($name(names.known(name)?, time))
            }
        }
    )+};
}

timed! {
    /// A name's number and a day's.
    NamedDay: Unit::Day;
    /// A name's number and an hour's.
    NamedHour: Unit::Hour;
    /// A name's number and a second's.
    NamedSecond: Unit::Second;
}
