//! The orders of the workshop's document, and what it says comes of them.

/// Orders of a customer, and amounts of customers, in whole units.
pub(super) type Amounts = &'static [(&'static str, i64)];

/// What the batch file holds.
pub(super) const HISTORY: Amounts =
    &[("Ali", 120), ("Sara", 90), ("Ali", 200), ("Mounir", 150), ("Sara", 50)];

/// What comes over the topic.
pub(super) const STREAM: Amounts = &[("Ali", 80), ("Mounir", 200), ("Sara", 40)];

/// Who is known to the stream alone.
pub(super) const NEWCOMER: Amounts = &[("Zed", 70)];

/// What a case must come to, by the columns that are shown of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Golden {
    /// The batch view.
    pub(super) batch: Amounts,
    /// The speed view.
    pub(super) speed: Amounts,
    /// What the merge makes of them that suggests itself.
    pub(super) naive: Amounts,
    /// What is right.
    pub(super) right: Amounts,
    /// What is right under the other reading of the question, if there is one.
    pub(super) other: Option<Amounts>,
}

const BATCH: Amounts = &[("Ali", 320), ("Mounir", 150), ("Sara", 140)];
const SPEED: Amounts = &[("Ali", 80), ("Mounir", 200), ("Sara", 40)];
const MERGED: Amounts = &[("Ali", 400), ("Mounir", 350), ("Sara", 180)];
const BIG: Amounts = &[("Ali", 400), ("Mounir", 350)];

/// Nothing is filtered.
pub(super) const BASE: Golden =
    Golden { batch: BATCH, speed: SPEED, naive: MERGED, right: MERGED, other: None };

/// Exercise 2, in the batch job alone.
pub(super) const FILTERED_BATCH: Golden = Golden {
    batch: &[("Ali", 320)],
    speed: SPEED,
    naive: &[("Ali", 400), ("Mounir", 200), ("Sara", 40)],
    right: BIG,
    other: None,
};

/// Exercise 2, in both jobs.
pub(super) const FILTERED_BOTH: Golden =
    Golden { batch: &[("Ali", 320)], speed: &[], naive: &[("Ali", 320)], right: BIG, other: None };

/// Exercise 3, in the stream job alone.
pub(super) const FILTERED_STREAM: Golden = Golden {
    batch: BATCH,
    speed: &[("Mounir", 200)],
    naive: &[("Ali", 320), ("Mounir", 350), ("Sara", 140)],
    right: &[("Ali", 320), ("Mounir", 350)],
    other: Some(MERGED),
};

/// The speed layer comes back and has forgotten everything.
pub(super) const FORGOTTEN: Golden =
    Golden { batch: BATCH, speed: &[], naive: BATCH, right: MERGED, other: None };

/// A customer whom the batch has never seen.
pub(super) const UNSEEN: Golden = Golden {
    batch: BATCH,
    speed: &[("Ali", 80), ("Mounir", 200), ("Sara", 40), ("Zed", 70)],
    naive: MERGED,
    right: &[("Ali", 400), ("Mounir", 350), ("Sara", 180), ("Zed", 70)],
    other: None,
};
