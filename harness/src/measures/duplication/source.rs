//! Source files, and what their path says of them.

use include_dir::{Dir, include_dir};

/// Whose a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Lambda's.
    Lambda,
    /// Kappa's.
    Kappa,
    /// What every contestant's input goes through: codecs and intake.
    Shared,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Whose it is.
    pub owner: Owner,
    /// Where it lies below its crate's `src`, with forward slashes.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

impl Owner {
    /// The contestant's name.
    pub const fn name(self) -> &'static str {
        match self {
            Owner::Lambda => "lambda",
            Owner::Kappa => "kappa",
            Owner::Shared => "shared",
        }
    }

    /// Where its rules can stand.
    pub const fn places(self) -> &'static [&'static str] {
        match self {
            Owner::Lambda => &["batch", "speed", "serving"],
            Owner::Kappa => &["views"],
            Owner::Shared => &["shared"],
        }
    }
}

impl Source {
    /// The folder that it lies in, the first on its path; empty at the top.
    pub fn folder(&self) -> &str {
        self.path.split_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether it is business rules of that workload and nothing else: `batch/orders.rs` or below `batch/orders/`.
    pub fn logic_of(&self, workload: &str) -> bool {
        let Some((folder, rest)) = self.path.split_once('/') else {
            return false;
        };
        let named = rest == format!("{workload}.rs") || rest.starts_with(&format!("{workload}/"));
        self.owner.places().contains(&folder) && named
    }

    /// Whether it is business rules of any workload.
    pub fn is_logic(&self) -> bool {
        workloads::WORKLOADS.iter().any(|workload| self.logic_of(workload.name))
    }

    /// Whether it is a test and no more.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("tests/")
    }
}

static LAMBDA: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../lambda/src");
static KAPPA: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../kappa/src");
static WORKLOADS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../workloads/src");

/// The sources that this program was built from.
pub fn embedded() -> Vec<Source> {
    let mut all = Vec::new();
    for (owner, dir) in [(Owner::Lambda, &LAMBDA), (Owner::Kappa, &KAPPA), (Owner::Shared, &WORKLOADS)] {
        collect(owner, dir, &mut all);
    }
    all.retain(|file| {
        file.owner != Owner::Shared || ["codec", "intake"].iter().any(|way| file.path.starts_with(way))
    });
    all.sort_by(|a, b| (a.owner.name(), &a.path).cmp(&(b.owner.name(), &b.path)));
    all
}

/// Folders with numbered rules: a codec may carry out those of a workload that no contestant does yet.
pub(super) fn ruled() -> impl Iterator<Item = &'static str> {
    let ruled = WORKLOADS.dirs().filter(|dir| dir.get_file(dir.path().join("RULES.md")).is_some());
    ruled.filter_map(|dir| dir.path().to_str())
}

/// The numbered rules of a workload, as they stand in its folder.
pub(super) fn rules_text(workload: &str) -> &'static str {
    WORKLOADS
        .get_file(format!("{workload}/RULES.md"))
        .and_then(|file| file.contents_utf8())
        .unwrap_or_default()
}

fn collect(owner: Owner, dir: &Dir<'_>, all: &mut Vec<Source>) {
    for file in dir.files().filter(|file| file.path().extension().is_some_and(|ending| ending == "rs")) {
        let path = file.path().to_string_lossy().replace('\\', "/");
        let text = file.contents_utf8().unwrap_or_default().to_string();
        all.push(Source { owner, path, text });
    }
    for below in dir.dirs() {
        collect(owner, below, all);
    }
}
