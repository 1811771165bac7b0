//! This module makes changes to a whole file: its formatted text, and the smallest replacement that leads to it.

use gen_lsp_types::{TextEdit, Uri};

use super::file::File;
use crate::config;
use crate::source::Span;

/// Edits of some files.
pub(super) type Changes = Vec<(Uri, Vec<TextEdit>)>;

/// What `flowrun fmt` would change; `None` when the file is no sound YAML.
pub(super) fn format(file: &File) -> Option<Vec<TextEdit>> {
    let formatted = config::format(file.text.as_bytes(), &file.path.to_string_lossy(), &file.path).ok()?;
    if formatted == file.text {
        return Some(Vec::new());
    }
    let (span, new) = difference(&file.text, &formatted);
    Some(vec![TextEdit::new(file.range(span), new.to_owned())])
}

/// The lines that differ, from the first to the last: what stays where it is keeps its cursors and folds.
fn difference<'a>(old: &str, new: &'a str) -> (Span, &'a str) {
    let same = |(a, b): &(&str, &str)| a == b;
    let lines = |text: &'a str| text.split_inclusive('\n');
    let start: usize =
        old.split_inclusive('\n').zip(lines(new)).take_while(same).map(|(line, _)| line.len()).sum();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let back = old_rest.split_inclusive('\n').rev().zip(lines(new_rest).rev());
    let end: usize = back.take_while(same).map(|(line, _)| line.len()).sum();
    (Span::new(start, old.len() - end), &new_rest[..new_rest.len() - end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_between_are_replaced() {
        let check = |old: &str, new: &str, expect: (usize, usize, &str)| {
            let (span, text) = difference(old, new);
            assert_eq!((span.start, span.end, text), expect);
            assert_eq!(format!("{}{text}{}", &old[..span.start], &old[span.end..]), new);
        };
        check("a\nb\nc\nd\n", "a\nc\nb\nd\n", (2, 6, "c\nb\n"));
        check("a\nb", "a\nb\n", (2, 3, "b\n"));
        check("a\na\n", "a\na\na\n", (4, 4, "a\n"));
        check("", "x\n", (0, 0, "x\n"));
    }
}
