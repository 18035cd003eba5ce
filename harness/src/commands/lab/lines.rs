//! Standard input line by line, read by a thread, so that a lab can do something else while nobody types.

use std::io::BufRead;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// Lines that may wait.
pub(super) const WAITING: usize = 1000;

/// The lines; the thread ends with the input, or with whoever takes them.
pub(super) fn stdin() -> Receiver<String> {
    let (give, take) = sync_channel(WAITING);
    thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        while matches!(input.read_until(b'\n', &mut line), Ok(1..)) {
            // Somebody's text in another encoding is shown as far as it goes.
            if give.send(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    take
}
