//! This module lays out tables for people: columns of words and numbers, one under the other.

/// A line for each row, its cells as wide as the widest of their column; those of `numbers` stand at the right.
pub(super) fn lines(rows: &[Vec<String>], numbers: &[usize]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if numbers.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_one_under_the_other() {
        let rows = [["run", "time", ""], ["é1", "12s", "x"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(lines(&rows, &[1]), ["run  time", "é1    12s  x"]);
        assert_eq!(lines(&[], &[]), Vec::<String>::new());
    }
}
