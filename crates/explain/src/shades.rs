//! Draws feature maps as text, for a terminal.

/// From nothing to full.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// The minimum width of a map, in columns.
const LEAST_COLUMNS: usize = 18;

/// Draws maps side by side with shaded characters, as many per row as fit into `columns`.
///
/// A character shows the mean of the pixels that it covers. Each map is scaled separately, from its minimum to its maximum, so
/// brightness is comparable within a map but not between maps; values that are not finite are blank.
///
/// # Shapes
/// `maps` is `[C, H, W]`, row by row.
///
/// # Panics
/// When `maps` does not have `C * H * W` values.
///
/// # Example
/// ```
/// let slope = [0.0, 0.25, 0.5, 1.0, 0.0, 0.25, 0.5, 1.0];
/// assert_eq!(striate_explain::shades(&slope, [1, 2, 4], 80), "0\n ░▒█\n");
/// ```
pub fn shades(maps: &[f32], [channels, height, width]: [usize; 3], columns: usize) -> String {
    let plane = height * width;
    assert_eq!(maps.len(), channels * plane, "maps [{channels}, {height}, {width}]");
    if maps.is_empty() {
        return String::new();
    }
    let across = ((columns + 1) / (width.min(LEAST_COLUMNS) + 1)).clamp(1, channels);
    let wide = ((columns + 1) / across).saturating_sub(1).clamp(1, width);
    // A character cell is twice as high as it is wide.
    let high = (height * wide).div_ceil(2 * width).max(1);
    let mut text = String::new();
    for (row, maps) in maps.chunks(across * plane).enumerate() {
        let maps: Vec<&[f32]> = maps.chunks(plane).collect();
        let titles = (0..maps.len()).map(|i| format!("{:<wide$}", row * across + i));
        push_line(&mut text, titles);
        let ranges: Vec<(f32, f32)> = maps.iter().map(|map| range(map)).collect();
        for y in 0..high {
            let line = maps.iter().zip(&ranges).map(|(map, &range)| {
                let cell = |x| shade(mean(map, width, part(y, high, height), part(x, wide, width)), range);
                (0..wide).map(cell).collect()
            });
            push_line(&mut text, line);
        }
    }
    text
}

fn push_line(text: &mut String, parts: impl Iterator<Item = String>) {
    let line = parts.collect::<Vec<_>>().join(" ");
    text.push_str(line.trim_end());
    text.push('\n');
}

/// The pixels under cell `i` of `cells` along an axis of `size`; never none.
fn part(i: usize, cells: usize, size: usize) -> std::ops::Range<usize> {
    let start = i * size / cells;
    start..((i + 1) * size / cells).max(start + 1).min(size)
}

fn mean(map: &[f32], width: usize, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> f32 {
    let count = rows.len() * columns.len();
    let sum: f32 = rows.flat_map(|y| &map[y * width + columns.start..y * width + columns.end]).sum();
    sum / count as f32
}

fn range(map: &[f32]) -> (f32, f32) {
    let finite = map.iter().copied().filter(|v| v.is_finite());
    finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

fn shade(value: f32, (low, high): (f32, f32)) -> char {
    let unit = (value - low) / (high - low);
    // NaN, also from 0 / 0 in a map of one value, becomes 0.
    SHADES[((unit * SHADES.len() as f32) as usize).min(SHADES.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn maps_are_laid_out_and_scaled_one_by_one() {
        let ramp: Vec<f32> = (0..64).map(|i| (i % 8) as f32).collect();
        let bars: Vec<f32> = (0..64).map(|i| if (i / 8) % 4 < 2 { -900.0 } else { 900.0 }).collect();
        let flat = vec![7.0; 64];
        let maps = [ramp, bars, flat].concat();
        expect![[r#"
            0        1
              ░▒▒▓██
              ░▒▒▓██ ████████
              ░▒▒▓██
              ░▒▒▓██ ████████
            2




        "#]]
        .assert_eq(&shades(&maps, [3, 8, 8], 20));
    }

    #[test]
    fn odd_sizes_and_numbers_do_no_harm() {
        assert_eq!(shades(&[], [0, 3, 3], 80), "");
        assert_eq!(shades(&[1.0], [1, 1, 1], 0), "0\n\n");
        assert_eq!(shades(&[f32::NAN, 1.0, f32::INFINITY, 0.0], [1, 2, 2], 80).lines().count(), 2);
        let wide = vec![0.5; 300 * 2];
        let text = shades(&wide, [1, 2, 300], 80);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
