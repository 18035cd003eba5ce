//! Faults of a source as text on the command line.

use std::fmt;
use std::str::FromStr;

use super::{FAULTS, SourceFaults};

/// Why a text names no faults. Each message says what can be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// A name that is no fault's.
    #[error("no fault of a source is called {0}: there are {known}", known = known())]
    Unknown(String),
    /// A part that is not of the form name=number.
    #[error("{0} is not of the form late=0.01")]
    Form(String),
    /// A share that is none.
    #[error("{name}={value} is not a share from 0 to 1")]
    Share {
        /// The fault.
        name: String,
        /// What was given.
        value: String,
    },
    /// A time that is none.
    #[error("late_ms={0} is not a whole number of milliseconds from 1 on")]
    Millis(String),
}

fn known() -> String {
    FAULTS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

impl SourceFaults {
    /// Reads `late=0.01,resend=0.001`; nothing, or `none`, is no faults.
    pub fn parse(text: &str) -> Result<Self, FaultError> {
        let mut faults = SourceFaults::default();
        let parts = text.split(',').map(str::trim);
        for part in parts.filter(|part| !part.is_empty() && *part != "none") {
            let (name, value) = part.split_once('=').ok_or_else(|| FaultError::Form(part.to_owned()))?;
            faults.set(name.trim(), value.trim())?;
        }
        Ok(faults)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), FaultError> {
        if name == "late_ms" {
            let millis = value.parse().ok().filter(|millis| *millis > 0);
            self.late_ms = millis.ok_or_else(|| FaultError::Millis(value.to_owned()))?;
            return Ok(());
        }
        let share = self.shares_mut().into_iter().find(|(known, _)| *known == name);
        let (_, share) = share.ok_or_else(|| FaultError::Unknown(name.to_owned()))?;
        let given = value.parse().ok().filter(|given| (0.0..=1.0).contains(given));
        *share = given.ok_or(FaultError::Share { name: name.to_owned(), value: value.to_owned() })?;
        Ok(())
    }

    /// Whether the source sends everything once, in order and in time.
    pub fn none(&self) -> bool {
        self.shares().iter().all(|(_, share)| *share <= 0.0)
    }

    fn shares(&self) -> [(&'static str, f64); 6] {
        self.clone().shares_mut().map(|(name, share)| (name, *share))
    }

    fn shares_mut(&mut self) -> [(&'static str, &mut f64); 6] {
        [
            ("resend", &mut self.resend),
            ("lose", &mut self.lose),
            ("late", &mut self.late),
            ("reorder", &mut self.reorder),
            ("burst", &mut self.burst),
            ("poison", &mut self.poison),
        ]
    }
}

impl FromStr for SourceFaults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        SourceFaults::parse(text)
    }
}

/// What [`SourceFaults::parse`] reads; `none` without faults.
impl fmt::Display for SourceFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = self.shares().into_iter().filter(|(_, share)| *share > 0.0);
        let mut parts: Vec<String> = shares.map(|(name, share)| format!("{name}={share}")).collect();
        if self.late > 0.0 && self.late_ms != SourceFaults::default().late_ms {
            parts.push(format!("late_ms={}", self.late_ms));
        }
        f.pad(if parts.is_empty() { "none".to_owned() } else { parts.join(",") }.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_back() {
        for text in ["none", "late=0.01,late_ms=500", "resend=0.001,lose=1,poison=0.25"] {
            assert_eq!(text.parse::<SourceFaults>().map(|faults| faults.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(SourceFaults::parse(" late = 0.5 ,"), SourceFaults::parse("late=0.5"));
        assert_eq!(SourceFaults::parse(""), Ok(SourceFaults::default()));
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is() {
        let say = |text| SourceFaults::parse(text).map_or_else(|error| error.to_string(), |_| String::new());
        assert!(say("latte=0.1").ends_with("resend, lose, late, late_ms, reorder, burst, poison"));
        assert!(say("late").contains("late=0.01"));
        for text in ["late=2", "late=-1", "late=NaN", "late=x", "late_ms=0", "late_ms=1.5"] {
            assert!(!say(text).is_empty(), "{text}");
        }
    }
}
