//! A label stands before each line about a run whose lines mix with those of others.

use std::io::{self, Write};

/// A writer that puts the label before each line. Lines come out whole, when it is flushed.
pub(super) struct Labelled<W: Write> {
    out: W,
    label: String,
    held: Vec<u8>,
}

impl<W: Write> Labelled<W> {
    pub(super) fn new(out: W, label: &str) -> Self {
        Self { out, label: label.to_owned(), held: Vec::new() }
    }
}

impl<W: Write> Write for Labelled<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let mut lines = Vec::with_capacity(held.len() + 64);
        for line in held.split_inclusive(|byte| *byte == b'\n').filter(|line| line.trim_ascii() != b"") {
            lines.extend_from_slice(self.label.as_bytes());
            // Most lines are indented, but those that begin with the time of day are not.
            if !line.starts_with(b" ") {
                lines.push(b' ');
            }
            lines.extend_from_slice(line);
        }
        self.out.write_all(&lines)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_the_label_and_blank_ones_are_left_out() {
        let mut out = Vec::new();
        let mut labelled = Labelled::new(&mut out, "day=1");
        labelled.write_all(b"\n  one\n  t").expect("room");
        labelled.write_all(b"wo\n12:00:00Z  three\n").expect("room");
        labelled.flush().expect("room");
        assert_eq!(String::from_utf8_lossy(&out), "day=1  one\nday=1  two\nday=1 12:00:00Z  three\n");
    }
}
