//! `wb report`: page, figures and summary of a measured run folder.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};

use super::print;
use crate::driver::manifest;
use crate::report;

/// Which run, and how to print its summary.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  wb report runs/mine\n  wb report runs/mine --format latex > table.tex")]
pub struct Arguments {
    /// Run folder
    #[arg(value_name = "DIR")]
    run: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// A file in which to replace what stands between the report's markers
    #[arg(long, value_name = "FILE")]
    splice: Option<PathBuf>,
}

/// How a summary is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading
    Table,
    /// With a header line
    Csv,
    /// One list of objects
    Json,
    /// A table in Markdown
    Markdown,
    /// A table in LaTeX
    Latex,
}

impl Arguments {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let run = &self.run;
        let measured = run.join("measurements.csv").is_file();
        let warning = manifest::state(run).warning().map_or(String::new(), |warning| format!(" ({warning})"));
        ensure!(measured, "{} is not measured{warning}: `wb measure {0}` first", run.display());
        report::write(run)?;
        let format = match self.format {
            Format::Table => report::Format::Table,
            Format::Csv => report::Format::Csv,
            Format::Json => report::Format::Json,
            Format::Markdown => report::Format::Markdown,
            Format::Latex => report::Format::Latex,
        };
        print::text(&report::summary(run, format)?)?;
        if let Some(file) = &self.splice {
            let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            let text = report::splice(&text, &report::summary(run, report::Format::Markdown)?)?;
            fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        }
        eprintln!("page: {}", run.join("report.html").display());
        Ok(ExitCode::SUCCESS)
    }
}
