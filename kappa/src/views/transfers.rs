//! Rules of `transfers`: what each account was credited and debited, and what all of them come to.

use serde::{Deserialize, Serialize};
use workloads::{Event, Name, Record, Row, Terms};

use super::{Grouping, Groupings, Rules};
use crate::flow::fold::{Fold, additive};
use crate::flow::keys::{All, Named};
use crate::flow::names::Names;
use crate::flow::outlet::Outlet;

/// What a transfer is to one of its two accounts, which may be the same.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Act {
    /// So much came.
    Credit(i64),
    /// So much went.
    Debit(i64),
}

/// What went to an account and from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Account {
    credited: i128,
    credits: i64,
    debited: i128,
    debits: i64,
}
additive!(Account { credited, credits, debited, debits });

/// What accounts together hold, after so many credits and debits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Holdings {
    balance: i128,
    entries: i64,
}
additive!(Holdings { balance, entries });

/// What transfers change.
#[derive(Default)]
pub struct Changes {
    accounts: Fold<Accounts>,
    total: Fold<Total>,
}

/// By account.
struct Accounts;

/// All in one.
struct Total;

/// Nothing is ever taken back, so that nothing need be kept.
pub struct Transfers;

impl Rules for Transfers {
    type Act = Act;
    type Changes = Changes;

    fn new(_terms: &Terms, _views: &[&str]) -> Self {
        Transfers
    }

    // rule: F1 F5
    fn acts(record: &Record, mut act: impl FnMut(&Name, Act)) {
        let Event::Transfer(event) = &record.event else { return };
        act(&event.from, Act::Debit(event.amount));
        act(&event.to, Act::Credit(event.amount));
    }

    // rule: F1
    fn apply(&mut self, account: u32, act: &Act, changes: &mut Changes) {
        let change = match *act {
            Act::Debit(amount) => Account { debited: amount.into(), debits: 1, ..Account::default() },
            Act::Credit(amount) => Account { credited: amount.into(), credits: 1, ..Account::default() },
        };
        changes.accounts.add(Named(account), &change);
    }

    // rule: F4
    fn close(&mut self, changes: &mut Changes, _names: &Names) {
        for account in changes.accounts.iter().map(|(_, account)| account) {
            let entries = account.credits + account.debits;
            changes.total.add(All, &Holdings { balance: account.balance(), entries });
        }
    }
}

impl Groupings for Changes {
    fn folds(&mut self) -> Vec<&mut dyn Outlet> {
        vec![&mut self.accounts, &mut self.total]
    }
}

impl Account {
    // rule: F3
    fn balance(&self) -> i128 {
        self.credited - self.debited
    }
}

impl Grouping for Accounts {
    const VIEWS: &'static [&'static str] = &["credits", "debits", "balance"];
    const BASIS_OF: &'static [&'static str] = &["total"];
    type Key = Named;
    type Sum = Account;

    fn row(view: &str, sum: &Account, _terms: &Terms) -> Option<Row> {
        let (amount, count) = match view {
            // rule: F2
            "credits" => (sum.credited, sum.credits),
            // rule: F2
            "debits" => (sum.debited, sum.debits),
            // rule: F3 F6
            _ => return (sum.credits + sum.debits != 0).then(|| vec![sum.balance()]),
        };
        // rule: F6
        (count != 0).then(|| vec![amount, i128::from(count)])
    }
}

impl Grouping for Total {
    const VIEWS: &'static [&'static str] = &["total"];
    type Key = All;
    type Sum = Holdings;

    fn row(_view: &str, sum: &Holdings, _terms: &Terms) -> Option<Row> {
        // rule: F6
        (sum.entries != 0).then(|| vec![sum.balance])
    }
}
