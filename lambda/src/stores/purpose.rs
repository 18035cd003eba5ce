//! What a store is for, and how it is therefore made.

/// What a store is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The speed layer's halves: they are made again after every start, so that nothing of them need last.
    Halves,
    /// Rows under a label, which says after a restart from where to go on.
    Rows,
    /// Tables that other programs query.
    Shown,
}

impl Purpose {
    /// What such a store is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Purpose::Halves => "speed layer's store",
            Purpose::Rows => "store of rows",
            Purpose::Shown => "speed table",
        }
    }

    /// Who uses it.
    pub(crate) fn user(self) -> &'static str {
        match self {
            Purpose::Halves => "speed layer",
            Purpose::Rows => "keeper of rows",
            Purpose::Shown => "writer of the speed table",
        }
    }

    /// The usual file.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Purpose::Halves => "speed.sqlite",
            Purpose::Rows => "rows.sqlite",
            Purpose::Shown => "speed_table.sqlite",
        }
    }

    /// The part of a database that is its own.
    pub(crate) fn schema(self) -> &'static str {
        match self {
            Purpose::Halves => "speed",
            Purpose::Rows => "kept_rows",
            Purpose::Shown => "public",
        }
    }

    /// The number of the lock that one user holds.
    pub(crate) fn lock(self) -> u32 {
        match self {
            Purpose::Halves => 1_936_745_829,
            Purpose::Rows => 1_936_745_830,
            Purpose::Shown => 1_936_745_831,
        }
    }

    /// Whether what it holds must be whole after a crash.
    pub(crate) fn lasts(self) -> bool {
        self != Purpose::Halves
    }
}
