//! What a figure says of its marks when a pointer rests on them: invisible shapes with titles, laid over the drawing.

use std::cell::RefCell;
use std::fmt::Write;

use super::figures::ink::Spot;

/// The class of a note that leads to a witness.
pub(crate) const WRONG: &str = "<circle class=\"wrong\"";

/// Notes of one drawing, in its pixels.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    shapes: RefCell<String>,
}

impl Notes {
    /// Says something of a rectangle, which is made wide and high enough to be met.
    pub(crate) fn surface(&self, (low, high): (Spot, Spot), text: &str) {
        let (x, y) = (low.0.min(high.0), low.1.min(high.1));
        let (wide, tall) = ((high.0 - low.0).abs().max(LEAST), (high.1 - low.1).abs().max(LEAST));
        self.add(&format!("<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{tall}\">"), text, "</rect>");
    }

    /// Says something of a point.
    pub(crate) fn spot(&self, (x, y): Spot, text: &str) {
        self.add(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{REACH}\">"), text, "</circle>");
    }

    /// Says something of a wrong read.
    pub(crate) fn wrong(&self, (x, y): Spot, text: &str) {
        self.add(&format!("{WRONG} cx=\"{x}\" cy=\"{y}\" r=\"{REACH}\">"), text, "</circle>");
    }

    fn add(&self, open: &str, text: &str, close: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        // Writing to a string cannot fail.
        let _ = writeln!(self.shapes.borrow_mut(), "{open}<title>{text}</title>{close}");
    }

    /// A drawing with the notes over it.
    pub(crate) fn over(self, svg: &str) -> String {
        let shapes = self.shapes.into_inner();
        if shapes.is_empty() {
            return svg.to_owned();
        }
        let layer = format!("<g class=\"notes\" fill-opacity=\"0\">\n{shapes}</g>\n</svg>");
        svg.trim_end()
            .strip_suffix("</svg>")
            .map_or_else(|| svg.to_owned(), |drawing| drawing.to_owned() + &layer)
    }
}

const LEAST: i32 = 5;
const REACH: i32 = 5;

/// Points far enough from each other for a pointer to tell them apart.
pub(crate) fn apart(points: impl Iterator<Item = Spot>) -> Vec<(usize, Spot)> {
    let mut kept: Vec<(usize, Spot)> = Vec::new();
    for (n, (x, y)) in points.enumerate() {
        if kept.last().is_none_or(|(_, last)| (last.0 - x).abs().max((last.1 - y).abs()) > REACH) {
            kept.push((n, (x, y)));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_escaped_and_lies_over_the_drawing() {
        let notes = Notes::default();
        notes.surface(((9, 8), (9, 2)), "a < b & c");
        let svg = notes.over("<svg>\n<rect/>\n</svg>\n");
        assert!(svg.starts_with("<svg>\n<rect/>\n<g class"), "{svg}");
        assert!(
            svg.contains("x=\"9\" y=\"2\" width=\"5\" height=\"6\"><title>a &lt; b &amp; c</title>"),
            "{svg}"
        );
        assert!(svg.ends_with("</g>\n</svg>"), "{svg}");
    }

    #[test]
    fn points_on_one_place_have_one_note() {
        let kept = apart([(0, 0), (3, 3), (9, 0), (9, 20)].into_iter());
        assert_eq!(kept, [(0, (0, 0)), (2, (9, 0)), (3, (9, 20))]);
    }
}
