//! Trades folded into maps, every rule carried out as its record comes.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::{Millis, Name, Origin, Place, Record, Row, Rows, Terms, TradeEvent, TradeKind};

mod open;

use open::{Correction, More, Open, Trade, Value};

const DAY: Millis = 86_400_000;

#[derive(Clone, Debug, Default)]
struct Daily {
    day: i64,
    volume: i128,
    turnover: i128,
    count: i64,
    /// How often each price was paid; kept only where `range` is asked.
    prices: BTreeMap<i64, u32>,
}

#[derive(Clone, Debug)]
struct Symbol {
    name: Name,
    /// In ascending order; one whose trades are all busted is left empty.
    days: Vec<Daily>,
    /// Sum of volumes and number of trades of each hour; kept only where `volume_hour` is asked.
    hours: BTreeMap<i64, (i128, i64)>,
    prices: i128,
    volume: i128,
    count: i64,
    /// Every trade in force in the order of `last`; kept only where that is asked.
    sequence: BTreeMap<(Millis, Place), i64>,
}

/// The fold.
#[derive(Clone, Debug)]
pub struct Trades {
    horizon: Option<Millis>,
    ids: HashMap<Name, u32>,
    symbols: Vec<Symbol>,
    open: Open,
    range: bool,
    last: bool,
    hourly: bool,
}

impl Trades {
    /// Nothing yet; keeps what `views` need, or everything when there are none.
    pub fn new(terms: &Terms, views: &[&str]) -> Self {
        let asked = |view| views.is_empty() || views.contains(&view);
        Trades {
            horizon: terms.cancel_horizon,
            ids: HashMap::new(),
            symbols: Vec::new(),
            open: Open::default(),
            range: asked("range"),
            last: asked("last"),
            hourly: asked("volume_hour"),
        }
    }

    /// The next record.
    pub fn feed(&mut self, record: &Record, event: &TradeEvent) {
        let symbol = self.symbol(&event.symbol);
        match event.kind {
            TradeKind::Traded => self.trade(symbol, record, event),
            TradeKind::Busted => self.mark(symbol, event.target, |more| {
                more.busted = Some(more.busted.map_or(event.time, |time| time.min(event.time)));
            }),
            TradeKind::Corrected => self.mark(symbol, event.target, |more| {
                let (time, place, price, volume) = (event.time, record.place, event.price, event.volume);
                more.corrections.push(Correction { time, place, price, volume });
            }),
        }
    }

    fn symbol(&mut self, name: &Name) -> u32 {
        if let Some(id) = self.ids.get(name.as_str()) {
            return *id;
        }
        let id = self.symbols.len() as u32;
        let (days, hours, sequence) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        self.symbols.push(Symbol {
            name: name.clone(),
            days,
            hours,
            prices: 0,
            volume: 0,
            count: 0,
            sequence,
        });
        self.ids.insert(name.clone(), id);
        id
    }

    fn trade(&mut self, symbol: u32, record: &Record, event: &TradeEvent) {
        let value = Value { price: event.price, volume: event.volume };
        let trade = Trade { value, time: event.time, place: record.place };
        let Some(origin) = record.origin else { return self.count(symbol, trade, value, 1) };
        let named = self.open.entry(symbol, origin);
        let in_force = named.in_force(trade, self.horizon);
        named.push(trade);
        if let Some(value) = in_force {
            self.count(symbol, trade, value, 1);
        }
    }

    fn mark(&mut self, symbol: u32, target: Origin, change: impl FnOnce(&mut More)) {
        let named = self.open.entry(symbol, target);
        let before = named.values(self.horizon);
        change(named.more.get_or_insert_default());
        let after = named.values(self.horizon);
        before.into_iter().for_each(|(trade, value)| self.count(symbol, trade, value, -1));
        after.into_iter().for_each(|(trade, value)| self.count(symbol, trade, value, 1));
    }

    fn count(&mut self, symbol: u32, trade: Trade, value: Value, sign: i64) {
        let (price, volume, times) = (i128::from(value.price), i128::from(value.volume), i128::from(sign));
        let symbol = &mut self.symbols[symbol as usize];
        symbol.prices += price * times;
        symbol.volume += volume * times;
        symbol.count += sign;
        if self.hourly {
            let hour = symbol.hours.entry(Unit::Hour.of(trade.time)).or_default();
            hour.0 += volume * times;
            hour.1 += sign;
        }
        let daily = symbol.day(trade.time.div_euclid(DAY));
        daily.volume += volume * times;
        daily.turnover += price * volume * times;
        daily.count += sign;
        if self.range {
            tally(&mut daily.prices, value.price, sign);
        }
        if self.last && sign > 0 {
            symbol.sequence.insert((trade.time, trade.place), value.price);
        } else if self.last {
            symbol.sequence.remove(&(trade.time, trade.place));
        }
    }

