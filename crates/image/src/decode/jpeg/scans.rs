//! Walks through the scans of a JPEG block by block, without decoding a pixel.
//!
//! # Source
//! ITU-T T.81: A.2 (how many blocks a scan has), B.2 (headers), F.2.2 (blocks of a sequential scan), G.1.2 (blocks of a
//! progressive scan).

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use super::bits::{Bits, Huffman};

/// Bytes behind the last block of a scan that are let pass: some cameras leave a few there, which change no pixel.
const SPARE_BYTES: usize = 64;

/// What a JPEG says it holds, as far as was read.
#[derive(Default)]
pub(crate) struct Scans {
    is_progressive: bool,
    width: usize,
    height: usize,
    components: Vec<Component>,
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    /// Units between two restart markers; 0 for none.
    restart_interval: usize,
}

/// One color of an image.
#[derive(Default)]
struct Component {
    id: u8,
    /// Blocks in a unit of an interleaved scan, across and down.
    across: usize,
    down: usize,
    /// Whether a scan held it.
    is_seen: bool,
    /// Of a progressive image, which coefficients of each block are not 0 so far, in the order of the zigzag.
    coefficients: Vec<u64>,
}

/// A component in a scan: its place in the frame, and its tables.
struct Part {
    component: usize,
    dc: usize,
    ac: usize,
}

/// One scan of a frame.
struct Scan {
    parts: Vec<Part>,
    /// The first and the last coefficient.
    band: [usize; 2],
    /// True when it adds a bit to coefficients that were there before.
    is_refinement: bool,
}

/// Where a block is no code.
struct Wrong;

