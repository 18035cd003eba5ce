//! Processes that die and power that fails, wherever something is under way.

use std::collections::BTreeMap;
use std::path::Path;

use lambda::Batch;
use lambda::options::StoreKind;
use workloads::files::Disk;

use super::Rig;

/// How something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crash {
    /// A process dies: what it has written stays, synced or not.
    Kill,
    /// Everything ends, and what was not synced is lost, kept or torn.
    Power,
}

/// What was under way when it ended, and how often.
pub type Counts = BTreeMap<(&'static str, Crash), u64>;

/// Everything that can be under way.
pub const PLACES: [&str; 8] = [
    "archive",
    "batch",
    "publication",
    "old publications",
    "hand-over",
    "epoch retirement",
    "store",
    "list of runs",
];

impl Rig {
    /// Runs while something ends a few times.
    pub fn run_with_crashes(mut self, crashes: u64, counts: &mut Counts) {
        for _ in 0..crashes {
            let crash = [Crash::Kill, Crash::Power][self.dice.below(2) as usize];
            let place = match self.dice.below(10) {
                _ if self.case.options.store == StoreKind::Sqlite => self.while_storing(crash),
                0 | 1 => self.while_epochs_retire(crash),
                2 => self.while_publishing(crash, true),
                3 => self.while_publishing(crash, false),
                _ => self.while_writing(crash),
            };
            *counts.entry((place, crash)).or_default() += 1;
            self.come_back();
        }
        self.run();
    }

    /// Ends it in the middle of any write.
    fn while_writing(&mut self, crash: Crash) -> &'static str {
        self.disk.crash_after(self.dice.below(120));
        loop {
            self.maybe_append();
            let batch = self.dice.percent(50);
            if let Some(place) = self.caught(crash, batch) {
                return place;
            }
        }
    }

    /// Ends it in the step of the batch that publishes: at the first write after it has recomputed everything, or
    /// towards the end, when it clears away what is no longer kept.
    fn while_publishing(&mut self, crash: Crash, first: bool) -> &'static str {
        let mut writes = 0;
        loop {
            self.maybe_append();
            self.step_serving();
            let sealed = |rig: &Rig| rig.disk.read(Path::new("/state/archive/manifest.json")).ok();
            let (before, published, archived) = (self.disk.steps(), self.publications, sealed(self));
            self.step_batch();
            if self.publications > published {
                writes = self.disk.steps() - before;
            } else if sealed(self) != archived && (first || writes > 20) {
                // The next thing is to recompute and publish.
                self.disk.crash_after(if first { 0 } else { writes - 1 - self.dice.below(12) });
                if let Some(place) = self.caught(crash, true) {
                    return place;
                }
                // It wrote less this time.
                self.disk.revive();
            }
        }
    }

    /// One step with a crash ahead: what it was that it caught, if it came to that.
    fn caught(&mut self, crash: Crash, batch: bool) -> Option<&'static str> {
        let before = self.disk.steps();
        // With the power off nothing succeeds; with it on, everything must.
        let error = if batch { self.try_batch() } else { self.try_serving() }.err()?;
        assert!(self.disk.crashed(), "{error} in {:?}", self.case);
        let place = self.place(batch && self.disk.steps() == before + 1);
        self.end(crash, batch);
        Some(place)
    }

    fn maybe_append(&mut self) {
        if self.dice.percent(20) {
            self.append();
        }
    }

    /// Ends it at a moment from a publication on to when the epochs that it covers are let go.
    fn while_epochs_retire(&mut self, crash: Crash) -> &'static str {
        let published = self.publications;
        while self.publications < published + 1 {
            self.append();
            self.step_batch();
            self.step_serving();
        }
        for _ in 0..self.dice.below(25) {
            self.maybe_append();
            self.step_serving();
        }
        self.end(crash, false);
        "epoch retirement"
    }

    /// Ends it while the speed layer's half lies in a file of its own. What that leaves is taken before anybody can
    /// close it; without power any of it may be lost, for it is never synced.
    fn while_storing(&mut self, crash: Crash) -> &'static str {
        for _ in 0..10 + self.dice.below(30) {
            self.maybe_append();
            self.step_batch();
            self.step_serving();
        }
        let address = self.case.options.store_address.clone();
        let names = ["", "-wal", "-shm"].map(|more| format!("{address}{more}"));
        let left: Vec<_> = names.iter().filter_map(|name| Some((name, std::fs::read(name).ok()?))).collect();
        self.end(crash, false);
        for (name, mut bytes) in left {
            if crash == Crash::Power {
                bytes.truncate(self.dice.below(bytes.len() as u64 + 1) as usize);
                let sectors = bytes.chunks_mut(512).filter(|_| self.dice.percent(20));
                sectors.for_each(|sector| sector.fill(0));
            }
            std::fs::write(name, bytes).unwrap();
        }
        "store"
    }

    /// What was being written.
    fn place(&self, first: bool) -> &'static str {
        let (path, removes) = self.disk.caught().expect("something was caught");
        let within = |folder: &str| path.starts_with(Path::new("/state").join(folder));
        match () {
            () if within("archive") => "archive",
            () if within("cuts") => "hand-over",
            () if !within("views") => "list of runs",
            () if removes => "old publications",
            () if first => "batch",
            () => "publication",
        }
    }

    /// The end of the batch or of the serving process, now and then of both; without power always of both.
    fn end(&mut self, crash: Crash, batch: bool) {
        let both = crash == Crash::Power || self.dice.percent(30);
        if both || batch {
            self.batch = None;
        }
        if both || !batch {
            (self.serving, self.claimed) = (None, None);
        }
        match crash {
            Crash::Kill => self.disk.revive(),
            Crash::Power => self.disk = self.disk.surviving(),
        }
    }

    /// Nothing that was published is gone, and whoever reads meanwhile reads the truth.
    fn come_back(&mut self) {
        let published = self.published.clone();
        self.step_batch();
        let after = self.batch.as_ref().and_then(Batch::version);
        let kept = published.is_none_or(|published| after.is_some_and(|after| after.covers(&published)));
        assert!(kept, "a publication is gone in {:?}", self.case);
        for _ in 0..40 {
            match self.dice.below(8) {
                0 => self.append(),
                1 | 2 => drop(self.step_batch()),
                3..7 => drop(self.step_serving()),
                _ => self.read(),
            }
        }
    }
}
