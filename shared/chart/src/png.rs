//! From SVG to PNG.

use std::sync::{Arc, OnceLock};

use mayday_core::failure::Fault;
use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};

/// Inter, Latin letters only. `assets/OFL.txt` is its license.
const FONTS: [&[u8]; 2] = [include_bytes!("../assets/Inter-Regular-latin.otf"), include_bytes!("../assets/Inter-SemiBold-latin.otf")];

/// The fonts, read when the first picture is drawn.
fn fonts() -> Arc<Database> {
    static FOUND: OnceLock<Arc<Database>> = OnceLock::new();
    let read = || {
        let mut fonts = Database::new();
        FONTS.iter().for_each(|font| fonts.load_font_data(font.to_vec()));
        Arc::new(fonts)
    };
    FOUND.get_or_init(read).clone()
}

/// An SVG as a PNG of its size.
pub(crate) fn render(svg: &str) -> Result<Vec<u8>, Fault> {
    let options = Options { font_family: "Inter".to_owned(), fontdb: fonts(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| Fault::because("a chart is no SVG", error))?;
    let size = tree.size().to_int_size();
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or_else(|| Fault::new("a chart has no size"))?;
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| Fault::because("a chart can't be encoded", error))
}
