//! The files of SQL, and what they leave open put in.

use workloads::{Dedup, Terms, Version};

/// Every file, by its path.
static TEXTS: &[(&str, &str)] = &[
    ("orders/archive", include_str!("../orders/archive.sql")),
    ("orders/big_spenders", include_str!("../orders/big_spenders.sql")),
    ("orders/customers_per_day", include_str!("../orders/customers_per_day.sql")),
    ("orders/decided", include_str!("../orders/decided.sql")),
    ("orders/in_force", include_str!("../orders/in_force.sql")),
    ("orders/large_orders", include_str!("../orders/large_orders.sql")),
    ("orders/median_order", include_str!("../orders/median_order.sql")),
    ("orders/records_by_content", include_str!("../orders/records_by_content.sql")),
    ("orders/revenue", include_str!("../orders/revenue.sql")),
    ("orders/spend", include_str!("../orders/spend.sql")),
    ("orders/top_customers", include_str!("../orders/top_customers.sql")),
    ("records_by_origin", include_str!("../records_by_origin.sql")),
    ("repeated_by_origin", include_str!("../repeated_by_origin.sql")),
    ("sensors/alerts", include_str!("../sensors/alerts.sql")),
    ("sensors/archive", include_str!("../sensors/archive.sql")),
    ("sensors/average", include_str!("../sensors/average.sql")),
    ("sensors/recent", include_str!("../sensors/recent.sql")),
    ("sensors/records_by_content", include_str!("../sensors/records_by_content.sql")),
    ("sensors/seconds", include_str!("../sensors/seconds.sql")),
    ("trades/archive", include_str!("../trades/archive.sql")),
    ("trades/decided", include_str!("../trades/decided.sql")),
    ("trades/in_force", include_str!("../trades/in_force.sql")),
    ("trades/last", include_str!("../trades/last.sql")),
    ("trades/latest", include_str!("../trades/latest.sql")),
    ("trades/mean", include_str!("../trades/mean.sql")),
    ("trades/nearest", include_str!("../trades/nearest.sql")),
    ("trades/range", include_str!("../trades/range.sql")),
    ("trades/records_by_content", include_str!("../trades/records_by_content.sql")),
    ("trades/volume", include_str!("../trades/volume.sql")),
    ("trades/volume_hour", include_str!("../trades/volume_hour.sql")),
    ("trades/vwap", include_str!("../trades/vwap.sql")),
    ("transfers/archive", include_str!("../transfers/archive.sql")),
    ("transfers/balance", include_str!("../transfers/balance.sql")),
    ("transfers/credits", include_str!("../transfers/credits.sql")),
    ("transfers/debits", include_str!("../transfers/debits.sql")),
    ("transfers/records_by_content", include_str!("../transfers/records_by_content.sql")),
    ("transfers/total", include_str!("../transfers/total.sql")),
    ("words/archive", include_str!("../words/archive.sql")),
    ("words/records_by_content", include_str!("../words/records_by_content.sql")),
    ("words/totals", include_str!("../words/totals.sql")),
    ("words/windows", include_str!("../words/windows.sql")),
];

/// What the files leave open.
pub struct Blanks<'a> {
    /// The terms.
    pub terms: &'a Terms,
    /// What is asked of, if not all that the files hold.
    pub below: Option<&'a Version>,
    /// How many of the lowest and highest prices of a day.
    pub nearest: usize,
    /// How many of the latest trades of a symbol at one price.
    pub latest: usize,
}

/// The file at a path such as `orders/spend`, filled in for DataFusion; none if there is no such file.
pub fn text(path: &str, blanks: &Blanks<'_>) -> Option<String> {
    let (_, text) = TEXTS.iter().find(|(known, _)| *known == path)?;
    // No difference of two times is longer than this.
    let horizon = blanks.terms.cancel_horizon.map_or("9".repeat(20), |horizon| horizon.to_string());
    let fills = [
        (":files", "files".to_owned()),
        (":time_ms", "CAST(\"time\" AS BIGINT)".to_owned()),
        (":below", blanks.below.map_or("TRUE".to_owned(), below)),
        (":horizon", horizon),
        (":big_above", blanks.terms.big_above.to_string()),
        (":large_from", blanks.terms.large_from.to_string()),
        (":nearest", blanks.nearest.to_string()),
        (":latest", blanks.latest.to_string()),
    ];
    Some(fills.iter().fold((*text).to_owned(), |text, (blank, fill)| text.replace(blank, fill)))
}

/// The file that recognises duplicates; none where the archive's offsets are enough.
#[cfg_attr(not(feature = "sql"), expect(dead_code, reason = "only an engine asks"))]
pub(crate) fn records(workload: &str, dedup: Dedup) -> Option<String> {
    match dedup {
        Dedup::None | Dedup::Offset => None,
        Dedup::Origin => Some("records_by_origin".to_owned()),
        Dedup::Content => Some(format!("{workload}/records_by_content")),
    }
}

fn below(version: &Version) -> String {
    let each = version.0.iter().enumerate();
    let each = each.map(|(partition, offset)| format!("(partition = {partition} AND \"offset\" < {offset})"));
    each.collect::<Vec<_>>().join(" OR ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_open() {
        let version = Version(vec![3, 4]);
        for below in [None, Some(&version)] {
            let blanks = Blanks { terms: &Terms::default(), below, nearest: 8, latest: 16 };
            for (path, _) in TEXTS {
                let text = text(path, &blanks).unwrap();
                let code =
                    text.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<String>();
                assert!(!code.contains(':'), "{path}: {text}");
            }
        }
    }

    #[test]
    fn every_view_of_every_workload_has_a_file() {
        let blanks = Blanks { terms: &Terms::default(), below: None, nearest: 8, latest: 16 };
        for workload in workloads::WORKLOADS {
            for view in workload.views {
                let path = format!("{}/{}", workload.name, view.name);
                assert!(text(&path, &blanks).is_some(), "{path}");
            }
        }
    }
}
