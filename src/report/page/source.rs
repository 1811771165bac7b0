//! This section shows the pipeline as it was, with line numbers that failures link to; its parameters, and what it
//! ran on.

use std::fmt::Write as _;

use super::html::{pairs, text};
use crate::report::account::Account;

/// Bytes of HTML about the lines of all files together.
const BYTES_MAX: usize = 250_000;

/// Where the lines of the shown files are.
pub(super) struct LinePlaces<'a>(&'a [(String, String)]);

impl<'a> LinePlaces<'a> {
    pub(super) fn of(account: &'a Account) -> Self {
        Self(&account.sources)
    }

    /// `file:line:column` as a link to that line, where the page shows it.
    pub(super) fn link(&self, place: &str) -> String {
        let plain = || format!("<span class=\"place\">{}</span>", text(place));
        let mut parts = place.rsplitn(3, ':').collect::<Vec<_>>();
        parts.reverse();
        let (file, line) = match parts[..] {
            [file, line, column] if column.parse::<u64>().is_ok() && line.parse::<u64>().is_ok() => {
                (file, line)
            }
            _ => match place.rsplit_once(':') {
                Some((file, line)) => (file, line),
                None => return plain(),
            },
        };
        let is_it = |name: &str| {
            let ends = |long: &str, short: &str| long.ends_with(&format!("/{short}"));
            name == file || ends(name, file) || ends(file, name)
        };
        match (self.0.iter().position(|(name, _)| is_it(name)), line.parse::<u64>()) {
            (Some(at), Ok(line)) => {
                format!("<a class=\"place\" href=\"#f{at}-{line}\">{}</a>", text(place))
            }
            _ => plain(),
        }
    }
}

/// The files.
pub(super) fn section(out: &mut String, account: &Account) {
    if account.sources.is_empty() {
        return;
    }
    out.push_str("<section aria-labelledby=\"source\"><h2 id=\"source\">Pipeline</h2>\n");
    let mut left = BYTES_MAX;
    for (at, (name, content)) in account.sources.iter().enumerate() {
        let open = if at == 0 { " open" } else { "" };
        let _ = write!(
            out,
            "<details{open}><summary><code>{0}</code></summary><div class=\"wide\" role=\"region\" aria-label=\"{0}\" \
             tabindex=\"0\"><ol class=\"source\">",
            text(name)
        );
        let mut is_cut = false;
        for (number, line) in content.lines().enumerate() {
            let line = format!("<li id=\"f{at}-{}\"><code>{}</code></li>\n", number + 1, text(line));
            if line.len() > left {
                is_cut = true;
                break;
            }
            left -= line.len();
            out.push_str(&line);
        }
        out.push_str("</ol></div>");
        if is_cut {
            out.push_str("<p class=\"about\">The rest is too long to be shown here.</p>");
        }
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
}

/// Parameters and environment.
pub(super) fn surroundings(out: &mut String, account: &Account) {
    let code = |value: &String| format!("<code>{}</code>", super::html::cut(value, 2_000));
    if !account.params.is_empty() {
        out.push_str("<section aria-labelledby=\"params\"><h2 id=\"params\">Parameters</h2>\n");
        let names: Vec<String> = account.params.iter().map(|(name, _)| text(name)).collect();
        let values = account.params.iter().map(|(_, value)| code(value));
        pairs(out, names.iter().map(String::as_str).zip(values));
        out.push_str("</section>\n");
    }
    if !account.environment.is_empty() {
        out.push_str("<section aria-labelledby=\"environment\"><h2 id=\"environment\">Environment</h2>\n");
        let names: Vec<String> = account.environment.iter().map(|(name, _)| text(name)).collect();
        let values = account.environment.iter().map(|(_, value)| code(value));
        pairs(out, names.iter().map(String::as_str).zip(values));
        out.push_str("</section>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_links_where_the_page_shows_their_lines() {
        let sources = [("p.yaml".to_owned(), String::new()), ("lua/a.lua".to_owned(), String::new())];
        let account = Account { sources: sources.to_vec(), ..Account::default() };
        let places = LinePlaces::of(&account);
        for (place, expect) in [
            ("sub/p.yaml:14:22", "<a class=\"place\" href=\"#f0-14\">sub/p.yaml:14:22</a>"),
            ("p.yaml:3", "<a class=\"place\" href=\"#f0-3\">p.yaml:3</a>"),
            ("a.lua:1:1", "<a class=\"place\" href=\"#f1-1\">a.lua:1:1</a>"),
            ("data.jsonl:7", "<span class=\"place\">data.jsonl:7</span>"),
            ("<b>", "<span class=\"place\">&lt;b&gt;</span>"),
        ] {
            assert_eq!(places.link(place), expect);
        }
    }
}
