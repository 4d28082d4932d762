//! The kernels of a layer on one page.

use super::{FilterStats, Filters};
use striate_report::chart::{Anchor, Scene};
use striate_report::layout::{
    About, Block, CAPTION, Head, INK, Legend, SOFT_INK, column, framed, grid, line,
};
use striate_report::scale::number;

/// The side of a kernel that is drawn alone, and of one in a table.
const ALONE: f64 = 72.0;
const CELL: f64 = 36.0;
/// Between kernels that are drawn alone, and between those in a table.
const GAP: f64 = 12.0;
const CELL_GAP: f64 = 6.0;
const COLUMNS: usize = 8;
/// Most input channels in a table.
const INPUTS: usize = 16;
/// The minimum width of a caption.
const LABEL: f64 = 80.0;

impl Filters {
    /// Draws a page with the `most` filters of the largest norm, the largest first. A filter that reads a single channel, or
    /// the colors of the image, is one image; any other is a row of kernels, one per input channel (the 16 with the largest
    /// norm).
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

    fn under_head(&self, about: &About, shown: usize, inputs: usize, body: Block) -> Scene {
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
        let image = about.image.as_ref();
        Head { title: &title, lines: &[&about.subject, &line], image, legend: Some(legend) }.page(body)
    }

    fn alone(&self, about: &About, shown: &[FilterStats]) -> Scene {
        let columns = COLUMNS.min(shown.len().max(1));
        let kernels = shown.iter().map(|filter| {
            let image = framed(&self.image(filter.filter, 0), ALONE);
            column(3.0, [image, caption(filter)]).in_width(ALONE, Anchor::Start)
        });
        let kernels = grid(&vec![Anchor::Start; columns], (GAP, GAP), kernels);
        self.under_head(about, shown.len(), 1, kernels)
    }

    fn table(&self, about: &About, shown: &[FilterStats]) -> Scene {
        let inputs = self.inputs(INPUTS);
        let head = inputs.iter().map(|input| line(format!("in {input}"), CAPTION, SOFT_INK));
        let mut cells: Vec<Block> = [Block::space(LABEL, 0.0)].into_iter().chain(head).collect();
        for filter in shown {
            cells.push(caption(filter).in_height(CELL, Anchor::Middle));
            cells.extend(inputs.iter().map(|&input| framed(&self.image(filter.filter, input), CELL)));
        }
        let anchors: Vec<Anchor> =
            [Anchor::Start].into_iter().chain(inputs.iter().map(|_| Anchor::Middle)).collect();
        let table = grid(&anchors, (CELL_GAP, CELL_GAP), cells);
        self.under_head(about, shown.len(), inputs.len(), table)
    }
}

fn caption(filter: &FilterStats) -> Block {
    let norm = match filter.not_finite {
        0 => format!("norm {}", number(filter.norm)),
        n => format!("{n} not finite"),
    };
    let name = line(format!("filter {}", filter.filter), CAPTION, INK);
    column(0.0, [name, line(norm, CAPTION - 1.0, SOFT_INK)])
}
