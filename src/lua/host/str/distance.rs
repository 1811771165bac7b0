//! Levenshtein distance. Quadratic by nature, so it passes a checkpoint every few rows and stays stoppable.

use mlua::Value;

use crate::lua::host::call::Call;

/// Cells of the distance table between two checkpoints: well under a millisecond.
const CHECKPOINT_CELLS: usize = 1 << 18;

/// `str.distance`
pub(super) fn distance(call: &Call<'_>, (a, b): &(Value, Value)) -> mlua::Result<i64> {
    let a: Vec<char> = call.text(1, a)?.chars().collect();
    let b: Vec<char> = call.text(2, b)?.chars().collect();
    let (short, long) = if a.len() <= b.len() { (&a[..], &b[..]) } else { (&b[..], &a[..]) };
    let (short, long) = without_common_ends(short, long);
    // One row: `row[i]` is the distance between the characters of `long` seen so far and the first i of `short`.
    let mut row: Vec<u32> = (0..=short.len() as u32).collect();
    let mut cells = 0;
    for (seen, &of_long) in long.iter().enumerate() {
        next_row(&mut row, short, of_long, seen as u32);
        cells += row.len();
        if cells >= CHECKPOINT_CELLS {
            cells = 0;
            call.checkpoint()?;
        }
    }
    Ok(i64::from(row[short.len()]))
}

fn next_row(row: &mut [u32], short: &[char], of_long: char, seen: u32) {
    let mut diagonal = row[0];
    row[0] = seen + 1;
    for (i, &of_short) in short.iter().enumerate() {
        let above = row[i + 1];
        let replaced = diagonal + u32::from(of_short != of_long);
        row[i + 1] = replaced.min(above + 1).min(row[i] + 1);
        diagonal = above;
    }
}

/// What both have in common at the ends does not count.
fn without_common_ends<'a>(short: &'a [char], long: &'a [char]) -> (&'a [char], &'a [char]) {
    let front = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[front..], &long[front..]);
    let back = short.iter().rev().zip(long.iter().rev()).take_while(|(a, b)| a == b).count();
    (&short[..short.len() - back], &long[..long.len() - back])
}
