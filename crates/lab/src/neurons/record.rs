//! The statistics of one unit, which are recorded during a pass over a data set.

use super::histogram::Histogram;

/// The number of entries in the list of strongest images.
pub const TOP: usize = 100;

/// One image, with the largest value of a unit in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// The largest value of the unit's map.
    pub value: f32,
    /// The index of the image in its split.
    pub image: u32,
    /// The row and column of the value in the map, the first in scan order.
    pub at: [u16; 2],
}

/// The statistics of one unit's activations on a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The distribution of all finite values other than 0.
    pub histogram: Histogram,
    /// The number of all values.
    pub values: u64,
    /// The number of values that are exactly 0.
    pub zeros: u64,
    /// The number of values that are infinite or NaN; all other statistics ignore them.
    pub not_finite: u64,
    /// The largest value.
    pub max: f32,
    /// The smallest value.
    pub min: f32,
    /// The sum of the values.
    pub sum: f64,
    /// The sum of the squares of the values.
    pub squares: f64,
    /// For each class, the sum over its images of the map's maximum.
    pub class_sums: Vec<f64>,
    /// The images with the largest values, one entry per image, sorted by value, then by image, row and column.
    pub top: Vec<Entry>,
    /// The map's maximum in each image of the sample, in their order; NaN where no value is finite.
    pub sample: Vec<Entry>,
}

impl Record {
    pub(super) fn new(classes: usize, is_signed: bool) -> Self {
        Self {
            histogram: Histogram::new(is_signed),
            values: 0,
            zeros: 0,
            not_finite: 0,
            max: f32::NEG_INFINITY,
            min: f32::INFINITY,
            sum: 0.0,
            squares: 0.0,
            class_sums: vec![0.0; classes],
            top: Vec::new(),
            sample: Vec::new(),
        }
    }

    /// Notes the map of one image, `width` columns wide. Images come in their order.
    pub(super) fn see(&mut self, image: u32, label: usize, map: &[f32], width: usize, is_sampled: bool) {
        let (mut max, mut min, mut place) = (f32::NEG_INFINITY, f32::INFINITY, 0);
        let (mut zeros, mut not_finite) = (0_u64, 0_u64);
        for (i, &value) in map.iter().enumerate() {
            zeros += u64::from(value == 0.0);
            not_finite += u64::from(!value.is_finite());
            if value > max && value.is_finite() {
                (max, place) = (value, i);
            }
            if value < min && value.is_finite() {
                min = value;
            }
        }
        self.values += map.len() as u64;
        self.zeros += zeros;
        self.not_finite += not_finite;
        let at = [(place / width) as u16, (place % width) as u16];
        if not_finite == map.len() as u64 {
            if is_sampled {
                self.sample.push(Entry { value: f32::NAN, image, at });
            }
            return;
        }
        self.max = self.max.max(max);
        self.min = self.min.min(min);
        if zeros + not_finite < map.len() as u64 {
            self.histogram.reach(max.abs().max(min.abs()));
            let rest = || map.iter().copied().filter(|v| v.is_finite() && *v != 0.0);
            self.histogram.count(rest());
            let (mut sum, mut squares) = (0.0, 0.0);
            for value in rest().map(f64::from) {
                sum += value;
                squares += value * value;
            }
            self.sum += sum;
            self.squares += squares;
        }
        if let Some(sum) = self.class_sums.get_mut(label) {
            *sum += f64::from(max);
        }
        // Plus zero: a map of -0 is as silent as one of 0.
        let entry = Entry { value: max + 0.0, image, at };
        if is_sampled {
            self.sample.push(entry);
        }
        self.rank(entry);
    }

    /// Puts an entry where it belongs among the strongest, if it does.
    fn rank(&mut self, entry: Entry) {
        let before = |a: &Entry, b: &Entry| (b.value, a.image, a.at) < (a.value, b.image, b.at);
        if self.top.len() == TOP && !self.top.last().is_some_and(|last| before(&entry, last)) {
            return;
        }
        let place = self.top.partition_point(|other| before(other, &entry));
        self.top.insert(place, entry);
        self.top.truncate(TOP);
    }

    /// The mean of the finite values; 0 if there are none.
    pub fn mean(&self) -> f64 {
        self.sum / self.finite().max(1) as f64
    }

    /// The root mean square `sqrt(mean(v^2))` of the finite values.
    pub fn rms(&self) -> f64 {
        (self.squares / self.finite().max(1) as f64).sqrt()
    }

    /// The fraction of the values that are not 0.
    pub fn active(&self) -> f64 {
        (self.values - self.zeros) as f64 / self.values.max(1) as f64
    }

    fn finite(&self) -> u64 {
        self.values - self.not_finite
    }

    /// The value that only one image in 1000 exceeds: the maximum of a map in the image at rank `ceil(images / 1000)`, at
    /// most the 100th, so that for very large data sets fewer images exceed it. `None` if no image has a value.
    pub fn permille(&self, images: usize) -> Option<f32> {
        let rank = images.div_ceil(1000).clamp(1, TOP);
        Some(self.top.get(rank - 1).or(self.top.last())?.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that repeat, so that ties decide.
    fn map(image: u32) -> Vec<f32> {
        (0..6).map(|i| ((image * 7 + i * 5) % 11) as f32 / 2.0).collect()
    }

    #[test]
    fn the_strongest_are_those_of_a_full_sort() {
        let mut record = Record::new(2, false);
        let mut all = Vec::new();
        for image in 0..700 {
            record.see(image, 0, &map(image), 3, false);
            for (i, &value) in map(image).iter().enumerate() {
                all.push(Entry { value, image, at: [(i / 3) as u16, (i % 3) as u16] });
            }
        }
        all.sort_by(|a, b| b.value.total_cmp(&a.value).then((a.image, a.at).cmp(&(b.image, b.at))));
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|entry| seen.insert(entry.image));
        assert_eq!(record.top, all[..TOP], "by value, then image, row, column; one an image");
        assert_eq!(record.permille(700), Some(all[0].value));
        assert_eq!(record.permille(2001), Some(all[2].value));
    }

    #[test]
    fn sums_are_those_of_the_definition() {
        let mut record = Record::new(3, true);
        let maps = [vec![1.0, -2.0, 0.0, 4.0], vec![-1.0, -1.0, -3.0, f32::NAN], vec![f32::INFINITY; 4]];
        for (image, map) in (0..).zip(&maps) {
            record.see(image, image as usize, map, 2, true);
        }
        assert_eq!((record.values, record.zeros, record.not_finite), (12, 1, 5));
        assert_eq!((record.max, record.min, record.sum, record.squares), (4.0, -3.0, -2.0, 32.0));
        assert_eq!(record.class_sums, [4.0, -1.0, 0.0]);
        assert_eq!(
            record.top.iter().map(|e| (e.value, e.image, e.at)).collect::<Vec<_>>(),
            [(4.0, 0, [1, 1]), (-1.0, 1, [0, 0])]
        );
        assert!(record.sample.len() == 3 && record.sample[2].value.is_nan());
        assert!((record.rms() - (32.0_f64 / 7.0).sqrt()).abs() < 1e-15);
        assert!((record.active() - 11.0 / 12.0).abs() < 1e-15);
    }
}