impl Scans {
    /// Says what is missing or damaged in the scans of a JPEG, if anything is.
    ///
    /// Only scans are judged: a header that makes no sense is left to the decoder, which refuses it.
    ///
    /// # Errors
    /// The reason, for people.
    pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
        let mut scans = Self::default();
        let mut at = 2;
        loop {
            // Between segments there may be any number of FF, and in bad files anything else.
            while bytes.get(at).is_some_and(|&byte| byte != 0xff) || bytes.get(at + 1) == Some(&0xff) {
                at += 1;
            }
            let Some(&[_, marker, high, low]) = bytes.get(at..at + 4) else { break };
            if matches!(marker, 0x00 | 0x01 | 0xd0..=0xd8) {
                at += 2;
                continue;
            }
            if marker == 0xd9 {
                break;
            }
            let length = usize::from(u16::from_be_bytes([high, low])).max(2);
            let Some(segment) = bytes.get(at + 4..at + 2 + length) else { break };
            at += 2 + length;
            let understood = match marker {
                0xc0..=0xc2 => scans.frame(marker, segment),
                0xc4 => scans.tables(segment),
                0xdd => scans.restart(segment),
                0xda => match scans.scan(segment) {
                    Some(scan) => {
                        at = scans.walk(&scan, bytes, at)?;
                        Some(())
                    }
                    None => None,
                },
                _ => Some(()),
            };
            if understood.is_none() {
                return Ok(());
            }
        }
        match scans.components.iter().filter(|component| !component.is_seen).count() {
            0 => Ok(()),
            missing => {
                Err(format!("{missing} of its {} color components are missing", scans.components.len()))
            }
        }
    }

    fn frame(&mut self, marker: u8, segment: &[u8]) -> Option<()> {
        let &[8, h0, h1, w0, w1, count, ref parts @ ..] = segment else { return None };
        let size = [u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1])];
        if !self.components.is_empty()
            || size.contains(&0)
            || !(1..=4).contains(&count)
            || parts.len() != 3 * usize::from(count)
        {
            return None;
        }
        self.is_progressive = marker == 0xc2;
        [self.width, self.height] = size.map(usize::from);
        for &[id, sampling, _] in parts.as_chunks().0 {
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
                return None;
            }
            self.components.push(Component { id, across, down, ..Component::default() });
        }
        if self.is_progressive {
            let [across, down] = self.units();
            for component in &mut self.components {
                component.coefficients = vec![0; across * component.across * down * component.down];
            }
        }
        Some(())
    }

    /// The most blocks of a component in a unit, across and down.
    fn most(&self) -> [usize; 2] {
        let most = |of: fn(&Component) -> usize| self.components.iter().map(of).max().unwrap_or(1);
        [most(|component| component.across), most(|component| component.down)]
    }

    /// Units of an interleaved scan, across and down.
    fn units(&self) -> [usize; 2] {
        let [across, down] = self.most();
        [self.width.div_ceil(8 * across), self.height.div_ceil(8 * down)]
    }

    fn tables(&mut self, mut segment: &[u8]) -> Option<()> {
        while let [place, rest @ ..] = segment {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let symbols = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(symbols)?;
            let table = Huffman::new(counts, symbols)?;
            let tables = if place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(place & 15))? = Some(table);
            segment = rest;
        }
        Some(())
    }

    fn restart(&mut self, segment: &[u8]) -> Option<()> {
        let &[high, low] = segment else { return None };
        self.restart_interval = u16::from_be_bytes([high, low]).into();
        Some(())
    }

    fn scan(&mut self, segment: &[u8]) -> Option<Scan> {
        let (&count, rest) = segment.split_first()?;
        let (selectors, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let &[start, end, approximation] = rest else { return None };
        let part = |&[id, tables]: &[u8; 2]| {
            let component = self.components.iter().position(|component| component.id == id)?;
            let [dc, ac] = [tables >> 4, tables & 15].map(usize::from);
            (dc < 4 && ac < 4).then_some(Part { component, dc, ac })
        };
        let parts = selectors.as_chunks().0.iter().map(part).collect::<Option<Vec<_>>>()?;
        let band = if self.is_progressive { [start, end].map(usize::from) } else { [0, 63] };
        let is_refinement = self.is_progressive && approximation >> 4 != 0;
        // Bands of several coefficients have scans of their own.
        let is_whole =
            band[0] <= band[1] && band[1] < 64 && (!self.is_progressive || band[0] == 0 || parts.len() == 1);
        (is_whole && !parts.is_empty()).then_some(Scan { parts, band, is_refinement })
    }

    /// Goes through a scan whose data start at byte `at`; gives the place behind it.
    fn walk(&mut self, scan: &Scan, bytes: &[u8], at: usize) -> Result<usize, String> {
        let alone = match &scan.parts[..] {
            [part] => self.components.get(part.component),
            _ => None,
        };
        let is_alone = alone.is_some();
        let [across, down] = match alone {
            None => self.units(),
            // A component alone has the blocks that its pixels need, and no more.
            Some(component) => {
                let [most_across, most_down] = self.most();
                [
                    (self.width * component.across).div_ceil(8 * most_across),
                    (self.height * component.down).div_ceil(8 * most_down),
                ]
            }
        };
        let units = across * down;
        let [units_across, _] = self.units();
        let mut bits = Bits::new(bytes, at);
        let mut run = 0;
        for unit in 0..units {
            if self.restart_interval > 0 && unit > 0 && unit % self.restart_interval == 0 {
                let (left, marker) = bits.rest();
                let is_restart = bytes.get(marker + 1).is_some_and(|byte| matches!(byte, 0xd0..=0xd7));
                if !is_restart {
                    return Err(short(unit, units));
                }
                spare(left, unit, units)?;
                (bits, run) = (Bits::new(bytes, marker + 2), 0);
            }
            let place = (units_across, [unit % across, unit / across]);
            self.unit(scan, place, is_alone, &mut bits, &mut run).map_err(|Wrong| damaged(unit, units))?;
            if bits.is_spent() {
                return Err(short(unit, units));
            }
        }
        let (left, marker) = bits.rest();
        spare(left, units, units)?;
        for part in &scan.parts {
            self.components
                .get_mut(part.component)
                .into_iter()
                .for_each(|component| component.is_seen = true);
        }
        Ok(marker)
    }

    /// One unit: a block of a component alone, or all blocks of an interleaved unit.
    fn unit(
        &mut self,
        scan: &Scan,
        (units_across, [x, y]): (usize, [usize; 2]),
        is_alone: bool,
        bits: &mut Bits<'_>,
        run: &mut u32,
    ) -> Result<(), Wrong> {
        for part in &scan.parts {
            let tables = (self.dc.get(part.dc), self.ac.get(part.ac));
            let tables = (tables.0.and_then(Option::as_ref), tables.1.and_then(Option::as_ref));
            let component = self.components.get_mut(part.component).ok_or(Wrong)?;
            let row = units_across * component.across;
            let [across, down] = if is_alone { [1, 1] } else { [component.across, component.down] };
            for block in 0..across * down {
                if self.is_progressive {
                    let at = (y * down + block / across) * row + x * across + block % across;
                    let known = component.coefficients.get_mut(at).ok_or(Wrong)?;
                    progressive(scan, tables, known, bits, run)?;
                } else {
                    sequential(tables, bits)?;
                }
            }
        }
        Ok(())
    }
}

