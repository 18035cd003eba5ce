//! Where frames hang for whoever looks: the newest only, so that nobody who looks away holds anything up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;
use workloads::Query;

/// Questions that one page may have.
pub const QUESTIONS: usize = 16;

/// Questions of all pages together.
const ALL: usize = 256;

/// The newest frame.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Running number; 0 before the first.
    pub number: u64,
    /// The frame as JSON.
    pub frame: Arc<str>,
    /// The rows as JSON, by question.
    pub lines: Arc<HashMap<Query, String>>,
}

/// Where frames hang. Clones are the same board.
#[derive(Clone, Default)]
pub struct Board {
    shared: Arc<(Mutex<Inside>, Condvar)>,
}

#[derive(Default)]
struct Inside {
    shown: Shown,
    /// What each page asks.
    asked: HashMap<u64, Vec<Query>>,
    /// Number of the last page.
    pages: u64,
}

/// A page that looks. Its questions are forgotten with it.
pub struct Page {
    board: Board,
    number: u64,
    questions: Vec<Query>,
}

impl Board {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Whoever panicked had the newest frame in hand or not: either is whole.
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hangs the next frame.
    pub fn show(&self, frame: String, lines: HashMap<Query, String>) {
        let mut inside = self.inside();
        let number = inside.shown.number + 1;
        inside.shown = Shown { number, frame: frame.into(), lines: Arc::new(lines) };
        drop(inside);
        self.shared.1.notify_all();
    }

    /// Everything that some page asks.
    pub fn questions(&self) -> Vec<Query> {
        let inside = self.inside();
        let mut all: Vec<Query> = inside.asked.values().flatten().cloned().collect();
        drop(inside);
        all.sort_by(|one, other| (&one.view, &one.key).cmp(&(&other.view, &other.key)));
        all.dedup();
        all.truncate(ALL);
        all
    }

    /// How many pages look.
    pub fn pages(&self) -> usize {
        self.inside().asked.len()
    }

    /// One more page with these questions.
    pub fn look(&self, mut questions: Vec<Query>) -> Page {
        questions.truncate(QUESTIONS);
        let mut inside = self.inside();
        inside.pages += 1;
        let number = inside.pages;
        inside.asked.insert(number, questions.clone());
        Page { board: self.clone(), number, questions }
    }
}

impl Page {
    /// The newest frame if it is another than that, or nothing if none has come in that time.
    pub fn after(&self, number: u64, patience: Duration) -> Option<Shown> {
        let (_, changed) = &*self.board.shared;
        let inside = self.board.inside();
        let same = |inside: &mut Inside| inside.shown.number == number;
        let waited = changed.wait_timeout_while(inside, patience, same);
        let (inside, _) = waited.unwrap_or_else(PoisonError::into_inner);
        (inside.shown.number != number).then(|| inside.shown.clone())
    }

    /// The frame with the rows that this page asks for, as one line of JSON.
    pub fn text(&self, shown: &Shown) -> String {
        let lines: Vec<&str> =
            self.questions.iter().filter_map(|query| shown.lines.get(query).map(String::as_str)).collect();
        format!("{{\"now\":{},\"rows\":[{}]}}", shown.frame, lines.join(","))
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.board.inside().asked.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_sees_the_newest_frame_and_only_what_it_asks() {
        let board = Board::default();
        let query = |key: &str| Query { view: "spend".into(), key: Some(key.into()) };
        let page = board.look(vec![query("a")]);
        assert_eq!(board.questions(), [query("a")]);
        for frame in ["1", "2"] {
            let lines = [("a", "7"), ("b", "8")].map(|(key, row)| (query(key), row.to_owned()));
            board.show(frame.into(), HashMap::from_iter(lines));
        }
        let shown = page.after(0, Duration::ZERO).expect("a frame hangs there");
        assert_eq!(page.text(&shown), r#"{"now":2,"rows":[7]}"#);
        assert!(page.after(shown.number, Duration::ZERO).is_none());
        drop(page);
        assert!(board.questions().is_empty() && board.pages() == 0);
    }
}
