//! This module counts how deep brackets stand within each other, for texts that go to parsers which recurse. It knows no quotes: a
//! bracket in a quoted part counts as well.

/// Alternatives within each other in a pattern of file names.
const BRACES_MAX: usize = 16;

/// Refuses a pattern of file names with too many braces within each other: `globset` does not expect that it makes an
/// expression which is refused, and panics.
///
/// # Errors
/// Fails when there are more than that, and says how many there may be.
pub fn check_braces(pattern: &str) -> Result<(), String> {
    if deepest(pattern, b"{", b"}") > BRACES_MAX {
        return Err(format!("it has more than {BRACES_MAX} braces within each other"));
    }
    Ok(())
}

/// The most brackets of `open` within each other, each closed by any of `close`.
pub fn deepest(text: &str, open: &[u8], close: &[u8]) -> usize {
    let depths = text.bytes().scan(0_usize, |depth, byte| {
        if open.contains(&byte) {
            *depth += 1;
        } else if close.contains(&byte) {
            *depth = depth.saturating_sub(1);
        }
        Some(*depth)
    });
    depths.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::deepest;

    #[test]
    fn the_deepest_bracket_counts() {
        for (text, expect) in [("", 0), ("a{b,{c}}{d}", 2), ("}}{", 1), ("{{{", 3)] {
            assert_eq!(deepest(text, b"{", b"}"), expect, "{text}");
        }
    }
}
