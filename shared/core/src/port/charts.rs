use crate::{failure::Fault, picture::Chart};

/// Draws charts.
pub trait Charts: Send + Sync {
    /// A chart as a PNG.
    ///
    /// # Errors
    /// When it can't be drawn: a picture is never worth more than what it goes with.
    fn png(&self, chart: &Chart) -> Result<Vec<u8>, Fault>;
}

/// For functions that show no pictures, and so need not link what draws them.
#[derive(Debug, Clone, Copy)]
pub struct NoCharts;

impl Charts for NoCharts {
    fn png(&self, _: &Chart) -> Result<Vec<u8>, Fault> {
        Err(Fault::new("this function draws no charts"))
    }
}
