//! Draws a figure as SVG and PNG, with the CSV behind it beside them.

use std::path::Path;
use std::sync::Once;

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use super::figures::ink::Spot;
use super::notes::Notes;
use super::palette::{INK, PAPER};

/// What a figure is drawn on.
pub(crate) type Area<DB> = DrawingArea<DB, Shift>;

/// The scale and the room a figure is drawn at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen<'a> {
    /// Pixels to a unit of length.
    pub(crate) scale: f64,
    /// Whether there is only a telephone's width.
    pub(crate) narrow: bool,
    /// What is said of marks; absent where nothing can be said.
    pub(crate) notes: Option<&'a Notes>,
}

impl Pen<'_> {
    /// A length in pixels.
    pub(crate) fn px(self, length: f64) -> i32 {
        (length * self.scale).round() as i32
    }

    /// Text of that size and colour.
    pub(crate) fn text(self, size: f64, colour: RGBColor) -> TextStyle<'static> {
        ("sans-serif", size * self.scale * LINE_TO_LETTER).into_font().color(&colour)
    }

    /// The same in bold.
    pub(crate) fn bold(self, size: f64, colour: RGBColor) -> TextStyle<'static> {
        ("sans-serif", size * self.scale * LINE_TO_LETTER).into_font().style(FontStyle::Bold).color(&colour)
    }

    /// A line of that width.
    pub(crate) fn line(self, colour: RGBColor, width: f64) -> ShapeStyle {
        colour.stroke_width(((width * self.scale).round() as u32).max(1))
    }

    /// Says something of a rectangle of an area.
    pub(crate) fn note<DB: DrawingBackend>(self, area: &Area<DB>, (low, high): (Spot, Spot), text: &str) {
        if let Some(notes) = self.notes {
            let (x, y) = area.get_base_pixel();
            notes.surface(((low.0 + x, low.1 + y), (high.0 + x, high.1 + y)), text);
        }
    }

    /// Says something of a point of an area.
    pub(crate) fn note_spot<DB: DrawingBackend>(self, area: &Area<DB>, at: Spot, text: &str) {
        if let Some(notes) = self.notes {
            let (x, y) = area.get_base_pixel();
            notes.spot((at.0 + x, at.1 + y), text);
        }
    }
}

/// The drawing library takes the height of a line for the size of its letters.
const LINE_TO_LETTER: f64 = 1.24;

/// Something drawn from data.
pub(crate) trait Figure {
    /// The name of its files.
    fn name(&self) -> &str;
    /// What it shows, made from the data.
    fn title(&self) -> String;
    /// What must be known to read it; empty when nothing.
    fn note(&self) -> String {
        String::new()
    }
    /// Width and height in pixels.
    fn size(&self, narrow: bool) -> (u32, u32);
    /// The data behind it, the first line naming the columns.
    fn rows(&self) -> Vec<Vec<String>>;
    /// Draws it without its title.
    fn draw<DB: DrawingBackend>(&self, area: &Area<DB>, pen: Pen<'_>) -> Result<()>;
}

/// A figure as the page shows it.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Drawn {
    /// The name of its files.
    pub(crate) name: String,
    /// What it shows.
    pub(crate) title: String,
    /// What must be known to read it.
    pub(crate) note: String,
    /// For a page of usual width.
    pub(crate) wide: String,
    /// For a telephone.
    pub(crate) narrow: String,
}

/// Writes a figure's SVG, PNG and CSV into a folder, and hands back what the page shows.
pub(crate) fn draw<F: Figure>(figure: &F, folder: &Path) -> Result<Drawn> {
    fonts();
    let name = figure.name();
    let alone = svg(figure, false, true)?;
    std::fs::write(folder.join(format!("{name}.svg")), alone)
        .with_context(|| format!("writing figure {name}.svg in {}", folder.display()))?;
    png(figure, &folder.join(format!("{name}.png")))?;
    table(&figure.rows(), &folder.join(format!("{name}.csv")))?;
    Ok(Drawn {
        name: name.to_string(),
        title: figure.title(),
        note: figure.note(),
        wide: inline(&svg(figure, false, false)?, &figure.title()),
        narrow: inline(&svg(figure, true, false)?, &figure.title()),
    })
}

