//! What an engine says about orders, as the batch publishes it.

use hashbrown::HashMap;
use workloads::{Name, Terms};

use super::{EngineError, Session, fit, numbers, unusable};
use crate::batch::orders::{Answers, History, Sums, answers as index};

/// The answers of a session, with the index of a history that the batch has read.
pub(crate) fn answers(
    session: &mut dyn Session,
    history: History,
    names: &[Name],
    terms: &Terms,
) -> Result<Answers, EngineError> {
    // Members and amounts of the days, and who is listed, are part of the index: the records are counted for those.
    let mut answers = index(history, names, terms);
    answers.spent.fill(Default::default());
    let numbered: HashMap<&str, usize> = (0..).zip(names).map(|(i, name)| (name.as_str(), i)).collect();
    let of = |question: &str, customer: &str| {
        let number = numbered.get(customer).copied();
        number.ok_or_else(|| unusable(question, &format!("no customer {customer} was read")))
    };
    session.ask("spend", &mut |customer, row| {
        answers.spent[of("spend", customer)?].0 = sums("spend", row)?;
        Ok(())
    })?;
    session.ask("large_orders", &mut |customer, row| {
        answers.spent[of("large_orders", customer)?].1 = sums("large_orders", row)?;
        Ok(())
    })?;
    session.ask("revenue", &mut |_, row| {
        answers.revenue = sums("revenue", row)?;
        Ok(())
    })?;
    Ok(answers)
}

fn sums(question: &str, row: &[i128]) -> Result<Sums, EngineError> {
    let [sum, count] = numbers(question, row)?;
    Ok(Sums { sum, count: fit(question, count)? })
}
