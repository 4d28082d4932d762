//! The sentences on few training images.

use super::Reader;
use super::words::{called, listed};
use striate_report::text::grouped;

impl Reader<'_> {
    pub(super) fn few(&self) -> String {
        let images = self.result.test_images as f64;
        let mut said = Vec::new();
        let smallest = self.contenders().first().and_then(|c| c.by_images.first());
        if let Some(smallest) = smallest.filter(|smallest| smallest.images < self.result.train_images) {
            let all = self.figures(|c| c.by_images.first().map(|learned| (&learned.accuracy, images)));
            let when = format!("After {} training images", grouped(smallest.images as u64));
            said.push(self.ranking(&when, "of the test images right", all));
        }
        for level in [0.8, 0.9] {
            let (mut reaches, mut never) = (Vec::new(), Vec::new());
            for contender in self.contenders() {
                let name = called(contender.network);
                match contender.by_images.iter().find(|learned| learned.accuracy.mean >= level) {
                    Some(first) => reaches.push((first.images, name)),
                    None => never.push(name.to_string()),
                }
            }
            reaches.sort_by_key(|&(images, _)| images);
            let reaches: Vec<String> =
                reaches.iter().map(|(n, name)| format!("{} for {name}", grouped(*n as u64))).collect();
            let all = grouped(self.result.train_images as u64);
            let never = match &never[..] {
                [] => String::new(),
                [one] => format!("; {one} does not get there with all {all}"),
                several => format!("; {} do not get there with all {all}", listed(several)),
            };
            let level = format!("{:.0} %", 100.0 * level);
            said.push(if reaches.is_empty() {
                format!("No network reaches {level} with all {all} images.")
            } else {
                format!(
                    "Of the numbers tried, the smallest that reaches {level} is {}{never}.",
                    listed(&reaches)
                )
            });
        }
        said.join(" ")
    }
}
