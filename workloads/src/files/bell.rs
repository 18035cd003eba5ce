//! Wakes whoever waits for others to write.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

/// Rings, and can be read, when somebody has written to one of some files since it was silenced. It may ring without need.
pub struct Bell(Inotify);

impl Bell {
    /// Of files that are there.
    pub(super) fn on<'a>(files: impl IntoIterator<Item = &'a Path>) -> io::Result<Self> {
        let watched = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        for file in files {
            watched.add_watch(file, AddWatchFlags::IN_MODIFY)?;
        }
        Ok(Bell(watched))
    }

    /// Silences it.
    pub fn silence(&self) {
        while self.0.read_events().is_ok_and(|events| !events.is_empty()) {}
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    fn rings(bell: &Bell) -> bool {
        let mut fds = [PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).unwrap() > 0
    }

    #[test]
    fn it_rings_from_a_write_to_any_of_its_files_until_it_is_silenced() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["one", "other", "third"].map(|name| folder.path().join(name));
        files.iter().for_each(|file| fs::write(file, "").unwrap());
        let bell = Bell::on(files[..2].iter().map(PathBuf::as_path)).unwrap();
        assert!(!rings(&bell));
        fs::write(&files[2], "not one of them").unwrap();
        assert!(!rings(&bell));
        for file in &files[..2] {
            (0..1_000).for_each(|_| fs::write(file, "more").unwrap());
            assert!(rings(&bell));
            bell.silence();
            assert!(!rings(&bell));
        }
        assert!(Bell::on([folder.path().join("nobody").as_path()]).is_err());
    }
}
