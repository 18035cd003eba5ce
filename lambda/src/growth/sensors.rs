//! A publication about sensors that grows.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use workloads::{Name, Record, Terms};

use super::{Grown, Grows};
use crate::batch::sensors::{Answers, Second, Sums};
use crate::error::LambdaError;
use crate::layers::Sensors;
use crate::publication::sensors::{Readings, SensorsBase, files};
use crate::serving::sensors::alerts;
use crate::speed::sensors::{Changes, Partial};

impl Grows<Sensors> for Sensors {
    type Index = ();

    fn index((): &mut (), _: &Changes, _: &Record) {}

    fn grow(
        _: &Terms,
        base: &SensorsBase,
        state: &Changes,
        (): (),
    ) -> Result<Result<Grown, &'static str>, LambdaError> {
        let all = state.partial("alerts", None, None);
        let mut names: Vec<Name> = base.names().all().collect();
        names.extend(all.regions.keys().filter(|name| base.names().rank(name).is_none()).cloned());
        let mut answers = Answers::default();
        for (number, name) in (0..).zip(&names) {
            let before = base.names().rank(name).and_then(|rank| base.region(rank)).unwrap_or_default();
            let more = all.regions.get(name).map(|added| [added.all.sum, added.all.count.into()]);
            answers.regions.push(sums(add(before, more.unwrap_or_default())));
            answers.seconds.extend(region(base, &all, number, name));
        }
        Ok(Ok(Grown { files: files(&names, &answers), kept: Vec::new() }))
    }
}

/// The seconds of a region, in their order.
fn region(
    base: &SensorsBase,
    all: &Partial,
    number: u32,
    name: &Name,
) -> impl Iterator<Item = Second> + use<> {
    let rank = base.names().rank(name);
    let mut seconds: BTreeMap<i64, (Readings, bool)> = BTreeMap::new();
    let batched = rank.into_iter().flat_map(|rank| base.seconds(rank, i64::MIN));
    seconds.extend(batched.map(|row| (row.second, (row.own, row.standing))));
    for (second, more) in all.regions.get(name).into_iter().flat_map(|added| &added.seconds) {
        let own = &mut seconds.entry(*second).or_default().0;
        *own = add(*own, [more.sum, more.count.into()]);
    }
    let mut after = |second: i64, standing: bool| seconds.entry(second).or_default().1 = standing;
    let raised: HashMap<i64, Readings> = alerts(base, all, name, i64::MAX, &mut after).into_iter().collect();
    seconds.into_iter().map(move |(second, (own, standing))| {
        let raised = raised.get(&second).copied().map(sums);
        Second { region: number, second, own: sums(own), standing, raised }
    })
}

fn add(one: Readings, more: Readings) -> Readings {
    [one[0] + more[0], one[1] + more[1]]
}

fn sums([sum, count]: Readings) -> Sums {
    Sums { sum, count: count as u64 }
}