/// Turns an error of a drawing backend, which may borrow from it, into one of ours.
pub(crate) fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing a figure: {error}")
}

fn fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let faces: [(FontStyle, &'static [u8]); 2] = [
            (FontStyle::Normal, include_bytes!("../../assets/DejaVuSans.ttf")),
            (FontStyle::Bold, include_bytes!("../../assets/DejaVuSans-Bold.ttf")),
        ];
        for (style, bytes) in faces {
            // The embedded bytes are a font; the tests draw with both.
            let _ = register_font("sans-serif", style, bytes);
        }
    });
}

const TITLE: f64 = 15.0;
const TITLE_LINE: u32 = 20;

fn lines_of(title: &str, width: u32) -> Vec<String> {
    let room = (f64::from(width) / (TITLE * 0.66)) as usize;
    let mut lines = vec![String::new()];
    for word in title.split(' ') {
        let last = lines.last_mut().expect("there is always a line");
        if !last.is_empty() && last.chars().count() + word.chars().count() + 1 > room {
            lines.push(word.to_string());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

fn paint<F: Figure, DB: DrawingBackend>(
    figure: &F,
    root: &Area<DB>,
    pen: Pen<'_>,
    titled: bool,
) -> Result<()> {
    if !titled {
        return figure.draw(root, pen);
    }
    root.fill(&PAPER).map_err(failed)?;
    let lines = lines_of(&figure.title(), figure.size(pen.narrow).0);
    for (n, line) in lines.iter().enumerate() {
        let at = (pen.px(8.0), pen.px(8.0 + n as f64 * f64::from(TITLE_LINE)));
        root.draw_text(line, &pen.bold(TITLE, INK), at).map_err(failed)?;
    }
    let (_, below) = root.split_vertically(pen.px(12.0 + lines.len() as f64 * f64::from(TITLE_LINE)));
    figure.draw(&below, pen)
}

fn height_with_title<F: Figure>(figure: &F) -> (u32, u32) {
    let (width, height) = figure.size(false);
    (width, height + 12 + lines_of(&figure.title(), width).len() as u32 * TITLE_LINE)
}

fn svg<F: Figure>(figure: &F, narrow: bool, titled: bool) -> Result<String> {
    let (mut text, notes) = (String::new(), Notes::default());
    {
        let size = if titled { height_with_title(figure) } else { figure.size(narrow) };
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        paint(figure, &root, Pen { scale: 1.0, narrow, notes: Some(&notes) }, titled)?;
        root.present().map_err(failed)?;
    }
    Ok(notes.over(&slim(&text)))
}

/// The same drawing in fewer bytes: what holds for every element is said once.
fn slim(svg: &str) -> String {
    let plain = svg.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "");
    plain.replacen("<svg ", "<svg font-family=\"DejaVu Sans, Verdana, sans-serif\" ", 1)
}

fn png<F: Figure>(figure: &F, path: &Path) -> Result<()> {
    let (width, height) = height_with_title(figure);
    let root = BitMapBackend::new(path, (width * 2, height * 2)).into_drawing_area();
    paint(figure, &root, Pen { scale: 2.0, narrow: false, notes: None }, true)?;
    root.present().map_err(failed)
}

fn table(rows: &[Vec<String>], path: &Path) -> Result<()> {
    let mut out = csv::Writer::from_path(path)
        .with_context(|| format!("writing the data behind a figure, {}", path.display()))?;
    for row in rows {
        out.write_record(row)?;
    }
    Ok(out.flush()?)
}

/// The SVG element for use inside a page: named for those who hear it, sized by its surroundings.
fn inline(svg: &str, title: &str) -> String {
    let label = title.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let start = svg.find("<svg").unwrap_or(0);
    svg[start..].replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{label}\" "), 1)
}
