//! The lab's folder, which the next run replaces, and nothing that is not the lab's.

use std::path::Path;

use anyhow::Context;
use workloads::files::{Disk, RealDisk, make_dir};

use super::super::super::Usage;

/// Says whose folder it is, and over which log.
const MARK: &str = "lab-trades.json";
/// What the lab makes there.
const PARTS: &[&str] = &["log", "lambda", "kappa", "parquet"];
/// The same, of files.
const FILES: &[&str] =
    &["rejects.jsonl", "speed_table.sqlite", "speed_table.sqlite-wal", "speed_table.sqlite-shm"];

/// Makes the folder ready. What an earlier run left there is removed, unless it was over the same log, which is gone on with.
pub(super) fn ready(folder: &Path, log: Option<&str>) -> anyhow::Result<()> {
    let mark = folder.join(MARK);
    let said = serde_json::to_string(&log)?;
    match std::fs::read_to_string(&mark) {
        Ok(before) if before == said && log.is_some() => return Ok(()),
        Ok(_) => clear(folder)?,
        Err(_) if holds_something(folder) => {
            return Err(Usage::error(format!(
                "{} holds something that is not this lab's: name another folder with --out",
                folder.display()
            )));
        }
        Err(_) => {}
    }
    make_dir(&RealDisk, folder).with_context(|| format!("making {}", folder.display()))?;
    let mut file = RealDisk.create(&mark).with_context(|| format!("making {}", mark.display()))?;
    file.append(said.as_bytes()).with_context(|| format!("writing {}", mark.display()))
}

fn holds_something(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

fn clear(folder: &Path) -> anyhow::Result<()> {
    for part in PARTS.iter().map(|part| folder.join(part)).filter(|part| part.exists()) {
        std::fs::remove_dir_all(&part).with_context(|| format!("removing {}", part.display()))?;
    }
    for file in FILES.iter().map(|file| folder.join(file)).filter(|file| file.exists()) {
        std::fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_run_left_goes_and_what_is_not_the_labs_stays() {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("lab");
        ready(&folder, None).expect("there is room");
        let (own, other) = (folder.join("parquet"), folder.join("thesis.txt"));
        std::fs::create_dir(&own).expect("there is room");
        std::fs::write(&other, "mine").expect("there is room");
        ready(&folder, Some("my.log")).expect("it is the lab's");
        assert!(!own.exists() && other.exists());
        std::fs::create_dir(&own).expect("there is room");
        ready(&folder, Some("my.log")).expect("it is gone on with");
        assert!(own.exists());
        let strange = outer.path().join("strange");
        std::fs::create_dir(&strange).expect("there is room");
        std::fs::write(strange.join("thesis.txt"), "mine").expect("there is room");
        let error = ready(&strange, None).expect_err("it is not the lab's");
        assert!(error.to_string().contains("--out"), "{error}");
    }
}
