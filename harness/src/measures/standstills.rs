//! How long the stream stood still around what was done to it, and whether all that was acknowledged is there once.

use std::collections::HashSet;

use super::cost::Number;
use super::number;
use crate::judge::Evidence;
use crate::judge::evidence::Stretch;
use crate::observe::Mark;

/// Until so long after it was over, a standstill belongs to what was done.
const AFTER_US: i64 = 5_000_000;

/// Something that was done, and how long nothing moved.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standstill<'a> {
    /// What was done.
    pub(super) mark: &'a Mark,
    /// The longest time in which no event was acknowledged.
    pub(super) acknowledged_us: i64,
    /// The longest time in which no new version could be read.
    pub(super) visible_us: i64,
}

/// One for everything that the plan did while events were sent.
pub(super) fn standstills(evidence: &Evidence) -> Vec<Standstill<'_>> {
    let acknowledged: Vec<i64> = evidence.arrivals.iter().map(|arrival| arrival.acked_us).collect();
    let visible: Vec<i64> = evidence.announced().map(|watched| watched.received_us).collect();
    let done = |mark: &&Mark| matches!(mark.what.as_str(), "pause" | "kill" | "command");
    let marks = evidence.marks.iter().filter(done);
    let all = marks.map(|mark| Standstill {
        mark,
        acknowledged_us: longest(&acknowledged, mark),
        visible_us: longest(&visible, mark),
    });
    all.collect()
}

/// The longest time between two moments that lies around a mark, in whole or in part.
fn longest(moments: &[i64], mark: &Mark) -> i64 {
    let around = |pair: &&[i64]| pair[1] > mark.from_us && pair[0] < mark.until_us + AFTER_US;
    moments.windows(2).filter(around).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
}

/// The longest of them, and what became of the events that were sent meanwhile; nothing where nothing was done.
pub(super) fn measure(evidence: &Evidence) -> anyhow::Result<Vec<Number>> {
    let all = standstills(evidence);
    let most = |of: fn(&Standstill<'_>) -> i64| all.iter().map(of).max();
    let (Some(acknowledged), Some(visible)) = (most(|it| it.acknowledged_us), most(|it| it.visible_us))
    else {
        return Ok(Vec::new());
    };
    let mut numbers = vec![
        number("standstill.acknowledged", "us", acknowledged as f64),
        number("standstill.visible", "us", visible as f64),
    ];
    // A source that resends or loses says nothing of what the log did.
    if evidence.run.clean_log.is_none() {
        numbers.extend(kept(evidence)?);
    }
    Ok(numbers)
}

fn kept(evidence: &Evidence) -> anyhow::Result<Vec<Number>> {
    let (from, heads) = (&evidence.run.live_from, evidence.log.heads()?);
    let live = Stretch::read(&*evidence.log, from, &heads)?;
    let acknowledged: u64 = evidence.arrivals.iter().map(|arrival| arrival.count).sum();
    let (mut seen, mut twice) = (HashSet::new(), 0);
    for origin in live.iter().filter_map(|record| record.origin) {
        twice += u64::from(!seen.insert(origin));
    }
    let logged = heads.total() - from.total();
    Ok(vec![
        number("events.acknowledged", "events", acknowledged as f64),
        number("events.logged", "events", logged as f64),
        number("events.twice", "events", twice as f64),
        number("events.lost", "events", acknowledged.saturating_sub(logged - twice) as f64),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_belongs_to_a_mark_that_it_touches_or_soon_follows() {
        let mark = |from_us, until_us| Mark { from_us, until_us, what: "kill".into(), detail: String::new() };
        let moments = [0, 1_000, 4_000_000, 4_001_000, 9_500_000, 9_501_000, 30_000_000];
        assert_eq!(longest(&moments, &mark(500_000, 600_000)), 5_499_000, "what follows soon is its own too");
        assert_eq!(longest(&moments, &mark(500_000, 500_000)), 5_499_000);
        assert_eq!(longest(&moments, &mark(9_500_500, 9_500_600)), 20_499_000);
        assert_eq!(longest(&moments[..2], &mark(5_000, 6_000)), 0, "nothing came after it");
    }
}
