//! A publication about transfers that grows.

use std::collections::BTreeMap;

use workloads::{Name, Record, Terms};

use super::{Grown, Grows};
use crate::batch::transfers::{Account, Answers, Side};
use crate::error::LambdaError;
use crate::layers::Transfers;
use crate::publication::transfers::{TransfersBase, files};
use crate::speed::transfers::Changes;

impl Grows<Transfers> for Transfers {
    type Index = ();

    fn index((): &mut (), _: &Changes, _: &Record) {}

    fn grow(
        _: &Terms,
        base: &TransfersBase,
        state: &Changes,
        (): (),
    ) -> Result<Result<Grown, &'static str>, LambdaError> {
        let mut all: BTreeMap<Name, Account> = BTreeMap::new();
        for (name, (credits, debits)) in base.accounts() {
            let account = all.entry(name).or_default();
            add(&mut account.credits, credits);
            add(&mut account.debits, debits);
        }
        for (name, new) in state.accounts(None).accounts {
            let account = all.entry(name).or_default();
            add(&mut account.credits, [new.credits.sum, new.credits.count.into()]);
            add(&mut account.debits, [new.debits.sum, new.debits.count.into()]);
        }
        let (names, accounts): (Vec<Name>, Vec<Account>) = all.into_iter().unzip();
        let total = base.total.into_iter().chain(state.total().total).reduce(|total, more| total + more);
        Ok(Ok(Grown { files: files(&names, &Answers { accounts }, total), kept: Vec::new() }))
    }
}

fn add(side: &mut Side, [sum, count]: [i128; 2]) {
    side.sum += sum;
    side.count += count as u64;
}
