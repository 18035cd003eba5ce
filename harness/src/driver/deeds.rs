//! What is done while the live part lasts: to components, and by commands of the plan around them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::vec::IntoIter;
use std::{iter::Peekable, mem};

use anyhow::{Context, ensure};
use nix::sys::signal::Signal;

use super::children::{Child, Children};
use crate::logs::{LogAddress, Lookup};
use crate::observe::Mark;
use crate::plan::{Deed, Disturbance};

/// What commands need to know.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The log, whose brokers may be named in them.
    pub place: &'a LogAddress,
    /// Where its secrets are found.
    pub lookup: Lookup,
    /// Where to keep what they say.
    pub folder: &'a Path,
}

/// What is still to be done, and what is under way.
pub struct Deeds<'a> {
    due: Peekable<IntoIter<Disturbance>>,
    under: Vec<Under>,
    around: &'a Around<'a>,
}

struct Under {
    deed: Disturbance,
    from_us: i64,
    until_us: i64,
    step: Step,
}

enum Step {
    Doing(Task),
    Done,
    Undoing(Task),
}

impl<'a> Deeds<'a> {
    /// In the order of their times.
    pub fn new(mut deeds: Vec<Disturbance>, around: &'a Around<'a>) -> Self {
        deeds.sort_by(|a, b| a.at.total_cmp(&b.at));
        Deeds { due: deeds.into_iter().peekable(), under: Vec::new(), around }
    }

    /// Whether something has to be undone yet.
    pub fn under_way(&self) -> bool {
        !self.under.is_empty()
    }

    /// Begins what is due.
    pub fn begin(&mut self, now: i64, children: &mut Children) -> anyhow::Result<()> {
        while let Some(mut deed) = self.due.next_if(|next| (next.at * 1e6) as i64 <= now) {
            let step = if deed.what == Deed::Command {
                (deed.command, deed.back) = self.around.named(&deed)?;
                Step::Doing(self.around.start(&deed.command)?)
            } else {
                let Some(child) = children.named(&deed.component) else { continue };
                match deed.what {
                    Deed::Kill => child.crash()?,
                    Deed::Pause | Deed::Command => child.signal(Signal::SIGSTOP),
                }
                Step::Done
            };
            self.under.push(Under { from_us: now, until_us: now + (deed.seconds * 1e6) as i64, step, deed });
        }
        Ok(())
    }

    /// Undoes what has lasted long enough. Gives a mark of all that is over.
    pub fn undo(&mut self, now: i64, children: &mut Children) -> anyhow::Result<Vec<Mark>> {
        let mut marks = Vec::new();
        for mut under in mem::take(&mut self.under) {
            match under.end(now, self.around, children)? {
                Some(mark) => marks.push(mark),
                None => self.under.push(under),
            }
        }
        Ok(marks)
    }
}

/// What was done around the components is undone though the run ends early.
impl Drop for Deeds<'_> {
    fn drop(&mut self) {
        for under in &mut self.under {
            if !under.deed.back.is_empty() && !matches!(under.step, Step::Undoing(_)) {
                under.step = Step::Done;
                // Nobody is left who could be told that it failed.
                let _ = self.around.start(&under.deed.back).and_then(|mut task| Ok(task.process.wait()?));
            }
        }
    }
}

impl Under {
    fn end(
        &mut self,
        now: i64,
        around: &Around<'_>,
        children: &mut Children,
    ) -> anyhow::Result<Option<Mark>> {
        let over = match &mut self.step {
            Step::Doing(task) | Step::Undoing(task) => task.over()?,
            Step::Done => true,
        };
        if matches!(self.step, Step::Undoing(_)) {
            return Ok(over.then(|| self.mark(now)));
        }
        if !over {
            return Ok(None);
        }
        self.step = Step::Done;
        if now < self.until_us {
            return Ok(None);
        }
        match self.deed.what {
            Deed::Command if self.deed.back.is_empty() => {}
            Deed::Command => {
                self.step = Step::Undoing(around.start(&self.deed.back)?);
                return Ok(None);
            }
            Deed::Pause => {
                if let Some(child) = children.named(&self.deed.component) {
                    child.signal(Signal::SIGCONT);
                }
            }
            Deed::Kill => children.named(&self.deed.component).map_or(Ok(()), Child::restart)?,
        }
        Ok(Some(self.mark(now)))
    }

