//! The rules of sensors, from scratch for every version, as RULES.md says them.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use workloads::{Event, Origin, Record, Rows, SensorEvent, Terms, sensors};

use crate::Rules;

pub(crate) const RULES: Rules =
    Rules { workload: &sensors::SENSORS, event, rows, waiting: |_| 0, refused: |_, _| 0 };

/// A region's seconds, each a sum and a number.
type Seconds = BTreeMap<i64, (i128, i128)>;

fn event(dice: &mut ChaCha8Rng, _origins: &[Origin]) -> Event {
    // Near the thresholds, so that states change often; and far away now and then.
    let readings = [28, 29, 30, 31, 31, 32, 20, 45, -10];
    let far = dice.random_bool(0.1);
    Event::Sensor(SensorEvent {
        region: ["north", "south of it"][dice.random_range(0..2)].into(),
        reading: readings[dice.random_range(0..readings.len())],
        time: if far { dice.random_range(-300_000..600_000) } else { dice.random_range(-10_000..30_000) },
    })
}

fn printed(second: i64) -> String {
    let (day, rest) = if second < 0 { ("1969-12-31", second + 86_400) } else { ("1970-01-01", second) };
    format!("{day}T{:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}

fn rows(view: &str, all: &[&Record], _terms: &Terms) -> Rows {
    let mut regions: BTreeMap<&str, Seconds> = BTreeMap::new();
    for record in all {
        let Event::Sensor(event) = &record.event else { unreachable!("only readings are generated") };
        let seconds = regions.entry(&event.region).or_default();
        let second = seconds.entry(event.time.div_euclid(1_000)).or_default();
        *second = (second.0 + i128::from(event.reading), second.1 + 1);
    }
    regions.iter().flat_map(|(region, seconds)| of(view, region, seconds)).collect()
}

/// Sum and number of the ten seconds that end with one.
fn span(seconds: &Seconds, end: i64) -> (i128, i128) {
    let within = seconds.iter().filter(|(at, _)| (end - 9..=end).contains(*at));
    within.fold((0, 0), |sum, (_, more)| (sum.0 + more.0, sum.1 + more.1))
}

fn of(view: &str, region: &str, seconds: &Seconds) -> Vec<(String, Vec<i128>)> {
    let row = |(sum, count): (i128, i128)| vec![sum, count];
    let dated = |at: i64| format!("{region} {}", printed(at));
    match view {
        "average" => {
            let sum = seconds.values().fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1));
            vec![(region.to_owned(), row(sum))]
        }
        "recent" => {
            let newest = *seconds.keys().max().expect("a region with a reading has a second");
            vec![(region.to_owned(), row(span(seconds, newest)))]
        }
        "seconds" => seconds.iter().map(|(at, second)| (dated(*at), row(*second))).collect(),
        _ => {
            let (mut alerts, mut stands) = (Vec::new(), false);
            for at in seconds.keys() {
                let (sum, count) = span(seconds, *at);
                if !stands && sum > 30 * count {
                    stands = true;
                    alerts.push((dated(*at), row((sum, count))));
                } else if stands && sum < 29 * count {
                    stands = false;
                }
            }
            alerts
        }
    }
}
