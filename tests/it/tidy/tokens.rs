//! Rust's text is taken apart into words, without comments, texts and whatever only tests see.

/// The words of a source: names, `::`, and every other sign by itself.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |length| (length, !first.is_whitespace());
        let (length, is_word) = match silent(rest) {
            Some(length) => (length, false),
            None if is_name(first) => word(rest.find(|c| !is_name(c)).unwrap_or(rest.len())),
            None if rest.starts_with("::") => word(2),
            None => word(first.len_utf8()),
        };
        if is_word {
            found.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    without_tests(&found)
}

pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// How many bytes at the start are a comment, a text, a character or a lifetime.
fn silent(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if let Some(text) = rest.strip_prefix('"') {
        return Some(1 + end_of_text(text, '"')?);
    }
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')).unwrap_or("");
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    if raw[hashes..].starts_with('"') {
        let start = rest.len() - raw.len() + hashes + 1;
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(start + rest[start..].find(&end)? + end.len());
    }
    let after = rest.strip_prefix('\'')?;
    let is_lifetime = after.starts_with(is_name) && after.chars().nth(1) != Some('\'');
    let length = if is_lifetime { after.find(|c| !is_name(c)) } else { end_of_text(after, '\'') };
    Some(1 + length?)
}

/// The bytes up to the closing quote, with it; what follows a backslash closes nothing.
fn end_of_text(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.char_indices().find(|&(_, c)| {
        let closes = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        closes
    });
    end.map(|(at, _)| at + 1)
}

/// Leaves out each item that stands under `#[cfg(test)]`.
fn without_tests<'a>(tokens: &[&'a str]) -> Vec<&'a str> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].starts_with(&MARK) {
            at += MARK.len();
            at += end_of_item(&tokens[at..]);
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// How many words belong to the item at the start: up to its semicolon or its closing brace.
fn end_of_item(tokens: &[&str]) -> usize {
    let mut depth = 0_usize;
    let end = tokens.iter().position(|token| {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(*token, ";" | "}")
    });
    end.map_or(tokens.len(), |end| end + 1)
}
