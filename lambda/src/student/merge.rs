//! Merges that people write for views whose halves are more than two numbers to be added.

/// A wrong merge, each of one view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WrongMerge {
    /// Two counts of distinct members are added.
    Distinct,
    /// Two lists of the first ten are joined, and nothing else is looked at.
    Top,
    /// Two medians are weighed by their counts.
    Median,
    /// Each half is filtered before they are added.
    Having,
    /// The better of two extremes, although the batch's may have been taken back.
    Extreme,
    /// The speed layer's last if it has one, with the change that one half knows.
    Last,
    /// Two means are averaged.
    Mean,
}

impl WrongMerge {
    /// Every one.
    pub const ALL: [WrongMerge; 7] = [
        WrongMerge::Distinct,
        WrongMerge::Top,
        WrongMerge::Median,
        WrongMerge::Having,
        WrongMerge::Extreme,
        WrongMerge::Last,
        WrongMerge::Mean,
    ];

    /// The workload and the view that it is wrong for.
    pub fn view(self) -> (&'static str, &'static str) {
        match self {
            WrongMerge::Distinct => ("orders", "customers_per_day"),
            WrongMerge::Top => ("orders", "top_customers"),
            WrongMerge::Median => ("orders", "median_order"),
            WrongMerge::Having => ("orders", "big_spenders"),
            WrongMerge::Extreme => ("trades", "range"),
            WrongMerge::Last => ("trades", "last"),
            WrongMerge::Mean => ("trades", "mean"),
        }
    }
}
