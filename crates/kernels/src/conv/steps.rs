//! How one walks over the pixels of a tile, in the input, in the output, and in what is added to it.

/// Distances from one pixel to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    /// In the input.
    pub(super) x: usize,
    /// In the output, and in what is added.
    pub(super) y: usize,
    /// What the end of a line adds to these; it wraps, since it may go back.
    pub(super) x_line: usize,
    pub(super) y_line: usize,
    pub(super) added_line: usize,
    /// Pixels of a line.
    pub(super) width: usize,
    /// From a block of output channels to the next.
    pub(super) y_block: usize,
    pub(super) added_block: usize,
}

/// Where a pixel lies, and how many of its line are left with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) x: usize,
    pub(super) y: usize,
    /// In the value that is added, where there is one.
    pub(super) added: usize,
    pub(super) left: usize,
}

impl At {
    /// Goes on by a pixel.
    #[inline(always)]
    pub(super) fn next(&mut self, steps: &Steps) {
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
