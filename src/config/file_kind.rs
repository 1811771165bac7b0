//! A file is told to be a pipeline, one that pipelines include, or one with executors, by its text alone: one that cannot be parsed
//! is the one that a check must not pass over.

use std::path::Path;

use super::included::INCLUDED_KEYS;

/// The keys at the top that only a pipeline has.
const PIPELINE_KEYS: [&str; 13] = [
    "version",
    "name",
    "description",
    "params",
    "secrets",
    "defaults",
    "include",
    "lua_path",
    "at_end",
    "keep",
    "steps",
    "tests",
    "x-allow",
];

/// Extensions of YAML files.
pub const EXTENSIONS: [&str; 2] = ["yaml", "yml"];

/// Whether a file is one of YAML by its name.
pub fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
}

/// What a file is to flowrun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A pipeline.
    Pipeline,
    /// Something that pipelines include.
    Included,
    /// Engines that start worker processes.
    Executors,
}

impl FileKind {
    /// What a file is that somebody names as one of these: an included file has no key that only a pipeline has, and a file
    /// with executors no steps.
    pub fn named(bytes: &[u8]) -> Self {
        let keys = top_keys(bytes);
        let is_any = |of: &[&str]| keys.iter().any(|key| of.contains(key));
        if is_any(&["executors"]) && !is_any(&["steps"]) {
            return Self::Executors;
        }
        if is_any(&INCLUDED_KEYS) && !is_any(&PIPELINE_KEYS) { Self::Included } else { Self::Pipeline }
    }

    /// What a file is that lies among others, if it is one of both: a pipeline has steps, and an included file policies or
    /// limits and nothing else that is unknown, because other programs have `env` and `permissions` as well. Executors are
    /// those of other programs, too.
    pub fn found(bytes: &[u8]) -> Option<Self> {
        let keys = top_keys(bytes);
        if keys.contains(&"steps") {
            return Some(Self::Pipeline);
        }
        let is_own = keys.iter().all(|key| INCLUDED_KEYS.contains(key));
        (is_own && (keys.contains(&"policies") || keys.contains(&"rate_limits"))).then_some(Self::Included)
    }
}

/// The keys that lines of the text begin with, quotes taken away.
fn top_keys(bytes: &[u8]) -> Vec<&str> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let key = |line: &'_ [u8]| -> Option<std::ops::Range<usize>> {
        // The whole file may be a map in braces.
        let brace = usize::from(line.starts_with(b"{"));
        let start =
            brace + line[brace..].iter().take_while(|byte| brace == 1 && byte.is_ascii_whitespace()).count();
        let quote = line.get(start).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        let start = start + usize::from(quote.is_some());
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let end = start + line[start..].iter().take_while(is_part).count();
        let rest = match quote {
            Some(quote) => line[end..].strip_prefix(&[quote])?,
            None => &line[end..],
        };
        (end > start && rest.trim_ascii_start().starts_with(b":")).then_some(start..end)
    };
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter_map(|line| std::str::from_utf8(&line[key(line)?]).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_pipelines_are_those_of_the_schema_that_an_included_file_has_not() {
        let schema = crate::config::schema();
        let all = schema["properties"].as_object().expect("a map").keys().map(String::as_str);
        let mut own: Vec<&str> = all.filter(|key| !INCLUDED_KEYS.contains(key)).collect();
        let mut known = PIPELINE_KEYS.to_vec();
        own.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, own);
    }

    #[test]
    fn files_among_others_are_told_by_their_keys_at_the_top() {
        use FileKind::{Included, Pipeline};
        for (text, expect) in [
            ("version: 1\nsteps:\n  a: {}\n", Some(Pipeline)),
            ("\u{feff}steps: {}\n", Some(Pipeline)),
            ("steps :\r\n", Some(Pipeline)),
            ("\"steps\": {}", Some(Pipeline)),
            ("{\n  version: 1}\n", None),
            ("{ steps: {} }\n", Some(Pipeline)),
            ("jobs:\n  steps:\n", None),
            ("stepsize: 1\n", None),
            ("# steps:\n", None),
            ("steps: [unclosed\n\t", Some(Pipeline)),
            ("", None),
            ("policies:\n  api: [unclosed\n", Some(Included)),
            ("# shared\nenv:\n  A: b\n'rate_limits': { a: 1/s }\n", Some(Included)),
            ("permissions:\n  net: [x]\nenv: {}\n", None),
            ("policies: {}\nother: 1\n", None),
            ("{ policies: {} }", Some(Included)),
            ("\"policies: {}", None),
        ] {
            assert_eq!(FileKind::found(text.as_bytes()), expect, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_is_named_is_an_included_one_unless_it_has_a_key_of_pipelines() {
        use FileKind::{Executors, Included, Pipeline};
        for (text, expect) in [
            ("env: { A: b }\n", Included),
            ("permissions: { net: [x] }\nother: 1\n", Included),
            ("policies: {}\nversion: 1\n", Pipeline),
            ("stps: {}\n", Pipeline),
            ("version: 1\nexecutors: {}\n", Executors),
            ("executors: {}\nsteps: {}\n", Pipeline),
            ("", Pipeline),
        ] {
            assert_eq!(FileKind::named(text.as_bytes()), expect, "{text:?}");
        }
    }
}
