//! Why a message is no order, in the language of whoever reads.

use super::totals::printable;
use crate::lang::{Lang, context};

/// How reasons end, and the message that says the same of what stands before.
const ENDINGS: &[(&str, &str)] = &[
    (" is missing", "orders.is-missing"),
    (" is not a number", "orders.is-no-number"),
    (" has more than 2 decimals", "orders.is-too-fine"),
    (" does not fit in 64 bits", "orders.is-too-large"),
    (" is not a string", "orders.is-no-string"),
    (" is not MAD", "orders.is-other-money"),
    ("not a JSON object", "orders.is-no-object"),
    ("not UTF-8", "orders.is-no-text"),
];

/// How a reason begins that goes on with what a parser found.
const PARSER: &str = "not a message: ";

/// The reason as the reader's language has it; as it stands if it is a rare one.
pub(super) fn said(lang: Lang, reason: &str) -> String {
    if let Some(found) = reason.strip_prefix(PARSER) {
        return lang.say("orders.is-no-message", context! { found => printable(found) });
    }
    let known = ENDINGS.iter().find_map(|(ending, key)| Some((reason.strip_suffix(ending)?, key)));
    known.map_or_else(|| printable(reason), |(what, key)| lang.say(key, context! { what => printable(what) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_said_in_both_languages() {
        let reason = r#"amount "abc" is not a number"#;
        assert_eq!(said(Lang::En, reason), reason);
        assert_eq!(said(Lang::Fr, reason), r#"amount "abc" n'est pas un nombre"#);
        assert_eq!(
            said(Lang::Fr, "type 3 is not order, cancel or correct"),
            "type 3 is not order, cancel or correct"
        );
    }
}
