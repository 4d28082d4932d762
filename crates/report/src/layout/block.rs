//! The parts of a page: boxes that know their size before they are placed.

use super::style::MARGIN;
use crate::chart::{Anchor, Scene, TextBox};

/// A part of a page with its size; what it contains is placed relative to its upper left corner.
///
/// A block is made of a text, an image or a drawing, or of other blocks, whose sizes give its own: [`row`], [`column()`], [`grid`]. The
/// last one becomes the page, by [`page`](Self::page).
///
/// # Example
/// ```
/// use striate_report::chart::Anchor;
/// use striate_report::layout::{Block, INK, column, line, paragraph, row};
///
/// let names = column(4.0, [line("cat", 12.0, INK), paragraph("a soft-coated wheaten terrier", 12.0, INK, 120.0, 2)]);
/// let both = row(10.0, Anchor::Start, [Block::space(50.0, 50.0), names]);
/// assert!(both.width_px() > 150.0 && both.height_px() == 55.0);
/// let scene = both.page("two names");
/// assert_eq!(scene.height_px, 95.0, "with the margins");
/// assert!(scene.collisions().is_empty());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    scene: Scene,
}

impl Block {
    /// Creates an empty block.
    pub fn space(width_px: f64, height_px: f64) -> Self {
        Self { scene: Scene::new(width_px, height_px, String::new()) }
    }

    /// Creates a block of this size with the shapes that `draw` adds to it, such as a chart. Its texts must stay in it, wherever it
    /// is placed: [`Scene::collisions`] finds those that do not.
    ///
    /// # Example
    /// ```
    /// use striate_report::chart::Anchor;
    /// use striate_report::layout::{Block, INK, row};
    ///
    /// let label = |x| Block::drawn(40.0, 18.0, |scene| scene.text((x, 13.0), 12.0, Anchor::Start, INK, "label"));
    /// let page = row(50.0, Anchor::Start, [label(0.0), label(30.0), label(0.0)]).page("three labels");
    /// assert_eq!(page.collisions(), ["\"label\" leaves its block"]);
    /// ```
    pub fn drawn(width_px: f64, height_px: f64, draw: impl FnOnce(&mut Scene)) -> Self {
        Self::space(width_px, height_px).with_overlay(draw)
    }

    /// The width of the block.
    pub fn width_px(&self) -> f64 {
        self.scene.width_px
    }

    /// The height of the block.
    pub fn height_px(&self) -> f64 {
        self.scene.height_px
    }

    /// Adds empty space around the block: left, top, right, bottom.
    pub fn padded(self, [left, top, right, bottom]: [f64; 4]) -> Self {
        let mut padded = Self::space(self.width_px() + left + right, self.height_px() + top + bottom);
        padded.place(self, (left, top));
        padded
    }

    /// Makes the block at least this wide; it is placed at the left, in the middle or at the right.
    pub fn in_width(self, width_px: f64, anchor: Anchor) -> Self {
        let free = (width_px - self.width_px()).max(0.0);
        let left = before(free, anchor);
        self.padded([left, 0.0, free - left, 0.0])
    }

    /// Makes the block at least this high; it is placed at the top, in the middle or at the bottom.
    pub fn in_height(self, height_px: f64, anchor: Anchor) -> Self {
        let free = (height_px - self.height_px()).max(0.0);
        let top = before(free, anchor);
        self.padded([0.0, top, 0.0, free - top])
    }

    /// Places the block on top of the shapes that `draw` adds to a drawing of its size, such as a color.
    pub fn with_background(self, draw: impl FnOnce(&mut Scene)) -> Self {
        let mut whole = Self::drawn(self.width_px(), self.height_px(), draw);
        whole.place(self, (0.0, 0.0));
        whole
    }

    /// Places the shapes that `draw` adds on top of the block, such as a frame around a part of an image.
    pub fn with_overlay(mut self, draw: impl FnOnce(&mut Scene)) -> Self {
        let before = self.scene.shapes.len();
        draw(&mut self.scene);
        let (width, height, shapes) = (self.width_px(), self.height_px(), before..self.scene.shapes.len());
        self.scene.boxes.push(TextBox { at: (0.0, 0.0), width, height, shapes });
        self
    }

    /// Returns a page that shows this block inside a margin. `description` is one sentence about the page.
    pub fn page(self, description: impl Into<String>) -> Scene {
        Scene { description: description.into(), ..self.padded([MARGIN; 4]).scene }
    }

    /// The block without a margin.
    #[cfg(test)]
    pub(super) fn alone(self) -> Scene {
        self.scene
    }

