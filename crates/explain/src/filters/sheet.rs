//! The kernels of a layer on one page.

use super::{FilterStats, Filters};
use striate_report::chart::{Anchor, Scene};
use striate_report::layout::About;
use striate_report::layout::{CAPTION, INK, Legend, MARGIN, SOFT_INK, TOP, page, tile};
use striate_report::scale::number;

/// The side of a kernel that is drawn alone, and of one in a table.
const ALONE: f64 = 72.0;
const CELL: f64 = 36.0;
const GAP: f64 = 12.0;
const COLUMNS: usize = 8;
/// Most input channels in a table.
const INPUTS: usize = 16;
const LABEL: f64 = 108.0;
const HEAD: f64 = 20.0;

impl Filters {
    /// A page with the `most` filters of the largest norm, the largest first: one image per filter where it reads a single
    /// channel or the colors of the image, else a row of kernels, one per input channel (the 16 with the largest norm).
    ///
    /// # Example
    /// ```
    /// use striate_graph::op::Op;
    /// use striate_graph::{Forward, Mode, Module, Params, Var, trace};
    /// use striate_explain::filters::{Filters, select};
    /// use striate_report::layout::About;
    ///
    /// struct Conv(Op);
    /// impl Module for Conv {
    ///     fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Module)) {}
    /// }
    /// impl Forward for Conv {
    ///     fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
    ///         x.op(self.0.clone())
    ///     }
    /// }
    /// # let op = serde_json::from_str(r#"{"op": "conv2d", "in_channels": 3, "out_channels": 4, "kernel_size": [3, 3],
    /// #     "stride": [1, 1], "padding": [1, 1], "dilation": [1, 1], "groups": 1, "bias": true}"#)?;
    ///
    /// let graph = trace(&Conv(op), Mode::Eval, [3, 8, 8])?;
    /// let params = Params::init(&graph, 0);
    /// for id in select(&graph, &[])? {
    ///     let filters = Filters::new(&graph, &params, id);
    ///     assert!(filters.is_rgb);
    ///     assert!(filters.sheet(&About::default(), 32).to_png(2.0)?.starts_with(b"\x89PNG"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sheet(&self, about: &About, most: usize) -> Scene {
        let ranked = self.ranked();
        let shown = &ranked[..ranked.len().min(most)];
        if self.is_rgb || self.shape[1] == 1 { self.alone(about, shown) } else { self.table(about, shown) }
    }

    fn header(&self, about: &About, shown: usize, inputs: usize, body: (f64, f64)) -> Scene {
        let [filters, all_inputs, h, w] = self.shape;
        let title = format!("{} · {} · {filters} filters of {all_inputs} x {h} x {w}", self.name, self.op);
        let part = if shown < filters {
            format!("the {shown} strongest of {filters}")
        } else {
            format!("all {filters}")
        };
        let columns = match () {
            () if self.is_rgb => "; the weights of red, green and blue as color, mid-gray is 0".into(),
            () if all_inputs == 1 => String::new(),
            () if inputs < all_inputs => {
                format!("; a column for each of the {inputs} input channels of {all_inputs} that weigh most")
            }
            () => "; a column for each input channel".into(),
        };
        let line = format!("{part}, largest norm first{columns}");
        let legend = if self.is_rgb { Legend::Rgb(&self.scale) } else { Legend::Scale(&self.scale) };
        page(&title, [&about.subject, &line], about.image.as_ref(), &legend, body)
    }

    fn alone(&self, about: &About, shown: &[FilterStats]) -> Scene {
        let pitch = (ALONE + GAP, ALONE + 34.0 + GAP);
        let columns = COLUMNS.min(shown.len().max(1));
        let rows = shown.len().div_ceil(columns);
        let body = (pitch.0 * columns as f64 - GAP, (pitch.1 * rows as f64 - GAP).max(0.0));
        let mut scene = self.header(about, shown.len(), 1, body);
        for (i, filter) in shown.iter().enumerate() {
            let x = MARGIN + (i % columns) as f64 * pitch.0;
            let y = TOP + (i / columns) as f64 * pitch.1;
            tile(&mut scene, &self.image(filter.filter, 0), (x, y), ALONE);
            caption(&mut scene, filter, (x, y + ALONE + 14.0), (x, y + ALONE + 28.0));
        }
        scene
    }

    fn table(&self, about: &About, shown: &[FilterStats]) -> Scene {
        let inputs = self.inputs(INPUTS);
        let pitch = CELL + 6.0;
        let body = (LABEL + pitch * inputs.len() as f64, HEAD + pitch * shown.len() as f64);
        let mut scene = self.header(about, shown.len(), inputs.len(), body);
        for (column, input) in inputs.iter().enumerate() {
            let at = (MARGIN + LABEL + pitch * column as f64 + CELL / 2.0, TOP + 10.0);
            scene.text(at, CAPTION, Anchor::Middle, SOFT_INK, format!("in {input}"));
        }
        for (row, filter) in shown.iter().enumerate() {
            let y = TOP + HEAD + pitch * row as f64;
            caption(&mut scene, filter, (MARGIN, y + 15.0), (MARGIN, y + 29.0));
            for (column, &input) in inputs.iter().enumerate() {
                let x = MARGIN + LABEL + pitch * column as f64;
                tile(&mut scene, &self.image(filter.filter, input), (x, y), CELL);
            }
        }
        scene
    }
}

fn caption(scene: &mut Scene, filter: &FilterStats, first: (f64, f64), second: (f64, f64)) {
    let norm = match filter.not_finite {
        0 => format!("norm {}", number(filter.norm)),
        n => format!("{n} not finite"),
    };
    scene.text(first, CAPTION, Anchor::Start, INK, format!("filter {}", filter.filter));
    scene.text(second, CAPTION - 1.0, Anchor::Start, SOFT_INK, norm);
}