    fn mark(&self, until_us: i64) -> Mark {
        let (what, detail) = (self.deed.what.name().to_owned(), self.deed.label().to_owned());
        Mark { from_us: self.from_us, until_us, what, detail }
    }
}

impl Around<'_> {
    /// The command and what undoes it, with the brokers that they name.
    fn named(&self, deed: &Disturbance) -> anyhow::Result<(String, String)> {
        let (command, back) = (&deed.command, &deed.back);
        if !["{leader}", "{others}"].iter().any(|name| command.contains(name) || back.contains(name)) {
            return Ok((command.clone(), back.clone()));
        }
        let (leader, others) = self.place.led(self.lookup)?;
        let name = |text: &str| text.replace("{leader}", &leader).replace("{others}", &others);
        Ok((name(command), name(back)))
    }

    fn start(&self, line: &str) -> anyhow::Result<Task> {
        let said = self.folder.join("commands.messages");
        let file = File::options().create(true).append(true).open(&said);
        let file = file.with_context(|| format!("opening {}", said.display()))?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).stdin(Stdio::null());
        command.stdout(file.try_clone().context("sharing a file of messages")?).stderr(file);
        let process = command.spawn().with_context(|| format!("running {line}"))?;
        Ok(Task { line: line.to_owned(), process, said })
    }
}

/// A command under way.
struct Task {
    line: String,
    process: process::Child,
    said: PathBuf,
}

impl Task {
    /// Whether it has ended; an error if it has failed.
    fn over(&mut self) -> anyhow::Result<bool> {
        let ended = self.process.try_wait().with_context(|| format!("waiting for {}", self.line))?;
        let Some(status) = ended else { return Ok(false) };
        let said = fs::read_to_string(&self.said).unwrap_or_default();
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        ensure!(status.success(), "disturbance `{}` failed, {status}: {last}", self.line);
        Ok(true)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn command(command: &str, back: &str) -> Disturbance {
        Disturbance {
            component: String::new(),
            what: Deed::Command,
            at: 1.0,
            seconds: 0.5,
            name: "a light is put out".into(),
            command: command.into(),
            back: back.into(),
        }
    }

    fn carried_out(deed: Disturbance, folder: &Path) -> anyhow::Result<Vec<Mark>> {
        let place = LogAddress::Folder(folder.join("log"));
        let around = Around { place: &place, lookup: |_| None, folder };
        let mut children = Children { all: Vec::new() };
        let mut deeds = Deeds::new(vec![deed], &around);
        deeds.begin(999_999, &mut children)?;
        assert!(!deeds.under_way());
        deeds.begin(1_000_000, &mut children)?;
        while deeds.under_way() {
            let marks = deeds.undo(1_500_000, &mut children)?;
            if !marks.is_empty() {
                return Ok(marks);
            }
        }
        unreachable!("every deed leaves a mark");
    }

    #[test]
    fn a_command_is_run_and_undone_and_leaves_one_mark() {
        let folder = tempfile::tempdir().unwrap();
        let light = folder.path().join("light");
        let (out, on) = (format!("touch {}", light.display()), format!("mv {0} {0}.on", light.display()));
        let marks = carried_out(command(&out, &on), folder.path()).unwrap();
        let mark = &marks[0];
        assert_eq!((mark.what.as_str(), mark.detail.as_str()), ("command", "a light is put out"));
        assert_eq!((mark.from_us, mark.until_us), (1_000_000, 1_500_000));
        assert!(folder.path().join("light.on").exists());
    }

    #[test]
    fn a_command_that_fails_ends_the_run_with_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let failed = carried_out(command("echo no such light >&2; exit 3", ""), folder.path()).unwrap_err();
        let said = failed.to_string();
        assert!(said.contains("no such light") && said.contains("exit 3"), "{said}");
    }

    #[test]
    fn what_was_done_is_undone_though_the_run_ends_early() {
        let folder = tempfile::tempdir().unwrap();
        let on = folder.path().join("on");
        let place = LogAddress::Folder(folder.path().join("log"));
        let around = Around { place: &place, lookup: |_| None, folder: folder.path() };
        let mut deeds = Deeds::new(vec![command("true", &format!("touch {}", on.display()))], &around);
        deeds.begin(1_000_000, &mut Children { all: Vec::new() }).unwrap();
        drop(deeds);
        assert!(on.exists());
    }
}
