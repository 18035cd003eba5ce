//! The cases of the document: each a batch view, a speed view, the merge that suggests itself, and what is right. All of
//! them are computed by the layers at work; where a switch of the Lambda makes the mistake, that Lambda gives the answer.

use super::cast::{Cast, HAVING, LEFT_JOIN, LOST_STATE};
use super::seed::{BASE, FILTERED_BATCH, FILTERED_BOTH, FILTERED_STREAM, FORGOTTEN, Golden, UNSEEN};
use super::shown::Column;
use super::totals::Totals;

/// What a case came to.
pub(super) struct Case {
    /// Key of its name, for a table.
    pub(super) name: &'static str,
    /// Key of what somebody did, its heading.
    pub(super) title: &'static str,
    /// Key of why the merge comes out as it does.
    pub(super) why: &'static str,
    /// The switch of the Lambda that gave the answer, if one did.
    pub(super) switch: Option<&'static str>,
    /// The batch view.
    pub(super) batch: Totals,
    /// The speed view.
    pub(super) speed: Totals,
    /// What the merge makes of them.
    pub(super) naive: Totals,
    /// What is right, and what the Kappa and the truth say to the same question.
    pub(super) right: Totals,
    /// See `right`.
    pub(super) witnesses: [Totals; 2],
    /// What is right under the other reading of the question.
    pub(super) other: Option<Totals>,
    /// What batch and speed layer have before anything is filtered, where both filter.
    pub(super) whole: Option<[Totals; 2]>,
    /// What the document's numbers come to.
    pub(super) golden: Golden,
}

/// What somebody did, and with which view.
struct Told {
    name: &'static str,
    title: &'static str,
    why: &'static str,
    switch: Option<&'static str>,
    /// The view that was asked for.
    view: &'static str,
    golden: Golden,
}

impl Case {
    /// Whether everything is as the document's numbers come to.
    pub(super) fn golden(&self) -> bool {
        let Golden { batch, speed, naive, right, other } = self.golden;
        [&self.batch, &self.speed, &self.naive, &self.right]
            .into_iter()
            .zip([batch, speed, naive, right])
            .all(|(shown, golden)| *shown == Totals::of(golden))
            && self.other == other.map(Totals::of)
    }

    /// Whether Lambda, Kappa and truth agree on what is right.
    pub(super) fn agreed(&self) -> bool {
        self.witnesses.iter().all(|witness| *witness == self.right)
    }

    /// Its views, the naive one with what it should be.
    pub(super) fn views(&self) -> Vec<Column<'_>> {
        let right = if self.other.is_some() { "orders.right-both" } else { "orders.right" };
        let mut views = vec![
            Column::of("orders.batch", &self.batch),
            Column::of("orders.speed", &self.speed),
            Column { against: Some(&self.right), ..Column::of("orders.naive", &self.naive) },
            Column::of(right, &self.right),
        ];
        views.extend(self.other.iter().map(|other| Column::of("orders.right-neither", other)));
        views
    }
}

/// Nothing is filtered.
pub(super) fn base(cast: &mut Cast<'_>) -> anyhow::Result<Case> {
    let (batch, speed) = (batch(cast, "spend")?, speed(cast, "spend")?);
    let told = Told {
        name: "orders.base",
        title: "orders.base-title",
        why: "orders.base-why",
        switch: None,
        view: "spend",
        golden: BASE,
    };
    let naive = batch.plus(&speed);
    case(cast, told, batch, speed, naive)
}

/// Exercise 2, in the batch job alone.
pub(super) fn filtered_batch(cast: &mut Cast<'_>) -> anyhow::Result<Case> {
    let (batch, speed) = (batch(cast, "big_spenders")?, speed(cast, "spend")?);
    let told = Told {
        name: "orders.filtered-batch",
        title: "orders.filtered-batch-title",
        why: "orders.filtered-batch-why",
        switch: None,
        view: "big_spenders",
        golden: FILTERED_BATCH,
    };
    let naive = batch.plus(&speed);
    case(cast, told, batch, speed, naive)
}

/// Exercise 2, in both jobs before they are merged.
pub(super) fn filtered_both(cast: &mut Cast<'_>) -> anyhow::Result<Case> {
    let (batch, speed) = (batch(cast, "big_spenders")?, speed(cast, "big_spenders")?);
    let naive = cast.mistaken(HAVING, "big_spenders")?.into();
    let whole = Some([self::batch(cast, "spend")?, self::speed(cast, "spend")?]);
    let told = Told {
        name: "orders.filtered-both",
        title: "orders.filtered-both-title",
        why: "orders.filtered-both-why",
        switch: Some(HAVING),
        view: "big_spenders",
        golden: FILTERED_BOTH,
    };
    Ok(Case { whole, ..case(cast, told, batch, speed, naive)? })
}

/// Exercise 3, in the stream job alone.
pub(super) fn filtered_stream(cast: &mut Cast<'_>) -> anyhow::Result<Case> {
    let (batch, speed) = (batch(cast, "spend")?, speed(cast, "large_orders")?);
    let told = Told {
        name: "orders.filtered-stream",
        title: "orders.filtered-stream-title",
        why: "orders.filtered-stream-why",
        switch: None,
        view: "large_orders",
        golden: FILTERED_STREAM,
    };
    let naive = batch.plus(&speed);
    let neither = cast.merged("spend")?.into();
    Ok(Case { other: Some(neither), ..case(cast, told, batch, speed, naive)? })
}

/// The speed layer comes back without a checkpoint.
pub(super) fn forgotten(cast: &mut Cast<'_>) -> anyhow::Result<Case> {
    let batch = batch(cast, "spend")?;
    cast.crash()?;
    let naive: Totals = cast.mistaken(LOST_STATE, "spend")?.into();
    let told = Told {
        name: "orders.forgotten",
        title: "orders.forgotten-title",
        why: "orders.forgotten-why",
        switch: Some(LOST_STATE),
        view: "spend",
        golden: FORGOTTEN,
    };
    // What it still has is what its answer has more than the batch's.
    let speed = naive.beyond(&batch);
    case(cast, told, batch, speed, naive)
}

/// A customer whom the batch has never seen, and a merge over the batch's customers. The order has come by now.
pub(super) fn unseen(cast: &mut Cast<'_>) -> anyhow::Result<Case> {
    let (batch, speed) = (batch(cast, "spend")?, speed(cast, "spend")?);
    let naive = cast.mistaken(LEFT_JOIN, "spend")?.into();
    let told = Told {
        name: "orders.unseen",
        title: "orders.unseen-title",
        why: "orders.unseen-why",
        switch: Some(LEFT_JOIN),
        view: "spend",
        golden: UNSEEN,
    };
    case(cast, told, batch, speed, naive)
}

fn case(
    cast: &mut Cast<'_>,
    told: Told,
    batch: Totals,
    speed: Totals,
    naive: Totals,
) -> anyhow::Result<Case> {
    let Told { name, title, why, switch, view, golden } = told;
    let right = cast.merged(view)?.into();
    let witnesses = [cast.kappa(view)?.into(), cast.truth(view)?.into()];
    let (other, whole) = (None, None);
    Ok(Case { name, title, why, switch, batch, speed, naive, right, witnesses, other, whole, golden })
}

fn batch(cast: &Cast<'_>, view: &str) -> anyhow::Result<Totals> {
    Ok(cast.batch(view)?.into())
}

fn speed(cast: &Cast<'_>, view: &str) -> anyhow::Result<Totals> {
    Ok(cast.speed(view)?.into())
}
