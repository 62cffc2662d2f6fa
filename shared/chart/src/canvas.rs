//! SVG, one element at a time. Coordinates have one decimal: enough for the eye, and the same on every machine.

use std::fmt::Write as _;

use mayday_core::picture::Tone;

/// Pixels from edge to edge. Phones show a picture at about a third of this, so the smallest letters are 24 high.
pub(crate) const WIDTH: f64 = 1_000.0;
/// What stands between the edge and everything else.
pub(crate) const MARGIN: f64 = 40.0;

/// The page: its own background, so that it reads the same in light and dark.
const PAPER: &str = "#ffffff";
/// What is read.
pub(crate) const INK: &str = "#1d1c1d";
/// What is read second.
pub(crate) const FAINT: &str = "#616061";
/// Lines that help the eye.
pub(crate) const GRID: &str = "#e3e3e6";

/// A state's color. Dark enough on white for text, and told apart by lightness too: not everybody sees red and green.
pub(crate) fn color(tone: Tone) -> &'static str {
    match tone {
        Tone::Well => "#2e9e6b",
        Tone::Warning => "#e8a317",
        Tone::Ill => "#b3123f",
        Tone::Plain => "#8a8f99",
    }
}

/// How a text stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Type {
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) color: &'static str,
    pub(crate) anchor: &'static str,
}

impl Type {
    pub(crate) const TITLE: Self = Self { size: 36.0, bold: true, color: INK, anchor: "start" };
    pub(crate) const PLAIN: Self = Self { size: 26.0, bold: false, color: INK, anchor: "start" };
    pub(crate) const SMALL: Self = Self { size: 24.0, bold: false, color: FAINT, anchor: "start" };

    pub(crate) fn to(self, anchor: &'static str) -> Self {
        Self { anchor, ..self }
    }

    pub(crate) fn in_color(self, color: &'static str) -> Self {
        Self { color, ..self }
    }

    /// How many letters of it fit into so many pixels, about: Inter's letters are a bit more than half as wide as high.
    fn letters(self, width: f64) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some dozens of letters, never below zero")]
        let letters = (width / (self.size * 0.56)).max(1.0) as usize;
        letters
    }
}

/// An SVG that is being written.
#[derive(Debug)]
pub(crate) struct Canvas {
    body: String,
    height: f64,
}

impl Canvas {
    /// An empty page with a title and what it comes to.
    pub(crate) fn new(height: f64, title: &str, subtitle: &str) -> Self {
        let mut canvas = Self { body: String::new(), height };
        canvas.rect((0.0, 0.0), (WIDTH, height), PAPER, 0.0);
        canvas.text((MARGIN, 66.0), Type::TITLE, title, WIDTH - 2.0 * MARGIN);
        canvas.text((MARGIN, 108.0), Type::PLAIN.in_color(FAINT), subtitle, WIDTH - 2.0 * MARGIN);
        canvas
    }

    pub(crate) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str, radius: f64) {
        let rounded = if radius > 0.0 { format!(" rx=\"{radius:.1}\"") } else { String::new() };
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"{rounded} fill=\"{fill}\"/>",
            width.max(0.0)
        );
    }

    pub(crate) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), stroke: &str, dashes: &str) {
        let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
        let width = if dashes.is_empty() { 2 } else { 4 };
        let _ = writeln!(
            self.body,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{stroke}\" stroke-width=\"{width}\"{dashes}/>"
        );
    }

    pub(crate) fn path(&mut self, points: &[(f64, f64)], stroke: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            self.body,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"4\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>",
            points.join(" ")
        );
    }

    pub(crate) fn dot(&mut self, (x, y): (f64, f64), fill: &str, radius: f64) {
        let _ = writeln!(self.body, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{fill}\"/>");
    }

    /// A text that takes no more than `width`: what is longer ends in `…`. The alternative text has it in full.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), kind: Type, text: &str, width: f64) {
        let most = kind.letters(width);
        let mut short: String = text.chars().take(most).collect();
        if text.chars().count() > most {
            short.pop();
            short.push('…');
        }
        let weight = if kind.bold { 600 } else { 400 };
        let anchor = if kind.anchor == "start" { String::new() } else { format!(" text-anchor=\"{}\"", kind.anchor) };
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-family=\"Inter\" font-size=\"{}\" font-weight=\"{weight}\" fill=\"{}\"{anchor}>{}</text>",
            kind.size,
            kind.color,
            escaped(&short)
        );
    }

    pub(crate) fn svg(self) -> String {
        let Self { body, height } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\">\n{body}</svg>\n"
        )
    }
}

/// Text as XML has it. What XML can't hold, and what the font has no letters for, becomes a question mark.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            known if (' '..='~').contains(&known) || ('\u{a0}'..='\u{17f}').contains(&known) => out.push(known),
            mark @ ('\u{2010}'..='\u{2014}' | '\u{2018}'..='\u{201e}' | '•' | '…' | '←'..='↓' | '−' | '≤' | '≥') => {
                out.push(mark)
            }
            _ => out.push('?'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k1_what_people_wrote_is_text_in_a_picture_too() {
        assert_eq!(escaped("</text><image href=\"x\"/>&"), "&lt;/text&gt;&lt;image href=&quot;x&quot;/&gt;&amp;");
        assert_eq!(escaped("a\u{202e}b\u{0}c 漢 é – …"), "a?b?c ? é – …");
    }
}
