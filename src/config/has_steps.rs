//! A file is told to be a pipeline by its text alone.

/// Whether a line of the text begins with the key. Files are told apart by their text, not by parsing them: one that
/// cannot be parsed is the one that a check must not pass over.
pub fn has_steps(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.split(|byte| *byte == b'\n').any(|line| {
        // The whole file may be a map in braces.
        let line = line.strip_prefix(b"{").map_or(line, <[u8]>::trim_ascii_start);
        let key =
            [&b"steps"[..], b"\"steps\"", b"'steps'"].into_iter().find_map(|key| line.strip_prefix(key));
        key.is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_with_a_top_level_steps_key_are_pipelines() {
        for (text, expect) in [
            ("version: 1\nsteps:\n  a: {}\n", true),
            ("\u{feff}steps: {}\n", true),
            ("steps :\r\n", true),
            ("\"steps\": {}", true),
            ("{\n  version: 1}\n", false),
            ("{ steps: {} }\n", true),
            ("jobs:\n  steps:\n", false),
            ("stepsize: 1\n", false),
            ("# steps:\n", false),
            ("steps: [unclosed\n\t", true),
            ("", false),
        ] {
            assert_eq!(has_steps(text.as_bytes()), expect, "{text:?}");
        }
    }
}
