//! This module computes the Levenshtein distance. It is quadratic by nature, so it passes a checkpoint every few rows
//! and stays stoppable.

use mlua::Value;

use crate::lua::host::call::Call;

/// Cells of the distance table between two checkpoints: well under a millisecond.
const CHECKPOINT_CELLS: usize = 1 << 18;

/// `str.distance`
pub(super) fn distance(call: &Call<'_>, (a, b): &(Value, Value)) -> mlua::Result<i64> {
    let (a, b) = (call.text(1, a)?, call.text(2, b)?);
    // The characters of both, and one row.
    let lengths = (a.chars().count(), b.chars().count());
    let cells = lengths.0.saturating_add(lengths.1).saturating_add(lengths.0.min(lengths.1));
    let _claim = call.claim(cells.saturating_mul(size_of::<char>()))?;
    call.checkpoint()?;
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    call.checkpoint()?;
    let (short, long) = if a.len() <= b.len() { (&a[..], &b[..]) } else { (&b[..], &a[..]) };
    let (short, long) = without_common_ends(short, long);
    // One row: `row[i]` is the distance between the characters of `long` seen so far and the first i of `short`.
    let mut row: Vec<u32> = (0..=short.len() as u32).collect();
    let mut cells = 0;
    for (seen, &of_long) in long.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = seen as u32 + 1;
        // A row of long texts alone takes a long time.
        for (part, of_short) in short.chunks(CHECKPOINT_CELLS).enumerate() {
            let start = part * CHECKPOINT_CELLS;
            diagonal = next_cells(&mut row[start..=start + of_short.len()], of_short, of_long, diagonal);
            cells += of_short.len() + 1;
            if cells >= CHECKPOINT_CELLS {
                cells = 0;
                call.checkpoint()?;
            }
        }
    }
    Ok(i64::from(row[short.len()]))
}

/// Goes on with a row: `row` begins with the cell before the first one of `short`, `diagonal` is what that was in the row
/// above. Answers what the last cell was there.
fn next_cells(row: &mut [u32], short: &[char], of_long: char, mut diagonal: u32) -> u32 {
    for (i, &of_short) in short.iter().enumerate() {
        let above = row[i + 1];
        let replaced = diagonal + u32::from(of_short != of_long);
        row[i + 1] = replaced.min(above + 1).min(row[i] + 1);
        diagonal = above;
    }
    diagonal
}

/// What both have in common at the ends does not count.
fn without_common_ends<'a>(short: &'a [char], long: &'a [char]) -> (&'a [char], &'a [char]) {
    let front = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[front..], &long[front..]);
    let back = short.iter().rev().zip(long.iter().rev()).take_while(|(a, b)| a == b).count();
    (&short[..short.len() - back], &long[..long.len() - back])
}
