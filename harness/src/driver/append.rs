//! The open-loop generator: hands every record to the log when it is due, whatever anybody does.

use workloads::log::{Appender, RawRecord};

use super::source::Schedule;
use super::stop::Stop;
use crate::clock::Clock;
use crate::observe::Arrival;

/// How often due records are handed over.
const TICK_US: i64 = 1000;

/// What the generator did.
#[derive(Clone, Debug, Default)]
pub struct Appended {
    /// What was handed over, in order.
    pub arrivals: Vec<Arrival>,
    /// How late each record was, in microseconds.
    pub late_us: Vec<i64>,
}

/// Appends the schedule. Ends early when asked to stop.
pub fn append(
    schedule: &Schedule,
    appender: &mut dyn Appender,
    partitions: u32,
    clock: &Clock,
    stop: &Stop,
) -> anyhow::Result<Appended> {
    let mut done = Appended::default();
    let mut waiting: Vec<Vec<RawRecord>> = vec![Vec::new(); partitions as usize];
    let mut next = 0;
    while next < schedule.due.len() && !stop.wanted() {
        let now = clock.micros();
        let until = next + schedule.due[next..].partition_point(|due| due.intended_us <= now);
        let appended = clock.millis();
        for due in &schedule.due[next..until] {
            waiting[due.partition as usize].push(RawRecord { appended, ..due.record.clone() });
            done.late_us.push(now - due.intended_us);
        }
        hand(appender, &waiting, clock, &mut done.arrivals)?;
        waiting.iter_mut().for_each(Vec::clear);
        next = until;
        clock.sleep_until((now / TICK_US + 1) * TICK_US);
    }
    Ok(done)
}

/// Hands over what waits for each partition, all of it at the same time.
fn hand(
    appender: &mut dyn Appender,
    waiting: &[Vec<RawRecord>],
    clock: &Clock,
    arrivals: &mut Vec<Arrival>,
) -> anyhow::Result<()> {
    let lanes = (0..).zip(waiting).filter(|(_, records)| !records.is_empty());
    let lanes: Vec<(u32, &[RawRecord])> =
        lanes.map(|(partition, records)| (partition, &records[..])).collect();
    let handed_us = clock.micros();
    appender.append_all(&lanes, &mut |partition, range| {
        let (first, count, acked_us) = (range.start, range.end - range.start, clock.micros());
        arrivals.push(Arrival { partition, first, count, handed_us, acked_us });
    })?;
    Ok(())
}
