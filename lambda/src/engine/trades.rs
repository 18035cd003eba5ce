//! What an engine says about trades, as the batch publishes it.

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::{Millis, Name, Place, Terms};

use super::{EngineError, Session, fit, numbers, unusable};
use crate::batch::trades::{Answers, Day, History, NEAREST, answers as index, keep_latest};

/// Milliseconds of a day.
const DAY: Millis = 86_400_000;

/// What the rows of a session add up to, and how the symbols are numbered.
struct Asked<'a> {
    answers: Answers,
    numbered: HashMap<&'a str, u32>,
}

/// The answers of a session, with the index of a history that the batch has read.
pub(crate) fn answers(
    session: &mut dyn Session,
    mut history: History,
    names: &[Name],
    terms: &Terms,
) -> Result<Answers, EngineError> {
    let mut trades = std::mem::take(&mut history.trades);
    let mut answers = index(history, names.len(), terms);
    trades.retain(|trade| trade.origin.is_some());
    answers.trades = trades;
    let numbered = (0..).zip(names).map(|(i, name)| (name.as_str(), i)).collect();
    let mut asked = Asked { answers, numbered };
    session.ask("volume", &mut |symbol, row| asked.volume(symbol, row))?;
    session.ask("volume_hour", &mut |symbol, row| asked.hour(symbol, row))?;
    session.ask("vwap", &mut |symbol, row| asked.value(symbol, row))?;
    session.ask("nearest", &mut |symbol, row| asked.nearest(symbol, row))?;
    session.ask("mean", &mut |symbol, row| asked.mean(symbol, row))?;
    session.ask("latest", &mut |symbol, row| asked.latest(symbol, row))?;
    asked.answers.symbols.iter_mut().for_each(keep_latest);
    Ok(asked.answers)
}

impl Asked<'_> {
    fn symbol(&self, question: &str, symbol: &str) -> Result<u32, EngineError> {
        let number = self.numbered.get(symbol).copied();
        number.ok_or_else(|| unusable(question, &format!("no symbol {symbol} was read")))
    }

    fn day(&mut self, question: &str, symbol: &str, time: i128) -> Result<&mut Day, EngineError> {
        let (symbol, time): (_, Millis) = (self.symbol(question, symbol)?, fit(question, time)?);
        Ok(self.answers.days.entry((symbol, time.div_euclid(DAY))).or_default())
    }

    fn volume(&mut self, symbol: &str, row: &[i128]) -> Result<(), EngineError> {
        let [time, volume, count] = numbers("volume", row)?;
        let day = self.day("volume", symbol, time)?;
        (day.volume, day.count) = (volume, fit("volume", count)?);
        Ok(())
    }

    fn hour(&mut self, symbol: &str, row: &[i128]) -> Result<(), EngineError> {
        let [time, volume, count] = numbers("volume_hour", row)?;
        let (symbol, time): (_, Millis) = (self.symbol("volume_hour", symbol)?, fit("volume_hour", time)?);
        self.answers.hours.insert((symbol, Unit::Hour.of(time)), (volume, fit("volume_hour", count)?));
        Ok(())
    }

    fn value(&mut self, symbol: &str, row: &[i128]) -> Result<(), EngineError> {
        let [time, value, _] = numbers("vwap", row)?;
        self.day("vwap", symbol, time)?.value = value;
        Ok(())
    }

    fn nearest(&mut self, symbol: &str, row: &[i128]) -> Result<(), EngineError> {
        let [time, price, trades, low, high] = numbers("nearest", row)?;
        let (price, trades): (i64, u64) = (fit("nearest", price)?, fit("nearest", trades)?);
        let day = self.day("nearest", symbol, time)?;
        if low <= NEAREST as i128 {
            day.lowest.insert(price, trades);
        }
        if high <= NEAREST as i128 {
            day.highest.insert(price, trades);
        }
        // The prices below, those above, and this one.
        day.more = low + high - 1 > NEAREST as i128;
        Ok(())
    }

    fn mean(&mut self, symbol: &str, row: &[i128]) -> Result<(), EngineError> {
        let [prices, volumes, count] = numbers("mean", row)?;
        let number = self.symbol("mean", symbol)?;
        let symbol = &mut self.answers.symbols[number as usize];
        (symbol.prices, symbol.volumes, symbol.count) = (prices, volumes, fit("mean", count)?);
        Ok(())
    }

    fn latest(&mut self, symbol: &str, row: &[i128]) -> Result<(), EngineError> {
        let [time, partition, offset, price, _] = numbers("latest", row)?;
        let number = self.symbol("latest", symbol)?;
        let place = Place { partition: fit("latest", partition)?, offset: fit("latest", offset)? };
        let trade = (fit("latest", time)?, place, fit("latest", price)?);
        self.answers.symbols[number as usize].latest.push(trade);
        Ok(())
    }
}
