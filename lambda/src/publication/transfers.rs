//! What the batch publishes about transfers, as files and as they are asked.

use workloads::Name;

use super::names::{self, Names};
use super::ordered::{self, Ordered};
use super::table::{halves, whole};
use super::{Files, Loaded, ranked};
use crate::batch::transfers::{Account, Answers, Side};
use crate::error::LambdaError;

/// A publication about transfers.
pub(crate) struct TransfersBase {
    names: Names,
    accounts: Ordered<6>,
    /// The sum of all balances; absent before the first transfer.
    pub(crate) total: Option<i128>,
}

/// The batch's half of what is known of an account: sum and number of its credits, and of its debits.
pub(crate) type Sides = ([i128; 2], [i128; 2]);

/// Of an account that the batch does not know.
pub(crate) const NOTHING: Sides = ([0, 0], [0, 0]);

/// The answers as files, with the sum of all balances.
pub(crate) fn files(names: &[Name], answers: &Answers, total: Option<i128>) -> Files {
    let (sorted, ranks) = ranked(names);
    let mut accounts: Vec<_> =
        ranks.iter().zip(&answers.accounts).map(|(rank, account)| ((*rank, 0), words(account))).collect();
    accounts.sort_unstable_by_key(|(key, _)| *key);
    vec![
        ("names", names::bytes(sorted.iter().copied())),
        ("accounts", ordered::bytes(accounts.into_iter())),
        ("total", total.map_or_else(Vec::new, |total| total.to_le_bytes().to_vec()).into()),
    ]
}

fn words(account: &Account) -> [u64; 6] {
    let [credits, debits] = [&account.credits, &account.debits].map(|Side { sum, count }| {
        let [low, high] = halves(*sum);
        [low, high, *count]
    });
    [credits[0], credits[1], credits[2], debits[0], debits[1], debits[2]]
}

fn sides(words: [u64; 6]) -> Sides {
    let side = |at: usize| [whole(words[at], words[at + 1]), words[at + 2].into()];
    (side(0), side(3))
}

impl TransfersBase {
    /// A publication that was taken in.
    pub(crate) fn open(mut loaded: Loaded) -> Result<Self, LambdaError> {
        Ok(TransfersBase {
            names: loaded.names()?,
            accounts: loaded.ordered("accounts")?,
            total: loaded.take("total")?.try_into().ok().map(i128::from_le_bytes),
        })
    }

    /// What an account got and gave.
    pub(crate) fn account(&self, name: &str) -> Sides {
        let row = self.names.rank(name).and_then(|rank| self.accounts.get((rank, 0)));
        row.map_or(NOTHING, sides)
    }

    /// The same of every account, by name.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = (Name, Sides)> + '_ {
        self.accounts.all().map(|((rank, _), words)| (self.names.name(rank), sides(words)))
    }
}
