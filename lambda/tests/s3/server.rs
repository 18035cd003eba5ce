//! A private S3 server in a process of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A server that ends with this.
pub(crate) struct Server {
    dir: TempDir,
    address: String,
}

impl Server {
    /// Starts one; nothing where it is not installed, unless this runs for the project's own checks.
    pub(crate) fn start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut command = script();
        let output = command.arg("up").arg(dir.path()).stderr(Stdio::inherit()).output().unwrap();
        if output.status.code() == Some(3) {
            assert!(std::env::var_os("CI").is_none(), "the S3 server is not installed");
            eprintln!("skipped: the S3 server is not installed");
            return None;
        }
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        let address = said.trim().strip_prefix("archive = \"").unwrap().trim_end_matches('"').to_owned();
        Some(Server { dir, address })
    }

    /// Where `HOST:PORT` it listens.
    pub(crate) fn place(&self) -> &str {
        self.address.split_once("http://").unwrap().1.split_once('&').unwrap().0
    }

    /// The address of an archive of that name in its bucket, reached at `HOST:PORT`.
    pub(crate) fn address(&self, name: &str, place: &str) -> String {
        let address = self.address.replace(self.place(), place);
        address.replacen("workbench/archive", &format!("workbench/{name}"), 1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = script().arg("down").arg(self.dir.path()).status();
        assert!(ended.is_ok_and(|status| status.success()), "the S3 server did not end");
    }
}

fn script() -> Command {
    Command::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts/s3"))
}
