//! What batch and speed layer together say about transfers.

use workloads::{Query, Row, Rows};

use crate::publication::transfers::{NOTHING, Sides, TransfersBase};
use crate::speed::transfers::{Account, Partial, Side};

/// One answer of the two halves.
pub(crate) fn serve(base: &TransfersBase, partial: &Partial, query: &Query) -> Rows {
    match (query.view.as_str(), &query.key) {
        ("total", key) => {
            let asked = key.as_deref().is_none_or(|key| key == "all");
            let row = total(base.total, partial.total).filter(|_| asked);
            row.map(|row| ("all".to_owned(), row)).into_iter().collect()
        }
        (view, Some(name)) => {
            let new = partial.accounts.get(name.as_str()).copied().unwrap_or_default();
            account(view, base.account(name), new).map(|row| (name.clone(), row)).into_iter().collect()
        }
        (view, None) => accounts(view, base, partial),
    }
}

/// Every account of which either half knows.
fn accounts(view: &str, base: &TransfersBase, partial: &Partial) -> Rows {
    let mut new = partial.accounts.clone();
    let batched: Vec<_> = base
        .accounts()
        .filter_map(|(name, batch)| {
            let row = account(view, batch, new.remove(&name).unwrap_or_default())?;
            Some((name.to_string(), row))
        })
        .collect();
    let new = new.iter().filter_map(|(name, new)| Some((name.to_string(), account(view, NOTHING, *new)?)));
    batched.into_iter().chain(new).collect()
}

/// An account's row in one view, if it has one.
fn account(view: &str, (credits, debits): Sides, new: Account) -> Option<Row> {
    let (credits, debits) = (add(credits, new.credits), add(debits, new.debits));
    let row = match view {
        // rule: F2
        "credits" => (credits[1], credits.to_vec()),
        "debits" => (debits[1], debits.to_vec()),
        // rule: F3
        _ => (credits[1] + debits[1], vec![credits[0] - debits[0]]),
    };
    // rule: F6
    (row.0 > 0).then_some(row.1)
}

fn add(batch: [i128; 2], new: Side) -> [i128; 2] {
    [batch[0] + new.sum, batch[1] + i128::from(new.count)]
}

/// The sum of all balances.
fn total(batch: Option<i128>, new: Option<i128>) -> Option<Row> {
    // rule: F4 F6
    batch.into_iter().chain(new).reduce(|batch, new| batch + new).map(|total| vec![total])
}
