//! What an engine says about orders, as the batch publishes it.

use hashbrown::HashMap;
use workloads::Name;

use super::{EngineError, Session, fit, numbers, unusable};
use crate::batch::orders::{Answers, Sums};

/// The answers of a session in the place of those that the batch has counted, with the rest of these.
pub(crate) fn answers(
    session: &mut dyn Session,
    mut answers: Answers,
    names: &[Name],
) -> Result<Answers, EngineError> {
    for sums in [&mut answers.spent, &mut answers.large] {
        *sums = vec![Sums::default(); names.len()];
    }
    let numbered: HashMap<&str, usize> = (0..).zip(names).map(|(i, name)| (name.as_str(), i)).collect();
    let of = |question: &str, customer: &str| {
        let number = numbered.get(customer).copied();
        number.ok_or_else(|| unusable(question, &format!("no customer {customer} was read")))
    };
    session.ask("spend", &mut |customer, row| {
        answers.spent[of("spend", customer)?] = sums("spend", row)?;
        Ok(())
    })?;
    session.ask("large_orders", &mut |customer, row| {
        answers.large[of("large_orders", customer)?] = sums("large_orders", row)?;
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
