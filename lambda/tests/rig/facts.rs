//! Random events of the workloads in which nothing is taken back, and keys to ask for.

use workloads::calendar::Unit;
use workloads::{SensorEvent, TransferEvent, WordEvent};

use super::Rig;

impl Rig {
    pub fn word(&mut self) -> WordEvent {
        let word = format!("w{}", self.dice.below(self.case.keys)).into();
        WordEvent { word, time: self.moment() }
    }

    /// Around the degrees at which alerts are raised and cleared, so that every late reading counts.
    pub fn sensor(&mut self) -> SensorEvent {
        let region = format!("r{}", self.dice.below(self.case.keys)).into();
        SensorEvent { region, reading: 24 + self.dice.below(12) as i32, time: self.moment() }
    }

    pub fn transfer(&mut self) -> TransferEvent {
        let transfer = format!("t{}", self.dice.below(1_000)).into();
        let [from, to] = [0; 2].map(|_| format!("a{}", self.dice.below(self.case.keys)).into());
        TransferEvent { transfer, from, to, amount: self.dice.below(9) as i64 - 2, time: self.moment() }
    }

    /// A second and a bit later with each event, now and then after a gap; some are late, a few very late.
    fn moment(&mut self) -> i64 {
        let now = self.sent.len() as i64;
        let gap = 60 * (now / 40);
        let late = match self.dice.below(100) {
            n if n < 3 => self.dice.below(now as u64 + 100) as i64,
            n if n < 25 => self.dice.below(25) as i64,
            _ => 0,
        };
        (now + gap - late - 20) * 700 + self.dice.below(900) as i64
    }

    /// A key of that kind, which may have a row or not.
    pub fn fact_key(&mut self, kind: &str) -> String {
        let name = format!("{}{}", &kind[..1], self.dice.below(self.case.keys));
        if !kind.ends_with("second") {
            return name;
        }
        let second = Unit::Second.of(self.moment());
        Unit::Second.key(&name, if kind.starts_with('w') { second - second.rem_euclid(2) } else { second })
    }
}
