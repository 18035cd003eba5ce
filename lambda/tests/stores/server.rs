//! A private PostgreSQL server in a folder of its own, reached over a socket there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A server that ends with this.
pub(crate) struct Server {
    dir: TempDir,
    bin: PathBuf,
}

impl Server {
    /// Starts one; nothing where PostgreSQL is not installed, unless this runs for the project's own checks.
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = installed() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL is not installed");
            eprintln!("skipped: PostgreSQL is not installed");
            return None;
        };
        let server = Server { dir: tempfile::tempdir().unwrap(), bin };
        if root() {
            check(&Command::new("chown").arg("postgres").arg(server.dir.path()).output().unwrap());
        }
        let data = server.data();
        server.run("initdb", &["-A", "trust", "-U", "postgres", "--no-sync", "-D", &data]);
        server.up();
        Some(server)
    }

    /// What a client is told.
    pub(crate) fn address(&self) -> String {
        format!("host={} user=postgres dbname=postgres", self.dir.path().display())
    }

    /// Starts it, or starts it again.
    pub(crate) fn up(&self) {
        let options = format!("-k {} -c listen_addresses='' -c fsync=off", self.dir.path().display());
        let log = self.dir.path().join("log").display().to_string();
        self.run("pg_ctl", &["-w", "-D", &self.data(), "-l", &log, "-o", &options, "start"]);
    }

    /// Stops it at once, whatever it is doing.
    pub(crate) fn down(&self) {
        self.run("pg_ctl", &["-w", "-D", &self.data(), "-m", "immediate", "stop"]);
    }

    /// Stops all of its processes where they are, or lets them go on.
    pub(crate) fn hang(&self, stop: bool) {
        let file = std::fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).unwrap();
        let first = file.lines().next().unwrap().to_owned();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &first]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let signal = if stop { "-STOP" } else { "-CONT" };
        for process in std::iter::once(first.as_str()).chain(children.split_whitespace()) {
            let done = Command::new("kill").args([signal, process]).output().unwrap();
            // The one that served a client may have ended with it since.
            let gone = process != first && String::from_utf8_lossy(&done.stderr).contains("No such process");
            assert!(done.status.success() || gone, "{done:?}");
        }
    }

    fn data(&self) -> String {
        self.dir.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.bin.join(program);
        // The server refuses to run as root.
        let mut command = if root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // What it starts must not hold on to a pipe of this.
        let output = self.dir.path().join("output");
        let file = || std::fs::File::create(&output).unwrap();
        let status = command.args(arguments).current_dir("/").stdout(file()).stderr(file()).status().unwrap();
        assert!(status.success(), "{command:?}: {}", std::fs::read_to_string(&output).unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            // One that hangs ends as little as it answers.
            self.hang(false);
            self.down();
        }
    }
}

fn check(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

fn root() -> bool {
    String::from_utf8_lossy(&Command::new("id").arg("-u").output().unwrap().stdout).trim() == "0"
}

/// The folder with the server's programs.
fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}
