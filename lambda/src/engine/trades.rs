//! What an engine says about trades, as the batch publishes it.

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::{Millis, Name, Place};

use super::{EngineError, Session, fit, numbers, unusable};
use crate::batch::trades::{Answers, Day, Volume, keep_latest};

/// What the rows of a session add up to, and how the symbols are numbered.
struct Asked<'a> {
    answers: Answers,
    numbered: HashMap<&'a str, u32>,
}

/// The answers of a session, with what the batch has read of marks and of what they can name.
pub(crate) fn answers(
    session: &mut dyn Session,
    answers: Answers,
    names: &[Name],
) -> Result<Answers, EngineError> {
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
        Ok(self.answers.symbols[symbol as usize].days.of(Unit::Day.of(time)))
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
        let hours = &mut self.answers.symbols[symbol as usize].hours;
        *hours.of(Unit::Hour.of(time)) = Volume { sum: volume, count: fit("volume_hour", count)? };
        Ok(())
    }

    fn value(&mut self, symbol: &str, row: &[i128]) -> Result<(), EngineError> {
        let [time, value, _] = numbers("vwap", row)?;
        self.day("vwap", symbol, time)?.value = value;
        Ok(())
    }

    fn nearest(&mut self, symbol: &str, row: &[i128]) -> Result<(), EngineError> {
        let [time, price, trades, _, _] = numbers("nearest", row)?;
        let (price, trades): (i64, u64) = (fit("nearest", price)?, fit("nearest", trades)?);
        let day = self.day("nearest", symbol, time)?;
        day.lowest.add(price, trades);
        day.highest.add(!price, trades);
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
