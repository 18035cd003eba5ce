//! The answer to a question as a view's rows, keys printed.

use lambda::{EngineError, Session};
use workloads::calendar::Unit;
use workloads::{Rows, View};

/// Milliseconds of a second.
const SECOND: i128 = 1_000;

/// Every row of a view.
pub fn rows(session: &mut dyn Session, view: &View) -> Result<Rows, EngineError> {
    let unit = [("day", Unit::Day, 86_400), ("hour", Unit::Hour, 3_600), ("second", Unit::Second, 1)]
        .into_iter()
        .find(|(name, ..)| view.key.ends_with(name));
    let mut rows = Rows::new();
    session.ask(view.name, &mut |text, numbers| {
        let (key, numbers) = match (unit, numbers) {
            (Some((_, unit, seconds)), [millis, rest @ ..]) => {
                (printed(text, unit, millis.div_euclid(seconds * SECOND)), rest)
            }
            _ => (text.to_owned(), numbers),
        };
        rows.insert(key, numbers.to_vec());
        Ok(())
    })?;
    Ok(rows)
}

fn printed(name: &str, unit: Unit, number: i128) -> String {
    // Event times have 64 bits.
    let number = number as i64;
    if name.is_empty() { unit.print(number) } else { unit.key(name, number) }
}
