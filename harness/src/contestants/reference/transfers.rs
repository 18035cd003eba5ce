//! Transfers folded into a hash map of accounts.

use hashbrown::HashMap;
use workloads::{Name, Row, Rows, TransferEvent};

/// What one account was given and what it gave: sums and counts.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    credits: (i128, i128),
    debits: (i128, i128),
}

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct Transfers {
    accounts: HashMap<Name, Account>,
}

impl Account {
    fn row(self, view: &str) -> Option<Row> {
        let side = |(sum, count)| (count > 0).then(|| vec![sum, count]);
        match view {
            "credits" => side(self.credits),
            "debits" => side(self.debits),
            "balance" => Some(vec![self.credits.0 - self.debits.0]),
            _ => None,
        }
    }
}

impl Transfers {
    /// The next transfer.
    pub fn feed(&mut self, event: &TransferEvent) {
        let amount = i128::from(event.amount);
        let debits = &mut self.accounts.entry_ref(&event.from).or_default().debits;
        *debits = (debits.0 + amount, debits.1 + 1);
        let credits = &mut self.accounts.entry_ref(&event.to).or_default().credits;
        *credits = (credits.0 + amount, credits.1 + 1);
    }

    /// One row of a view.
    pub fn row(&self, view: &str, key: &str) -> Option<Row> {
        if view == "total" {
            return (key == "all").then(|| self.total()).flatten();
        }
        self.accounts.get(key)?.row(view)
    }

    /// What all accounts hold, added up.
    fn total(&self) -> Option<Row> {
        let balances = self.accounts.values().map(|account| account.credits.0 - account.debits.0);
        (!self.accounts.is_empty()).then(|| vec![balances.sum()])
    }

    /// Every row of a view.
    pub fn rows(&self, view: &str) -> Rows {
        if view == "total" {
            return self.total().map(|row| ("all".into(), row)).into_iter().collect();
        }
        let accounts = self.accounts.iter();
        accounts.filter_map(|(name, account)| Some((name.to_string(), account.row(view)?))).collect()
    }
}
