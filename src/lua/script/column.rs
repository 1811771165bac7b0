//! This module finds where in a line a run-time error is: Luau knows only the line, but its message often names what
//! to look for.

/// Column of the expression that `message` complains of, counted in characters from 1, when exactly one place in
/// `line` can be meant.
pub(in crate::lua) fn column(line: &str, message: &str) -> Option<u64> {
    let start = if let Some(name) = named(message) {
        only(line, |at| is_access(line, at, name))?
    } else if message.starts_with("attempt to compare ") {
        only(line, |at| is_comparison(line, at))?
    } else {
        let operator = operator(message)?;
        only(line, |at| is_operator(line, at, operator))?
    };
    Some(line[..start].chars().count() as u64 + 1)
}

/// The field or method that was looked up.
fn named(message: &str) -> Option<&str> {
    let rest = match message.strip_prefix("attempt to index ") {
        Some(rest) => rest.split_once(" with '")?.1,
        None => message.strip_prefix("attempt to call missing method '")?,
    };
    rest.split('\'').next().filter(|name| !name.is_empty())
}

/// The operator of "attempt to perform arithmetic (mul) on …" and the like.
fn operator(message: &str) -> Option<&'static str> {
    if message.starts_with("attempt to concatenate ") {
        return Some("..");
    }
    let name = message.strip_prefix("attempt to perform arithmetic (")?.split(')').next()?;
    let operators = [
        ("add", "+"),
        ("sub", "-"),
        ("mul", "*"),
        ("div", "/"),
        ("idiv", "//"),
        ("mod", "%"),
        ("pow", "^"),
        ("unm", "-"),
    ];
    operators.iter().find(|(known, _)| *known == name).map(|(_, operator)| *operator)
}

/// The one byte at which `is` holds; `None` when there is none, or more.
fn only(line: &str, is: impl Fn(usize) -> Option<usize>) -> Option<usize> {
    let mut found = line.char_indices().filter_map(|(at, _)| is(at));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Whether `.name` or `:name` begins at `at`; then where the name before the dot begins.
fn is_access(line: &str, at: usize, name: &str) -> Option<usize> {
    let rest = line[at..].strip_prefix(['.', ':'])?;
    let behind = rest.strip_prefix(name)?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    if behind.starts_with(is_word) {
        return None;
    }
    // `item.user.name`: what is nil is `item.user`.
    let before = line[..at].trim_end_matches(|c: char| is_word(c) || c == '.');
    (before.len() < at).then_some(before.len())
}

/// Whether `<`, `>`, `<=` or `>=` begins at `at`; Luau turns the second of them into the first.
fn is_comparison(line: &str, at: usize) -> Option<usize> {
    let arrow = line[..at].ends_with('-');
    is_operator(line, at, "<").or_else(|| is_operator(line, at, ">")).filter(|_| !arrow)
}

fn is_operator(line: &str, at: usize, operator: &str) -> Option<usize> {
    let sign = operator.chars().next()?;
    let behind = line[at..].strip_prefix(operator)?;
    // `--` begins a comment, `...` is no concatenation, `*=` and the like are the operator all the same.
    (!behind.starts_with(sign) && !line[..at].ends_with(sign)).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::column;

    #[test]
    fn a_message_points_at_what_it_names_where_that_is_one_place() {
        for (line, message, expected) in [
            ("local text = html.strip(item.text)", "attempt to index nil with 'text'", Some(25)),
            ("return item.user.name", "attempt to index nil with 'name'", Some(8)),
            ("é(item.x)", "attempt to index number with 'x'", Some(3)),
            ("return a.x + b.x", "attempt to index nil with 'x'", None),
            ("return a.xy", "attempt to index nil with 'x'", None),
            ("return item:up()", "attempt to call missing method 'up' of string", Some(8)),
            ("return item.price * 2", "attempt to perform arithmetic (mul) on nil and number", Some(19)),
            ("return a - b -- c", "attempt to perform arithmetic (sub) on nil and number", Some(10)),
            ("return a .. b", "attempt to concatenate nil with string", Some(10)),
            ("return a + b + c", "attempt to perform arithmetic (add) on nil and number", None),
            ("return x()", "attempt to call a nil value", None),
        ] {
            assert_eq!(column(line, message), expected, "{line}: {message}");
        }
    }
}
