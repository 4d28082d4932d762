//! An HTML page that shows the pages of many layers; it loads only the images beside it.

use std::fmt::Write;

use striate_report::chart::Escaped;

/// One layer of an [`index_page`].
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The name of the layer.
    pub layer: String,
    /// The operation and the size, such as `conv2d, 64 of 56 x 56`.
    pub what: String,
    /// The file name of the image, in the folder of the page.
    pub image: String,
    /// The displayed width of the image, in CSS pixels.
    pub width_px: f64,
}

const STYLE: &str = "\
body{font:15px/1.45 system-ui,sans-serif;color:#1a1a1a;max-width:1240px;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2.2rem 0 .2rem}p{color:#555;margin:.2rem 0 .6rem}\
nav{columns:14rem;margin:1rem 0 2rem}nav a{display:block;overflow-wrap:anywhere}img{max-width:100%;height:auto}\
a{color:#1f5fa8}";

/// Creates a page with the images of all layers, in the given order, each under its name, with a list of links at the top.
///
/// Names are escaped, since they come from users, and the page has no scripts.
///
/// # Example
/// ```
/// use striate_explain::maps::{Entry, index_page};
///
/// let entry = Entry { layer: "conv1".into(), what: "conv2d".into(), image: "conv1.png".into(), width_px: 760.0 };
/// let html = index_page("Feature maps", "a <network>", &[entry]);
/// assert!(html.contains("<img src=\"conv1.png\"") && !html.contains("<network>"));
/// ```
pub fn index_page(title: &str, subject: &str, entries: &[Entry]) -> String {
    let mut out = String::with_capacity(1 << 14);
    let (title, subject) = (Escaped(title), Escaped(subject));
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{subject}</p>\n<nav>\n"
    );
    for (i, entry) in entries.iter().enumerate() {
        let _ = writeln!(out, "<a href=\"#l{i}\">{}</a>", Escaped(&entry.layer));
    }
    out.push_str("</nav>\n");
    for (i, entry) in entries.iter().enumerate() {
        let (layer, what, image) = (Escaped(&entry.layer), Escaped(&entry.what), Escaped(&entry.image));
        let _ = writeln!(
            out,
            "<h2 id=\"l{i}\">{layer}</h2>\n<p>{what}</p>\n\
             <img src=\"{image}\" width=\"{:.0}\" alt=\"{layer}\" loading=\"lazy\">",
            entry.width_px
        );
    }
    out.push_str("</body>\n</html>\n");
    out
}
