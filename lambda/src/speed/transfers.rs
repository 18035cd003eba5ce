//! What the events since the cut add to transfers.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use workloads::{Name, TransferEvent};

/// A sum of amounts and the number of transfers in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Side {
    /// Whole units.
    pub(crate) sum: i128,
    /// Transfers.
    pub(crate) count: u64,
}

/// What an account got since the cut, and what it gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Got.
    pub(crate) credits: Side,
    /// Given.
    pub(crate) debits: Side,
}

/// What has been moved since the cut.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    accounts: HashMap<Name, Account>,
}

/// The speed layer's half of an answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Partial {
    /// The accounts asked for.
    pub(crate) accounts: BTreeMap<Name, Account>,
    /// By how much the balances together differ from the batch's; absent if nothing was moved.
    pub(crate) total: Option<i128>,
}

/// One more event.
pub(crate) fn apply(changes: &mut Changes, event: &TransferEvent) {
    // rule: F1 F5
    for (account, gives) in [(&event.from, true), (&event.to, false)] {
        let account = changes.accounts.entry_ref(account).or_default();
        // rule: F2
        let side = if gives { &mut account.debits } else { &mut account.credits };
        side.sum += i128::from(event.amount);
        side.count += 1;
    }
}

impl Changes {
    /// What was moved to and from one account, or every account.
    pub(crate) fn accounts(&self, account: Option<&str>) -> Partial {
        let one = account.and_then(|account| self.accounts.get_key_value(account));
        let all = account.is_none().then(|| self.accounts.iter());
        let asked = all.into_iter().flatten().chain(one).map(|(name, account)| (name.clone(), *account));
        Partial { accounts: asked.collect(), total: None }
    }

    /// The change of all balances together.
    pub(crate) fn total(&self) -> Partial {
        // rule: F3
        let balances = self.accounts.values().map(|account| account.credits.sum - account.debits.sum);
        // rule: F4
        Partial { accounts: BTreeMap::new(), total: balances.reduce(|total, balance| total + balance) }
    }
}
