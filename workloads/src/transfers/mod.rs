//! Money goes from account to account; what does each hold, and is anything lost?

use crate::view::{MergeClass, View};
use crate::{Event, Workload};

mod generate;
mod oracle;

/// The workload.
pub static TRANSFERS: Workload = Workload {
    name: "transfers",
    about: "Money goes from account to account, and the total is always 0: an answer that shows half a transfer shows it.",
    views: VIEWS,
    generate: generate::generate,
    truth: oracle::truth,
    keys,
};

/// The questions asked of transfers.
pub static VIEWS: &[View] = &[
    View {
        name: "credits",
        about: "What was transferred to each account, and how often.",
        key: "account",
        columns: &["sum", "count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "debits",
        about: "What was transferred from each account, and how often.",
        key: "account",
        columns: &["sum", "count"],
        merge: MergeClass::Sum,
    },
    View {
        name: "balance",
        about: "What each account holds: its credits less its debits.",
        key: "account",
        columns: &["balance"],
        merge: MergeClass::Sum,
    },
    View {
        name: "total",
        about: "What all accounts together hold, which is 0.",
        key: "all",
        columns: &["balance"],
        merge: MergeClass::Sum,
    },
];

fn keys(view: &View, event: &Event, each: &mut dyn FnMut(String)) {
    let Event::Transfer(transfer) = event else { return };
    match view.name {
        "credits" => each(transfer.to.to_string()),
        "debits" => each(transfer.from.to_string()),
        "balance" => {
            each(transfer.from.to_string());
            if transfer.to != transfer.from {
                each(transfer.to.to_string());
            }
        }
        _ => each("all".to_owned()),
    }
}
