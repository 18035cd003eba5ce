//! What all of history up to the cut says about transfers.

use workloads::intake::Duplicates;

use crate::archive::Facts;

/// A sum of amounts and the number of transfers in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Side {
    /// Whole units.
    pub(crate) sum: i128,
    /// Transfers.
    pub(crate) count: u64,
}

/// What an account got, and what it gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// Got.
    pub(crate) credits: Side,
    /// Given.
    pub(crate) debits: Side,
}

/// The batch's half of every answer.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// By the number of the account.
    pub(crate) accounts: Vec<Account>,
}

/// Adds a stretch of the archive to the answers.
pub(crate) fn read(answers: &mut Answers, facts: &Facts, seen: &mut Duplicates) {
    let (debited, credited) = (facts.text("debited"), facts.text("credited"));
    let amounts = facts.numbers("amount");
    answers.accounts.resize(facts.texts().len(), Account::default());
    for row in 0..facts.len() {
        // rule: F8
        if !facts.first(row, seen) {
            continue;
        }
        // rule: F1 F2 F5
        answers.accounts[debited[row] as usize].debits.add(amounts[row]);
        answers.accounts[credited[row] as usize].credits.add(amounts[row]);
    }
}

/// The sum of all balances; absent before the first transfer.
pub(crate) fn total(answers: &Answers) -> Option<i128> {
    let touched = |account: &&Account| account.credits.count + account.debits.count > 0;
    let balances = answers.accounts.iter().filter(touched).map(balance);
    // rule: F4
    balances.reduce(|total, balance| total + balance)
}

fn balance(account: &Account) -> i128 {
    // rule: F3
    account.credits.sum - account.debits.sum
}

impl Side {
    fn add(&mut self, amount: i64) {
        self.sum += i128::from(amount);
        self.count += 1;
    }
}