    /// One row of a view.
    pub fn row(&self, view: &str, key: &str) -> Option<Row> {
        if view == "volume_hour" {
            let (name, hour) = Unit::Hour.parse_key(key)?;
            return hour_row(self.symbols[*self.ids.get(name)? as usize].hours.get(&hour)?);
        }
        let (name, day) = match view {
            "mean" | "last" => (key, None),
            _ => key.rsplit_once(' ').map(|(name, day)| (name, Some(day)))?,
        };
        let symbol = &self.symbols[*self.ids.get(name)? as usize];
        match day {
            None => symbol.row(view),
            Some(day) => {
                let day = day_number(day)?;
                let at = symbol.days.binary_search_by_key(&day, |daily| daily.day).ok()?;
                symbol.days[at].row(view)
            }
        }
    }

    /// Every row of a view.
    pub fn rows(&self, view: &str) -> Rows {
        let mut rows = Rows::new();
        for symbol in &self.symbols {
            match view {
                "volume_hour" => {
                    rows.extend(symbol.hours.iter().filter_map(|(hour, sums)| {
                        Some((Unit::Hour.key(&symbol.name, *hour), hour_row(sums)?))
                    }));
                }
                "mean" | "last" => rows.extend(symbol.row(view).map(|row| (symbol.name.to_string(), row))),
                _ => rows.extend(symbol.days.iter().filter_map(|daily| {
                    Some((format!("{} {}", symbol.name, day_name(daily.day)), daily.row(view)?))
                })),
            }
        }
        rows
    }
}

impl Symbol {
    /// A day, the latest as a rule.
    fn day(&mut self, day: i64) -> &mut Daily {
        let later = self.days.iter().rev().take_while(|daily| daily.day > day).count();
        let at = self.days.len() - later;
        if at > 0 && self.days[at - 1].day == day {
            return &mut self.days[at - 1];
        }
        self.days.insert(at, Daily { day, ..Daily::default() });
        &mut self.days[at]
    }

    fn row(&self, view: &str) -> Option<Row> {
        match view {
            "mean" => (self.count > 0).then(|| vec![self.prices, self.volume, i128::from(self.count)]),
            "last" => self.last(),
            _ => None,
        }
    }

    fn last(&self) -> Option<Row> {
        let mut backwards = self.sequence.iter().rev();
        let ((time, _), price) = backwards.next()?;
        let row =
            |change: i128, over, under| vec![i128::from(*price), change, over, under, i128::from(*time)];
        Some(match backwards.find(|(_, earlier)| *earlier != price) {
            None => row(0, 0, 1),
            Some((_, earlier)) => {
                let change = i128::from(*price) - i128::from(*earlier);
                row(change, change * 100, i128::from(*earlier))
            }
        })
    }
}

impl Daily {
    fn row(&self, view: &str) -> Option<Row> {
        match view {
            _ if self.count == 0 => None,
            "volume" => Some(vec![self.volume, i128::from(self.count)]),
            "vwap" => Some(vec![self.turnover, self.volume]),
            "range" => {
                let (low, high) = (self.prices.first_key_value()?.0, self.prices.last_key_value()?.0);
                Some(vec![i128::from(*low), i128::from(*high)])
            }
            _ => None,
        }
    }
}

fn hour_row((volume, count): &(i128, i64)) -> Option<Row> {
    (*count != 0).then(|| vec![*volume, i128::from(*count)])
}

fn tally(prices: &mut BTreeMap<i64, u32>, price: i64, sign: i64) {
    let count = prices.entry(price).or_default();
    *count = count.saturating_add_signed(sign as i32);
    if *count == 0 {
        prices.remove(&price);
    }
}

/// `YYYY-MM-DD` of a number of days since 1970-01-01; the number itself outside the calendar's years.
fn day_name(day: i64) -> String {
    let timestamp = day.checked_mul(86_400).and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    timestamp.map_or(day.to_string(), |at| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}

fn day_number(name: &str) -> Option<i64> {
    let date: jiff::civil::Date = name.parse().ok()?;
    let at = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(at.as_second().div_euclid(86_400))
}