    fn place(&mut self, mut block: Self, (x, y): (f64, f64)) {
        block.scene.shift(x, y);
        let before = self.scene.shapes.len();
        self.scene.shapes.append(&mut block.scene.shapes);
        self.scene.boxes.extend(block.scene.boxes.into_iter().map(|of| {
            let shapes = before + of.shapes.start..before + of.shapes.end;
            TextBox { shapes, ..of }
        }));
    }
}

/// What is free before a block; whole pixels, since images are enlarged to whole pixels.
fn before(free: f64, anchor: Anchor) -> f64 {
    match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => (free / 2.0).floor(),
        Anchor::End => free.floor(),
    }
}

/// Arranges blocks from left to right, `gap` pixels apart, with their tops, middles or bottoms on one line.
pub fn row(gap: f64, anchor: Anchor, blocks: impl IntoIterator<Item = Block>) -> Block {
    let blocks: Vec<Block> = blocks.into_iter().collect();
    let height = blocks.iter().map(Block::height_px).fold(0.0, f64::max);
    let width = spread(gap, blocks.iter().map(Block::width_px));
    let mut whole = Block::space(width, height);
    let mut x = 0.0;
    for block in blocks {
        let next = x + block.width_px() + gap;
        let top = before(height - block.height_px(), anchor);
        whole.place(block, (x, top));
        x = next;
    }
    whole
}

/// Arranges blocks from top to bottom, `gap` pixels apart, with their left edges on one line.
pub fn column(gap: f64, blocks: impl IntoIterator<Item = Block>) -> Block {
    let blocks: Vec<Block> = blocks.into_iter().collect();
    let width = blocks.iter().map(Block::width_px).fold(0.0, f64::max);
    let height = spread(gap, blocks.iter().map(Block::height_px));
    let mut whole = Block::space(width, height);
    let mut y = 0.0;
    for block in blocks {
        let next = y + block.height_px() + gap;
        whole.place(block, (0.0, y));
        y = next;
    }
    whole
}

/// Arranges cells row by row, in columns as wide as their widest cell and rows as high as their highest. `anchors` has one
/// entry per column, which positions its cells; `gap` is the distance between columns and between rows.
///
/// # Panics
/// When there are cells, but no columns.
///
/// # Example
/// ```
/// use striate_report::chart::Anchor;
/// use striate_report::layout::{INK, grid, line};
///
/// let cells = ["conv1", "9", "conv2", "15"].map(|text| line(text, 12.0, INK));
/// let table = grid(&[Anchor::Start, Anchor::End], (20.0, 4.0), cells.clone());
/// assert_eq!(table.width_px(), cells[0].width_px().max(cells[2].width_px()) + 20.0 + cells[3].width_px());
/// ```
pub fn grid(anchors: &[Anchor], gap: (f64, f64), cells: impl IntoIterator<Item = Block>) -> Block {
    let mut cells: Vec<Block> = cells.into_iter().collect();
    assert!(cells.is_empty() || !anchors.is_empty(), "a grid has at least one column");
    let columns = anchors.len();
    let mut widths = vec![0.0_f64; columns.min(cells.len())];
    for (i, cell) in cells.iter().enumerate() {
        widths[i % columns] = widths[i % columns].max(cell.width_px());
    }
    let mut rows = Vec::new();
    while !cells.is_empty() {
        let rest = cells.split_off(columns.min(cells.len()));
        let placed = cells.into_iter().zip(anchors).zip(&widths);
        rows.push(row(
            gap.0,
            Anchor::Start,
            placed.map(|((cell, &anchor), &width)| cell.in_width(width, anchor)),
        ));
        cells = rest;
    }
    column(gap.1, rows)
}

