//! Words are said; how often was each, in all and in every two seconds?

use crate::calendar::Unit;
use crate::event::Millis;
use crate::view::{MergeClass, View};
use crate::{Event, Workload};

mod generate;
mod oracle;

/// The workload.
pub static WORDS: Workload = Workload {
    name: "words",
    about: "Words are counted, in all and in windows. Nothing is ever taken back: the easiest sums there are.",
    views: VIEWS,
    generate: generate::generate,
    truth: oracle::truth,
    keys,
};

/// Seconds of a window.
pub const WINDOW: i64 = 2;

/// The second with which the window begins that holds `time`.
pub fn window_of(time: Millis) -> i64 {
    Unit::Second.of(time).div_euclid(WINDOW) * WINDOW
}

/// The questions asked of words. A window is printed by its first second: `WORD YYYY-MM-DDTHH:MM:SS`.
pub static VIEWS: &[View] = &[
    View {
        name: "totals",
        about: "How often each word was said.",
        key: "word",
        columns: &["count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "windows",
        about: "How often each word was said in each window of two seconds.",
        key: "word and second",
        columns: &["count"],
        merge: MergeClass::Sum,
    },
];

fn keys(view: &View, event: &Event, each: &mut dyn FnMut(String)) {
    let Event::Word(event) = event else { return };
    each(match view.name {
        "windows" => Unit::Second.key(&event.word, window_of(event.time)),
        _ => event.word.to_string(),
    });
}
