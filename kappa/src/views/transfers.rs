//! Rules of `transfers`: what each account was credited and debited, and what all of them come to.

use serde::{Deserialize, Serialize};
use workloads::{Event, Record, Row, Terms};

use super::{Grouping, Groupings, Rules};
use crate::fold::{Fold, additive};
use crate::keys::{All, Named};
use crate::names::Names;
use crate::outlet::Outlet;

/// A transfer, its accounts as numbers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Act {
    from: u32,
    to: u32,
    amount: i64,
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

    fn act(record: &Record, names: &mut Names) -> Option<Act> {
        let Event::Transfer(event) = &record.event else { return None };
        let (from, to) = (names.number(&event.from), names.number(&event.to));
        Some(Act { from, to, amount: event.amount })
    }

    fn group(act: &Act) -> u64 {
        u64::from(act.from)
    }

    // rule: F1 F5
    fn apply(&mut self, act: &Act, changes: &mut Changes) {
        let amount = i128::from(act.amount);
        changes.accounts.add(Named(act.from), &Account { debited: amount, debits: 1, ..Account::default() });
        changes.accounts.add(Named(act.to), &Account { credited: amount, credits: 1, ..Account::default() });
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
