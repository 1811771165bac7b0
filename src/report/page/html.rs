//! This module writes pieces of HTML: escaped text, tables, durations. The sections decide what stands in them.

use std::fmt::Write as _;
use std::time::Duration;

/// Foreign text as HTML: nothing in it is markup, and nothing in it turns the text around it.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            '\r' => {}
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{}", character.escape_default());
            }
            control if control.is_control() => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// [`text`] in which names in backticks are code.
pub(super) fn prose(message: &str) -> String {
    let parts: Vec<&str> = message.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text(message);
    }
    let part = |(at, part): (usize, &&str)| match at % 2 {
        0 => text(part),
        _ => format!("<code>{}</code>", text(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// [`text`] of `most` characters at most, with a mark where some are missing.
pub(super) fn cut(long: &str, most: usize) -> String {
    match long.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text(&long[..end])),
        None => text(long),
    }
}

/// A column of a table.
pub(super) enum Column {
    /// Words, from the left.
    Words(&'static str),
    /// Numbers, from the right.
    Number(&'static str),
}

/// A table with a caption, in a frame of its own that scrolls where the page is narrow. Cells are HTML; the first of
/// each row is its name.
pub(super) fn table(out: &mut String, caption: &str, columns: &[Column], rows: &[Vec<String>]) {
    let caption = text(caption);
    let _ = write!(
        out,
        "<div class=\"wide\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\"><table><caption>{caption}</caption>\n<thead><tr>"
    );
    for column in columns {
        let _ = match column {
            Column::Words(name) => write!(out, "<th scope=\"col\">{name}</th>"),
            Column::Number(name) => write!(out, "<th scope=\"col\" class=\"n\">{name}</th>"),
        };
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (at, (cell, column)) in row.iter().zip(columns).enumerate() {
            let class = if matches!(column, Column::Number(_)) { " class=\"n\"" } else { "" };
            let _ = match at {
                0 => write!(out, "<th scope=\"row\"{class}>{cell}</th>"),
                _ => write!(out, "<td{class}>{cell}</td>"),
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

/// Names and values, in two columns. Both are HTML.
pub(super) fn pairs<'a>(out: &mut String, pairs: impl Iterator<Item = (&'a str, String)>) {
    out.push_str("<dl>\n");
    for (name, value) in pairs {
        let _ = writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    out.push_str("</dl>\n");
}

/// A status as a badge whose word says what its colour says.
pub(super) fn badge(status: &str) -> String {
    format!("<span class=\"badge {0}\">{0}</span>", text(status))
}

/// A count with its digits in threes, as in `12 345`; the spaces do not break.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A duration of any size in three digits: `850 ns`, `12.3 µs`, `1.25 s`, `2m05s`.
pub(super) fn duration(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    let (size, unit) = match nanos {
        below if below < 999.5 => return format!("{below} ns"),
        below if below < 999.5e3 => (nanos / 1e3, "µs"),
        below if below < 999.5e6 => (nanos / 1e6, "ms"),
        below if below < 59.995e9 => (nanos / 1e9, "s"),
        _ => return crate::report::figures::duration(time),
    };
    let decimals = if size < 9.995 { 2 } else { usize::from(size < 99.95) };
    format!("{size:.decimals$} {unit}")
}

/// `1 item`, `2 items`.
pub(super) fn items(number: u64) -> String {
    format!("{} item{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_never_markup() {
        let hostile = "</script><img src=x onerror=\"alert('1')\"> & \u{202e}x\u{1b}[31m\r\n";
        let expect = "&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; \\u{202e}x\u{fffd}[31m\n";
        assert_eq!(text(hostile), expect);
        assert_eq!(prose("`a<` is `b"), "`a&lt;` is `b");
        assert_eq!(prose("`a<` is"), "<code>a&lt;</code> is");
        assert_eq!(cut("a<b>c", 2), "a&lt;…");
        assert_eq!(cut("a<", 2), "a&lt;");
    }

    #[test]
    fn durations_have_three_digits() {
        for (nanos, expect) in [
            (0, "0 ns"),
            (850, "850 ns"),
            (12_345, "12.3 µs"),
            (999_600, "1.00 ms"),
            (123_400_000, "123 ms"),
            (1_250_000_000, "1.25 s"),
            (125_000_000_000, "2m05s"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanos)), expect);
        }
    }

    #[test]
    fn counts_are_grouped_by_threes() {
        assert_eq!(
            ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"],
            [0, 999, 1000, 1_234_567].map(count).as_slice()
        );
    }
}
