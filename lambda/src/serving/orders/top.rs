//! Who has spent the most, by batch and speed layer together.

use std::cmp::Reverse;
use std::io;

use hashbrown::HashSet;
use workloads::orders::TOP;
use workloads::{Name, Row};

use super::merge;
use crate::publication::orders::{NOTHING, OrdersBase};
use crate::speed::orders::{Change, Partial};

/// A customer with what he has spent, in the order of the view.
type Candidate = (Reverse<i128>, Name, Row);

/// The first customers and their rows, and whether all customers were looked at.
///
/// Candidates are those whom the batch lists and those who have changed since. Anybody else stands where the batch saw
/// him, behind the last of its list; so as long as the tenth candidate does not stand behind that place too, nobody
/// else is among the first ten. When he does, so many of the list have fallen that all customers are looked at.
pub(super) fn rows(base: &OrdersBase, partial: &Partial) -> io::Result<(Vec<(Name, Row)>, bool)> {
    let (listed, others) = base.leaders();
    let mut first = Vec::with_capacity(listed.len());
    let mut bound = None;
    for rank in listed {
        let name = base.names().name(*rank);
        let batch = base.spent(*rank)?.0;
        bound = others.then(|| (Reverse(batch[0]), name.clone()));
        first.extend(candidate(name.clone(), batch, change(partial, &name)));
    }
    first.sort_unstable();
    let listed: HashSet<u32> = listed.iter().copied().collect();
    let tenth = first.get(TOP - 1).map(|(Reverse(sum), ..)| *sum);
    for (name, (change, _)) in &partial.customers {
        let rank = base.names().rank(name);
        if rank.is_some_and(|rank| listed.contains(&rank)) {
            continue;
        }
        // With the batch he has no more than the last of its list: not worth a look if even that is too little.
        let most = rank.map_or(Some(0), |_| bound.as_ref().map(|(Reverse(sum), _)| *sum));
        if most.zip(tenth).is_some_and(|(most, tenth)| most + change.sum < tenth) {
            continue;
        }
        let batch = rank.map(|rank| base.spent(rank)).transpose()?.unwrap_or(NOTHING).0;
        first.extend(candidate(name.clone(), batch, *change));
    }
    first.sort_unstable();
    // rule: O16
    let tenth = first.get(TOP - 1).map(|(sum, name, _)| (*sum, name.clone()));
    let fallen = bound.is_some_and(|bound| tenth.is_none_or(|tenth| tenth > bound));
    if fallen {
        first = everybody(base, partial)?;
    }
    first.truncate(TOP);
    Ok((first.into_iter().map(|(_, name, row)| (name, row)).collect(), fallen))
}

/// Every customer with a record, in the order of the view.
fn everybody(base: &OrdersBase, partial: &Partial) -> io::Result<Vec<Candidate>> {
    let batched = (0..).zip(base.all_spent()?).map(|(rank, (all, _))| (base.names().name(rank), all));
    let new = partial.customers.keys().filter(|name| base.names().rank(name).is_none());
    let all = batched.chain(new.map(|name| (name.clone(), NOTHING.0)));
    let mut all: Vec<Candidate> =
        all.filter_map(|(name, batch)| candidate(name.clone(), batch, change(partial, &name))).collect();
    all.sort_unstable();
    Ok(all)
}

fn candidate(name: Name, batch: [i128; 2], change: Change) -> Option<Candidate> {
    merge(&batch, &change).map(|row| (Reverse(row[0]), name, row))
}

fn change(partial: &Partial, name: &Name) -> Change {
    partial.customers.get(name).map_or_else(Change::default, |(all, _)| *all)
}
