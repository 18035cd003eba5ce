//! The clear form of transfers: two sides of each, and a total of what the accounts hold.

use workloads::{Event, Terms};

use super::forms::{Fact, Flow, Views, totals};

pub(super) fn forms<'scope>(facts: Flow<'scope, Fact>, _terms: &Terms) -> Views<'scope> {
    let transfers = facts.flat_map(|(event, _, _)| match event {
        Event::Transfer(event) => {
            Some((event.from.to_string(), event.to.to_string(), i128::from(event.amount)))
        }
        _ => None,
    });
    let debits = transfers.clone().map(|(from, _, amount)| (from, amount));
    let credits = transfers.map(|(_, to, amount)| (to, amount));
    let side = |side: Flow<'scope, (String, i128)>| {
        let sums = totals(side, |(account, amount)| (account, (amount, 1_i128)));
        sums.map(|(account, (sum, count))| (account, vec![sum, count]))
    };
    let both = credits.clone().concat(debits.clone().map(|(account, amount)| (account, -amount)));
    let accounts = totals(both, |(account, amount)| (account, (amount, 1_i128)));
    let total = totals(accounts.clone(), |(_, held)| ("all".to_owned(), held));
    vec![
        ("credits", side(credits)),
        ("debits", side(debits)),
        ("balance", accounts.map(|(account, (balance, _))| (account, vec![balance]))),
        ("total", total.map(|(key, (balance, _))| (key, vec![balance]))),
    ]
}
