//! `wb runs`: the runs on this disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};

use super::print::{self, Format, Value};
use crate::driver::manifest;
use crate::driver::record::size;
use crate::report;

/// What to do with them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  wb runs list\n  wb runs rm runs/2026-07-21-default")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Their size and what they found
    List {
        /// Folder that holds them
        #[arg(long, value_name = "DIR", default_value = "runs")]
        folder: PathBuf,
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Remove some
    Rm {
        /// Run folders
        #[arg(required = true, value_name = "DIR")]
        folders: Vec<PathBuf>,
    },
}

impl Arguments {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.what {
            What::List { folder, format } => list(&folder, format)?,
            What::Rm { folders } => folders.iter().try_for_each(|folder| remove(folder))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(folder: &Path, format: Format) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder);
    let entries =
        entries.with_context(|| format!("no runs in {}: make one with `wb compare`", folder.display()))?;
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| is_run(path)).collect();
    folders.sort();
    let row = |folder: &PathBuf| {
        let found =
            report::find(folder).map_or_else(|_| "not measured".to_owned(), |finding| finding.headline());
        let found = match manifest::state(folder).warning() {
            Some(warning) => format!("{warning}; {found}"),
            None => found,
        };
        let megabytes = size(folder) as f64 / 1e6;
        vec![Value::from(folder.display().to_string()), Value::Number(megabytes, 1), Value::from(found)]
    };
    print::rows(format, &["run", "MB", "finding"], &folders.iter().map(row).collect::<Vec<_>>())
}

/// Only what is a run folder is removed.
fn remove(folder: &Path) -> anyhow::Result<()> {
    ensure!(is_run(folder), "{} is no run folder: it has no plan.toml", folder.display());
    fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    eprintln!("removed {}", folder.display());
    Ok(())
}

fn is_run(folder: &Path) -> bool {
    folder.join("plan.toml").is_file() && folder.join("manifest.json").is_file()
}