/// How much room sizes take with a gap between each two.
fn spread(gap: f64, sizes: impl ExactSizeIterator<Item = f64>) -> f64 {
    gap * sizes.len().saturating_sub(1) as f64 + sizes.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Shape;
    use crate::layout::{INK, line};
    use proptest::prelude::*;

    /// A block of this size that is one rectangle.
    fn solid(width: f64, height: f64) -> Block {
        Block::drawn(width, height, |scene| scene.rect(0.0, 0.0, width, height, INK))
    }

    /// The rectangles of a block: left, top, right, bottom.
    fn rectangles(block: &Block) -> Vec<[f64; 4]> {
        let area = |shape: &Shape| match *shape {
            Shape::Rect { x, y, width, height, .. } => [x, y, x + width, y + height],
            ref other => panic!("{other:?}"),
        };
        block.scene.shapes.iter().map(area).collect()
    }

    #[test]
    fn blocks_are_placed_from_their_sizes() {
        let made =
            row(5.0, Anchor::Middle, [solid(10.0, 20.0), column(2.0, [solid(4.0, 4.0), solid(30.0, 6.0)])]);
        assert_eq!((made.width_px(), made.height_px()), (45.0, 20.0));
        let want = [[0.0, 0.0, 10.0, 20.0], [15.0, 4.0, 19.0, 8.0], [15.0, 10.0, 45.0, 16.0]];
        assert_eq!(rectangles(&made), want);
        let page = made.padded([1.0, 2.0, 3.0, 4.0]).page("a page");
        assert_eq!((page.width_px, page.height_px), (49.0 + 2.0 * MARGIN, 26.0 + 2.0 * MARGIN));
        assert_eq!(page.description, "a page");
    }

    #[test]
    fn cells_lie_where_their_column_says() {
        let cells = [solid(10.0, 4.0), solid(2.0, 9.0), solid(4.0, 4.0), solid(8.0, 4.0), solid(6.0, 4.0)];
        let table = grid(&[Anchor::End, Anchor::Middle], (3.0, 1.0), cells);
        assert_eq!((table.width_px(), table.height_px()), (21.0, 9.0 + 1.0 + 4.0 + 1.0 + 4.0));
        let lefts: Vec<f64> = rectangles(&table).iter().map(|area| area[0]).collect();
        assert_eq!(lefts, [0.0, 16.0, 6.0, 13.0, 4.0]);
        let none = grid(&[], (3.0, 1.0), []);
        assert_eq!((none.width_px(), none.height_px()), (0.0, 0.0));
    }

    #[test]
    fn a_background_is_painted_first_and_an_overlay_last() {
        let fill = |scene: &mut Scene| scene.rect(0.0, 0.0, scene.width_px, scene.height_px, INK);
        let badge = line("dead", 11.0, INK).padded([7.0, 2.0, 7.0, 2.0]);
        assert!(matches!(
            badge.clone().with_background(fill).scene.shapes[..],
            [Shape::Rect { .. }, Shape::Text { .. }]
        ));
        let over = badge.with_overlay(fill);
        assert!(matches!(over.scene.shapes[..], [Shape::Text { .. }, Shape::Rect { .. }]));
        assert_eq!(
            rectangles(&Block { scene: Scene { shapes: over.scene.shapes[1..].to_vec(), ..over.scene } })[0]
                [3],
            19.0
        );
    }

    #[test]
    fn a_text_is_held_to_its_block_wherever_that_is_placed() {
        let label = |x| {
            Block::drawn(60.0, 18.0, |scene| {
                scene.text((x, 13.0), 12.0, Anchor::Start, INK, format!("at {x}"))
            })
        };
        let [good, left, right] = [5.0, -5.0, 50.0].map(label);
        let padded = left.padded([9.0, 9.0, 9.0, 9.0]).with_background(|_| {});
        let over = Block::space(80.0, 30.0)
            .with_overlay(|scene| scene.text((5.0, 29.0), 12.0, Anchor::Start, INK, "low"));
        let cells = [Block::space(99.0, 99.0), good, column(40.0, [padded, right]), over];
        let page = grid(&[Anchor::Middle, Anchor::Middle], (90.0, 90.0), cells).page("four");
        let found = ["\"at -5\" leaves its block", "\"at 50\" leaves its block", "\"low\" leaves its block"];
        assert_eq!(page.collisions(), found);
    }

    proptest! {
        #[test]
        fn nothing_overlaps_or_leaves(
            sizes in prop::collection::vec((1_u32..90, 1_u32..90), 1..20), columns in 1_usize..6, gap in 0_u32..9,
        ) {
            let gap = f64::from(gap);
            let cells = sizes.iter().map(|&(width, height)| solid(width.into(), height.into()));
            let table = grid(&vec![Anchor::Middle; columns], (gap, gap), cells);
            let placed = rectangles(&table);
            prop_assert_eq!(placed.len(), sizes.len());
            for (i, a) in placed.iter().enumerate() {
                prop_assert!(a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= table.width_px() && a[3] <= table.height_px());
                for b in &placed[..i] {
                    let apart = b[2] + gap <= a[0] || a[2] + gap <= b[0] || b[3] + gap <= a[1] || a[3] + gap <= b[1];
                    prop_assert!(apart, "{:?} and {:?}", a, b);
                }
            }
        }
    }
}
