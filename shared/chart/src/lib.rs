//! Draws charts: SVG by pure functions, PNG by resvg with a font of its own.
//!
//! Nothing is set up before the first picture is drawn, so that a function which links this starts no slower.

mod canvas;
mod lines;
mod png;
mod scale;
mod timeline;

use mayday_core::{failure::Fault, picture::Chart, port::Charts};

/// Draws charts as PNGs.
#[derive(Debug, Default, Clone, Copy)]
pub struct Painter;

impl Charts for Painter {
    fn png(&self, chart: &Chart) -> Result<Vec<u8>, Fault> {
        png::render(&svg(chart))
    }
}

/// A chart as SVG. The same chart is the same text everywhere.
#[must_use]
pub fn svg(chart: &Chart) -> String {
    match chart {
        Chart::Lines(chart) => lines::draw(chart),
        Chart::Timeline(chart) => timeline::draw(chart),
    }
}

#[cfg(test)]
mod tests;