type Tables<'a> = (Option<&'a Huffman>, Option<&'a Huffman>);

/// T.81, F.2.2: the difference of the DC coefficient, then runs of zeros and what follows them.
fn sequential((dc, ac): Tables<'_>, bits: &mut Bits<'_>) -> Result<(), Wrong> {
    first_dc(dc, bits)?;
    let ac = ac.ok_or(Wrong)?;
    let mut k = 1;
    while k < 64 {
        match split(bits.symbol_and_bits(ac).ok_or(Wrong)?) {
            (15, 0) => k += 16,
            (_, 0) => return Ok(()),
            (zeros, _) => k += zeros as usize + 1,
        }
    }
    if k == 64 { Ok(()) } else { Err(Wrong) }
}

fn first_dc(dc: Option<&Huffman>, bits: &mut Bits<'_>) -> Result<(), Wrong> {
    let size = bits.symbol(dc.ok_or(Wrong)?).ok_or(Wrong)?;
    if size > 15 {
        return Err(Wrong);
    }
    bits.take(size.into());
    Ok(())
}

/// A run of zeros, and the number of bits of what follows it.
fn split(symbol: u8) -> (u32, u32) {
    (u32::from(symbol >> 4), u32::from(symbol & 15))
}

/// T.81, G.1.2. `known` has a bit for each coefficient that is not 0, `run` is the number of blocks to come that end here.
fn progressive(
    scan: &Scan,
    (dc, ac): Tables<'_>,
    known: &mut u64,
    bits: &mut Bits<'_>,
    run: &mut u32,
) -> Result<(), Wrong> {
    let [start, end] = scan.band;
    match (start, scan.is_refinement) {
        (0, false) => return first_dc(dc, bits),
        (0, true) => {
            bits.take(1);
            return Ok(());
        }
        _ => {}
    }
    let ac = ac.ok_or(Wrong)?;
    let mut k = start;
    while *run == 0 && k <= end {
        let (zeros, size) = split(bits.symbol(ac).ok_or(Wrong)?);
        if size == 0 && zeros < 15 {
            // This block, and so many more, end here.
            *run = (1 << zeros) + bits.take(zeros);
            break;
        }
        bits.take(size);
        if scan.is_refinement {
            k = refine(known, bits, k, end, zeros);
        } else {
            k += zeros as usize;
        }
        if size > 0 {
            if k > end {
                return Err(Wrong);
            }
            *known |= 1 << k;
        }
        k += 1;
    }
    if *run > 0 {
        if scan.is_refinement {
            refine(known, bits, k, end, u32::MAX);
        }
        *run -= 1;
    }
    Ok(())
}

/// Takes the further bit of each coefficient that is known, from `k` on, until so many zeros are passed and one comes next.
fn refine(known: &u64, bits: &mut Bits<'_>, mut k: usize, end: usize, mut zeros: u32) -> usize {
    while k <= end {
        if known >> k & 1 == 1 {
            bits.take(1);
        } else if zeros == 0 {
            break;
        } else {
            zeros -= 1;
        }
        k += 1;
    }
    k
}

fn short(unit: usize, units: usize) -> String {
    format!("its data end after {} of the image", share(unit, units))
}

fn damaged(unit: usize, units: usize) -> String {
    format!("its data make no sense after {} of the image", share(unit, units))
}

fn spare(left: usize, unit: usize, units: usize) -> Result<(), String> {
    if left <= SPARE_BYTES {
        return Ok(());
    }
    let until = share(unit, units);
    Err(format!("{left} bytes are left over after {until} of the image, so something before them is damaged"))
}

fn share(unit: usize, units: usize) -> String {
    format!("{:.0} %", 100.0 * unit as f64 / units as f64)
}
