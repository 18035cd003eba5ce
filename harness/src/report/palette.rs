//! Which colour stands for whom: safe for colour-blind readers, the same in every figure.

use plotters::style::RGBColor;

/// Text and axes. The page replaces it by its own ink, for dark screens.
pub(crate) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Labels of lesser weight.
pub(crate) const SOFT: RGBColor = RGBColor(0x6B, 0x6B, 0x6B);
/// Lines of a grid.
pub(crate) const GRID: RGBColor = RGBColor(0xDD, 0xDD, 0xDD);
/// Time in which a batch ran.
pub(crate) const BATCH: RGBColor = RGBColor(0x9A, 0x9A, 0x9A);
/// What a figure is drawn on when it stands alone.
pub(crate) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

const KAPPA: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const LAMBDA: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
const DARK_LAMBDA: RGBColor = RGBColor(0x9C, 0x45, 0x00);
const LIGHT_LAMBDA: RGBColor = RGBColor(0xF2, 0xA0, 0x66);
const SKY: RGBColor = RGBColor(0x56, 0xB4, 0xE9);
const ORANGE: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
const GREY: RGBColor = RGBColor(0x66, 0x66, 0x66);
const PALE: RGBColor = RGBColor(0xAA, 0xAA, 0xAA);

/// How a surface is filled, so that colour never says anything alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fill {
    /// Its colour.
    pub(crate) colour: RGBColor,
    /// Whether lines run across it.
    pub(crate) hatch: bool,
    /// Whether it has a border.
    pub(crate) border: bool,
}

impl Fill {
    /// Colour and nothing else.
    pub(crate) fn plain(colour: RGBColor) -> Self {
        Fill { colour, hatch: false, border: false }
    }
}

/// The colour of a contestant.
pub(crate) fn contestant(name: &str) -> RGBColor {
    match name {
        "kappa" => KAPPA,
        "lambda" => LAMBDA,
        "reference" => GREY,
        "noop" => PALE,
        _ if name.starts_with("kappa") => SKY,
        _ if name.starts_with("lambda") => ORANGE,
        _ => GREY,
    }
}

/// The fill of one part of a contestant: Lambda's batch is darker, its speed lighter.
pub(crate) fn part(contestant_name: &str, part: &str) -> Fill {
    let colour = match (contestant_name, part) {
        ("lambda", "batch") => DARK_LAMBDA,
        ("lambda", "speed") => LIGHT_LAMBDA,
        _ => contestant(contestant_name),
    };
    Fill { colour, hatch: part == "speed" || part == "plumbing", border: false }
}

/// The fill of a class of reads.
pub(crate) fn class(name: &str) -> Fill {
    let (colour, hatch, border) = match name {
        "current" => (RGBColor(0x00, 0x9E, 0x73), false, false),
        "stale" => (RGBColor(0xF0, 0xE4, 0x42), true, false),
        "undecidable" => (RGBColor(0xC8, 0xC8, 0xC8), true, false),
        "mislabelled" => (RGBColor(0xCC, 0x79, 0xA7), false, false),
        "impossible" => (RGBColor(0, 0, 0), false, true),
        "from-the-future" => (RGBColor(0x8A, 0x5A, 0xC8), true, false),
        _ => (RGBColor(0xFE, 0xFE, 0xFE), false, true),
    };
    Fill { colour, hatch, border }
}

/// The classes from the best to the worst.
pub(crate) const CLASSES: &[&str] =
    &["current", "stale", "undecidable", "error", "mislabelled", "from-the-future", "impossible"];

/// Where a contestant stands in every list: the two in question first, who weighs the harness last.
pub(crate) fn rank(name: &str) -> (u8, String) {
    let place = match name {
        "kappa" => 0,
        "lambda" => 1,
        "reference" => 4,
        "noop" => 6,
        _ if name.starts_with("kappa") => 2,
        _ if name.starts_with("lambda") => 3,
        _ => 5,
    };
    (place, name.to_string())
}
