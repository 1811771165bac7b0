//! A relative reference is a URL without its scheme: it means something only where it stands.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::{ParseError, Url};

/// What is encoded in a fragment, in a query and in a path (the WHATWG standard's sets).
const FRAGMENT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');
const PATH: &AsciiSet = &QUERY.add(b'?').add(b'^').add(b'`').add(b'{').add(b'}');

/// The parts of one.
pub(super) struct Reference<'a> {
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// The parts of a text that can be nothing else: `example.com/a` and `//example.com` may be meant with a scheme.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let is_relative = ["/", "./", "../", "?", "#"].iter().any(|start| text.starts_with(start));
        if !is_relative || text.starts_with("//") {
            return None;
        }
        let (text, fragment) = split(text, '#');
        let (path, query) = split(text, '?');
        Some(Self { path, query, fragment })
    }

    /// Its text, with what needs it encoded.
    pub(super) fn text(&self) -> String {
        let first = self.path.split('/').next().unwrap_or_default();
        let start = if self.path.starts_with("//") {
            // It would be a host.
            "/."
        } else if first.contains(':') {
            // It would be a scheme.
            "./"
        } else {
            ""
        };
        let mut text = start.to_owned();
        text.extend(utf8_percent_encode(self.path, PATH));
        for (sign, part, set) in [('?', self.query, QUERY), ('#', self.fragment, FRAGMENT)] {
            if let Some(part) = part {
                text.push(sign);
                text.extend(utf8_percent_encode(part, set));
            }
        }
        text
    }
}

/// Where a reference leads in a document at `base`, which has no scheme: so the answer has none either, unless the reference has.
pub(super) fn join(base: &str, reference: &str) -> Result<String, ParseError> {
    const ROOT: &str = "https://relative.invalid";
    let whole = match base.as_bytes() {
        [b'/', b'/', ..] => format!("https:{base}"),
        [b'/', ..] => format!("{ROOT}{base}"),
        _ => format!("{ROOT}/{base}"),
    };
    let joined = match Url::parse(reference) {
        Err(ParseError::RelativeUrlWithoutBase) => String::from(Url::parse(&whole)?.join(reference)?),
        absolute => return absolute.map(String::from),
    };
    let Some(path) = joined.strip_prefix(ROOT) else {
        return Ok(joined.trim_start_matches("https:").to_owned());
    };
    let is_rooted = [base, reference].iter().any(|text| text.starts_with(['/', '\\']));
    let path = if is_rooted { path } else { path.trim_start_matches('/') };
    Ok(path.to_owned())
}

fn split(text: &str, sign: char) -> (&str, Option<&str>) {
    text.split_once(sign).map_or((text, None), |(before, behind)| (before, Some(behind)))
}
