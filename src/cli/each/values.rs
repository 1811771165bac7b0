//! This module reads the values of `--each`: dates and whole numbers from one to another, a list, or the lines of a
//! file. What they mean as a parameter, the pipeline file says.

use std::fs;
use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::cli::exit::Complaint;
use crate::cli::load::cannot;

/// Values in all, combined too: each is a run that is kept, and a slip in a range would fill the disk.
pub(super) const VALUES_MAX: usize = 100_000;

/// The values that stand behind `NAME=`.
pub(super) fn read(name: &str, text: &str) -> Result<Vec<String>, Complaint> {
    let wrong = |reason: String| {
        Complaint::new(format!("`--each {name}={text}` cannot be used: {reason}")).help(
            "values are `2026-11-01..2026-11-30`, `1..12`, a list as in `a,b,c`, or `@FILE` with one on each line",
        )
    };
    let values = match text.strip_prefix('@') {
        Some(path) => lines(Path::new(path))?,
        None => list(text).map_err(wrong)?,
    };
    if values.is_empty() {
        return Err(wrong("there is no value".to_owned()));
    }
    let mut seen = std::collections::HashSet::new();
    match values.iter().find(|value| !seen.insert(value.as_str())) {
        Some(twice) => Err(wrong(format!("`{twice}` stands there twice"))),
        None => Ok(values),
    }
}

/// The lines of a file. Blank ones, and those that begin with `#`, are no values.
fn lines(path: &Path) -> Result<Vec<String>, Complaint> {
    let text = fs::read_to_string(path).map_err(|error| cannot("read the values of", path, &error))?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

/// Values between commas, ranges among them.
fn list(text: &str) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    for part in text.split(',').map(str::trim) {
        match part.split_once("..").filter(|(first, last)| is_end(first) && is_end(last)) {
            Some((first, last)) => values.extend(range(first, last)?),
            None if part.is_empty() => return Err("a value is empty".to_owned()),
            None => values.push(part.to_owned()),
        }
    }
    Ok(values)
}

/// Whether a text looks like an end of a range: other texts with dots in them, such as paths, are values.
fn is_end(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// All values from the first to the last one.
fn range(first: &str, last: &str) -> Result<Vec<String>, String> {
    let what = format!("`{first}..{last}`");
    let both = |values: Option<Vec<String>>| match values {
        Some(values) if values.is_empty() => Err(format!("{what} ends before it begins")),
        Some(values) if values.len() > VALUES_MAX => Err(format!("{what} has more than {VALUES_MAX} values")),
        Some(values) => Ok(values),
        None => Err(format!("{what} is no range of dates or whole numbers")),
    };
    both(numbers(first, last).or_else(|| dates(first, last)))
}

/// `1..12`; numbers whose first one has zeros in front are as wide as that.
fn numbers(first: &str, last: &str) -> Option<Vec<String>> {
    let width = if first.trim_start_matches('-').starts_with('0') { first.len() } else { 0 };
    let (first, last): (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
    let values = (first..=last).take(VALUES_MAX + 1);
    Some(values.map(|number| format!("{number:0width$}")).collect())
}

/// `2026-11-01..2026-11-30`
fn dates(first: &str, last: &str) -> Option<Vec<String>> {
    // Other ways to write a date are not how the values would be written.
    let date = |text: &str| if text.len() == 10 { text.parse::<Date>().ok() } else { None };
    let (first, last) = (date(first)?, date(last)?);
    let days = first.series(1.day()).take_while(|day| *day <= last).take(VALUES_MAX + 1);
    Some(days.map(|day| day.to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let found = read("x", text).map_or_else(|complaint| complaint.message, |values| values.join(" "));
        let found = found.split(" cannot be used: ").last().unwrap_or_default();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn ranges_lists_and_single_values_are_read() {
        check("2024-02-28..2024-03-01", "2024-02-28 2024-02-29 2024-03-01");
        check("1..4", "1 2 3 4");
        check("-2..1", "-2 -1 0 1");
        check("08..11", "08 09 10 11");
        check("3..3", "3");
        check("a, b ,c", "a b c");
        check("1..3,7,x", "1 2 3 7 x");
        check("../a,v1..v2,2026-11-01", "../a v1..v2 2026-11-01");
        check("a=b", "a=b");
    }

    #[test]
    fn what_is_no_value_is_told() {
        check("", "a value is empty");
        check("a,,b", "a value is empty");
        check("a,b,a", "`a` stands there twice");
        check("5..4", "`5..4` ends before it begins");
        check("2026-11-02..2026-11-01", "`2026-11-02..2026-11-01` ends before it begins");
        check("2026-11-01..2026-11-31", "`2026-11-01..2026-11-31` is no range of dates or whole numbers");
        check("2026-11-01..12", "`2026-11-01..12` is no range of dates or whole numbers");
        check("1..99999999999999999999", "`1..99999999999999999999` is no range of dates or whole numbers");
        check("1..9223372036854775807", "`1..9223372036854775807` has more than 100000 values");
        check(
            "@/nowhere/values.txt",
            "cannot read the values of `/nowhere/values.txt`: no such file or directory",
        );
    }

    #[test]
    fn a_file_has_one_value_on_each_line() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("values.txt");
        let at = format!("@{}", path.display());
        fs::write(&path, "\u{feff}# days\r\n1..3\r\n\r\n  a, b  \r\n#c\r\n").expect("room");
        check(&at, "1..3 a, b");
        fs::write(&path, "# nothing\n").expect("room");
        check(&at, "there is no value");
    }
}
