//! A contestant that follows a lab's log in this thread.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Log, Query, Rows, Version};

use super::super::World;
use crate::contestants::{Component, Contestant, Now, Part, Role, Settings};

/// How long a contestant may take to catch up. A broker that is killed holds things up for some ten seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// The log that one role follows rather than everybody's.
type Other = Option<(Role, Arc<dyn Log>)>;

/// All components of a contestant, stepped by turns.
pub(super) struct Follower {
    name: &'static str,
    log: Arc<dyn Log>,
    /// What one role follows instead.
    other: Other,
    disk: SharedDisk,
    settings: Settings,
    components: Vec<(&'static Part, Box<dyn Component>)>,
    /// What its components are told the time is; the world's if nothing.
    now: Option<Now>,
}

impl Follower {
    /// Starts it from the beginning of a log, or where the folder of its settings says that it was.
    pub(super) fn start(
        contestant: &'static Contestant,
        log: Arc<dyn Log>,
        settings: Settings,
    ) -> anyhow::Result<Follower> {
        Follower::apart(contestant, (log, None), settings)
    }

    /// The same with one role on another log.
    pub(super) fn apart(
        contestant: &'static Contestant,
        (log, other): (Arc<dyn Log>, Other),
        settings: Settings,
    ) -> anyhow::Result<Follower> {
        let disk: SharedDisk = Arc::new(RealDisk);
        workloads::files::make_dir(disk.as_ref(), &settings.state)
            .context("making a folder for the contestant")?;
        let (name, components, now) = (contestant.name, Vec::new(), None);
        let mut follower = Follower { name, log, other, disk, settings, components, now };
        contestant.parts.iter().try_for_each(|part| follower.begin(part))?;
        Ok(follower)
    }

    fn begin(&mut self, part: &'static Part) -> anyhow::Result<()> {
        let other = self.other.as_ref().filter(|(role, _)| *role == part.role);
        let log = other.map_or(&self.log, |(_, log)| log);
        let component = (part.start)(Arc::clone(log), &self.disk, &self.settings);
        self.components.push((part, component.with_context(|| format!("starting {}", part.name))?));
        Ok(())
    }

    /// Ends the components of a role as a crash would, and starts them again.
    pub(super) fn restart(&mut self, role: Role) -> anyhow::Result<()> {
        // The old ones must be gone before the new ones take over their files.
        let ended: Vec<&'static Part> =
            self.components.extract_if(.., |(part, _)| part.role == role).map(|(part, _)| part).collect();
        ended.into_iter().try_for_each(|part| self.begin(part))
    }

    /// From now on its components are told that it is this time, until they are told another.
    pub(super) fn tell(&mut self, now: Now) {
        self.now = Some(now);
    }

    /// Each component does something once; false if none had anything to do.
    pub(super) fn turn(&mut self, world: &World) -> anyhow::Result<bool> {
        let now = self.now.unwrap_or_else(|| world.clock.now());
        let mut busy = false;
        for (_, component) in &mut self.components {
            busy |= component.step(now)?;
        }
        Ok(busy)
    }

    /// Goes on until it has taken in everything below these offsets.
    pub(super) fn reach(&mut self, heads: &Version, world: &World) -> anyhow::Result<()> {
        self.until(Role::Serve, heads, world)
    }

    /// Goes on until the components of a role have.
    pub(super) fn until(&mut self, role: Role, heads: &Version, world: &World) -> anyhow::Result<()> {
        let began = world.clock.micros();
        loop {
            world.stop.check()?;
            let busy = self.turn(world)?;
            if self.version(role).is_some_and(|reached| reached.covers(heads)) {
                return Ok(());
            }
            if !busy {
                let (name, waited) = (&self.name, world.clock.micros() - began);
                anyhow::ensure!(
                    waited < PATIENCE.as_micros() as i64,
                    "{name} has not reached {heads} in {PATIENCE:?}"
                );
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// How far the component of a role has come.
    pub(super) fn version(&self, role: Role) -> Option<Version> {
        self.components.iter().find(|(part, _)| part.role == role)?.1.version()
    }

    /// Every row of a view as it is now.
    pub(super) fn rows(&mut self, view: &str) -> anyhow::Result<Rows> {
        let query = Query { view: view.to_owned(), key: None };
        let serving = self.components.iter_mut().find(|(part, _)| part.role == Role::Serve);
        let answer = serving.context("no component answers reads")?.1.read(&[query])?;
        Ok(answer.rows.into_iter().next().unwrap_or_default())
    }

    /// Records that it has set aside because they could not be decoded.
    pub(super) fn dead(&self) -> u64 {
        self.components.iter().map(|(_, component)| component.dead()).max().unwrap_or(0)
    }
}
