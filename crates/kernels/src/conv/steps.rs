//! The steps of a kernel over the pixels of a tile, in the input, in the output, and in the added value.

use crate::unrolled::unrolled;

/// Distances from one pixel to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    /// In the input.
    pub(super) x: usize,
    /// In the output, and in the added value.
    pub(super) y: usize,
    /// What the end of a line adds to these; it wraps, since the step may be backward.
    pub(super) x_line: usize,
    pub(super) y_line: usize,
    pub(super) added_line: usize,
    /// Number of pixels in a line.
    pub(super) width: usize,
    /// From a block of output channels to the next.
    pub(super) y_block: usize,
    pub(super) added_block: usize,
}

impl Steps {
    /// Distances from one line to the next, in the input, in the output, and in the added value.
    pub(super) fn lines(&self) -> [usize; 3] {
        let [x, y] = [self.x, self.y].map(|step| self.width * step);
        [self.x_line.wrapping_add(x), self.y_line.wrapping_add(y), self.added_line.wrapping_add(y)]
    }
}

/// Position of a pixel, and how many pixels of its line are left, including it.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) x: usize,
    pub(super) y: usize,
    /// In the added value, if there is one.
    pub(super) added: usize,
    pub(super) left: usize,
}

/// Positions of the pixels of a tile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tile<const P: usize> {
    pub(super) x: [usize; P],
    pub(super) y: [usize; P],
    pub(super) added: [usize; P],
    /// Whether they are adjacent in one line.
    pub(super) in_line: bool,
}

impl At {
    /// The next `P` pixels.
    #[inline(always)]
    pub(super) fn tile<const P: usize>(&mut self, steps: &Steps) -> Tile<P> {
        let mut tile = Tile { x: [0; P], y: [0; P], added: [0; P], in_line: self.left > P };
        if tile.in_line {
            unrolled!(p < P => {
                tile.x[p] = self.x.wrapping_add(p * steps.x);
                tile.y[p] = self.y.wrapping_add(p * steps.y);
                tile.added[p] = self.added.wrapping_add(p * steps.y);
            });
            self.x = self.x.wrapping_add(P * steps.x);
            self.y = self.y.wrapping_add(P * steps.y);
            self.added = self.added.wrapping_add(P * steps.y);
            self.left -= P;
        } else {
            tile.in_line = self.left == P;
            unrolled!(p < P => {
                (tile.x[p], tile.y[p], tile.added[p]) = (self.x, self.y, self.added);
                self.next(steps);
            });
        }
        tile
    }

    /// Advances by one pixel.
    #[inline(always)]
    fn next(&mut self, steps: &Steps) {
        self.x = self.x.wrapping_add(steps.x);
        self.y = self.y.wrapping_add(steps.y);
        self.added = self.added.wrapping_add(steps.y);
        self.left -= 1;
        if self.left == 0 {
            self.x = self.x.wrapping_add(steps.x_line);
            self.y = self.y.wrapping_add(steps.y_line);
            self.added = self.added.wrapping_add(steps.added_line);
            self.left = steps.width;
        }
    }
}
