//! A column of texts as numbers into a list: what a dictionary is written for, taken as it is.
//!
//! No text is touched but once for each entry of its dictionary. A page that is written without one has an entry for
//! each of its texts.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use workloads::Name;

/// The texts of one row group.
#[derive(Debug, Default)]
pub(super) struct Numbered {
    /// The list. Two entries may be equal.
    pub(super) texts: Vec<Name>,
    /// The place in it of each row's text.
    pub(super) numbers: Vec<u32>,
}

impl Numbered {
    /// All of a column.
    pub(super) fn read(pages: &mut dyn PageReader, optional: bool) -> Result<Self, String> {
        let mut column = Numbered::default();
        while let Some(page) = pages.get_next_page().map_err(|error| error.to_string())? {
            column.page(&page, optional)?;
        }
        if column.numbers.iter().any(|number| *number as usize >= column.texts.len()) {
            return Err("a text is not in its dictionary".to_owned());
        }
        Ok(column)
    }

    fn page(&mut self, page: &Page, optional: bool) -> Result<(), String> {
        let texts = match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                return self.plain(buf, *num_values as usize).map(drop);
            }
            Page::DataPage { buf, num_values, .. } if optional => {
                let (length, rest) = split(buf, 4)?;
                let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
                let (levels, rest) = split(rest, length as usize)?;
                defined(levels, *num_values as usize)?;
                rest
            }
            Page::DataPage { buf, .. } => buf,
            Page::DataPageV2 { buf, num_nulls, def_levels_byte_len, rep_levels_byte_len, .. } => {
                if *num_nulls > 0 {
                    return Err(NULLS.to_owned());
                }
                split(buf, (def_levels_byte_len + rep_levels_byte_len) as usize)?.1
            }
        };
        let rows = page.num_values() as usize;
        match page.encoding() {
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {
                let (width, packed) = split(texts, 1)?;
                unpack(packed, width[0].into(), rows, &mut self.numbers)
            }
            Encoding::PLAIN => {
                let entries = self.plain(texts, rows)?;
                self.numbers.extend(entries);
                Ok(())
            }
            other => Err(format!("texts written as {other} are not read: write them plain or by dictionary")),
        }
    }

    /// Texts one after the other, each after its length. Gives their places in the list.
    fn plain(&mut self, mut bytes: &[u8], count: usize) -> Result<std::ops::Range<u32>, String> {
        let from = self.texts.len() as u32;
        for _ in 0..count {
            let (length, rest) = split(bytes, 4)?;
            let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
            let (text, rest) = split(rest, length as usize)?;
            self.texts.push(Name::from_utf8(text).map_err(|error| error.to_string())?);
            bytes = rest;
        }
        Ok(from..self.texts.len() as u32)
    }
}

pub(super) const NULLS: &str = "a column has nulls, and no event does";

/// Whether every value is there, by its level.
fn defined(levels: &[u8], count: usize) -> Result<(), String> {
    let mut all = Vec::with_capacity(count);
    unpack(levels, 1, count, &mut all)?;
    if all.iter().all(|level| *level == 1) { Ok(()) } else { Err(NULLS.to_owned()) }
}

/// Numbers of so many bits, in runs of equal ones and in packs of eight.
fn unpack(mut bytes: &[u8], width: usize, count: usize, out: &mut Vec<u32>) -> Result<(), String> {
    if width > 32 {
        return Err(format!("numbers of {width} bits are too wide"));
    }
    let end = out.len() + count;
    out.reserve(count);
    while out.len() < end {
        let (head, rest) = varint(bytes)?;
        let left = end - out.len();
        if head & 1 == 1 {
            let packs = (head >> 1) as usize;
            // The last pack may be cut off where its numbers end.
            let length = packs.saturating_mul(width).min(rest.len());
            let (packed, rest) = split(rest, length)?;
            packs_of_eight(packed, width, packs.saturating_mul(8).min(left), out)?;
            bytes = rest;
        } else {
            let (value, rest) = split(rest, width.div_ceil(8))?;
            let value = value.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
            out.resize(out.len() + left.min((head >> 1) as usize), value);
            bytes = rest;
        }
    }
    Ok(())
}

fn packs_of_eight(packed: &[u8], width: usize, count: usize, out: &mut Vec<u32>) -> Result<(), String> {
    if packed.len() * 8 < count * width {
        return Err(CUT.to_owned());
    }
    let mask = (1u64 << width) - 1;
    // Where eight bytes can be taken at once there is no end to be looked for.
    let room = (packed.len() * 8).saturating_sub(64);
    let quick = room.checked_div(width).map_or(count, |quick| quick.min(count));
    for i in 0..quick {
        let word = packed.get(i * width / 8..i * width / 8 + 8).map_or(0, word);
        out.push((word >> (i * width % 8) & mask) as u32);
    }
    for i in quick..count {
        let mut last = [0; 8];
        let from = &packed[i * width / 8..];
        let length = from.len().min(8);
        last[..length].copy_from_slice(&from[..length]);
        out.push((word(&last) >> (i * width % 8) & mask) as u32);
    }
    Ok(())
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

fn varint(mut bytes: &[u8]) -> Result<(u64, &[u8]), String> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = split(bytes, 1)?;
        number |= u64::from(byte[0] & 127) << shift;
        bytes = rest;
        if byte[0] < 128 {
            return Ok((number, bytes));
        }
    }
    Err("a number has no end".to_owned())
}

const CUT: &str = "a page ends before its values do";

fn split(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), String> {
    bytes.split_at_checked(at).ok_or_else(|| CUT.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(numbers: &[u32], width: usize) -> Vec<u8> {
        let mut out = vec![0; (numbers.len() * width).div_ceil(8)];
        for (i, number) in numbers.iter().enumerate() {
            for bit in (0..width).filter(|bit| number >> bit & 1 == 1) {
                out[(i * width + bit) / 8] |= 1 << ((i * width + bit) % 8);
            }
        }
        out
    }

    #[test]
    fn numbers_of_every_width_are_unpacked() {
        for width in 0..=32_usize {
            let mask = if width == 0 { 0 } else { u32::MAX >> (32 - width) };
            let numbers: Vec<u32> = (0..40u32).map(|i| i.wrapping_mul(0x9e37_79b9) & mask).collect();
            // Five packs, then a run of three.
            let mut bytes = vec![5 << 1 | 1];
            bytes.extend(packed(&numbers, width));
            bytes.push(3 << 1);
            bytes.extend(&mask.to_le_bytes()[..width.div_ceil(8)]);
            let mut out = vec![7];
            unpack(&bytes, width, 43, &mut out).unwrap();
            assert_eq!(out[1..41], numbers, "{width} bits");
            assert_eq!(out[41..], [mask; 3], "{width} bits");
            assert!(unpack(&bytes, width, 44, &mut out).is_err());
        }
    }

    #[test]
    fn a_missing_value_is_noticed() {
        assert!(defined(&[9 << 1, 1], 9).is_ok());
        assert!(defined(&[9 << 1, 0], 9).is_err());
        assert!(defined(&[3, 0xfe], 8).is_err());
    }
}
