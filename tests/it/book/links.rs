//! Links between pages, to files of the repository, and to headings.

use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::page::{self, Page, root};

/// What lies in the repository but not in the book is linked to like this, so that it is found from a copy of the book too.
const REPOSITORY: [&str; 2] =
    ["https://github.com/flowrun/flowrun/blob/main/", "https://github.com/flowrun/flowrun/tree/main/"];

static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\]\(([^()\s]+)\)|(?:src|href)=.([^\s>]+?)[\x22']").expect("a pattern"));
static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"``.*?``|`[^`]*`").expect("a pattern"));

/// Line and target of every link outside of code.
pub(super) fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in page::prose(text) {
        let line = CODE.replace_all(line, "`code`");
        found.extend(LINK.captures_iter(&line).map(|link| {
            let target = link.get(1).or(link.get(2)).expect("one of both");
            (number, target.as_str().to_owned())
        }));
    }
    found
}

/// The links of a page that lead nowhere.
pub(super) fn wrong(page: &Page) -> Vec<String> {
    let folder = Path::new(&page.name).parent().expect("a file").to_owned();
    let mut wrong = Vec::new();
    for (number, link) in links(&page.text) {
        let local = REPOSITORY.iter().find_map(|start| link.strip_prefix(start));
        if local.is_none() && (link.contains("://") || link.starts_with("mailto:")) {
            continue;
        }
        let (path, anchor) = local.unwrap_or(&link).split_once('#').unwrap_or((local.unwrap_or(&link), ""));
        let target = match (path, local) {
            ("", _) => PathBuf::from(&page.name),
            (path, Some(_)) => PathBuf::from(path),
            (path, None) => normal(&folder.join(path)),
        };
        let here = format!("{}:{number}: {link}", page.name);
        if !root().join(&target).exists() {
            wrong.push(format!("{here} is not there"));
        } else if !anchor.is_empty() && !anchors(&target).iter().any(|there| there == anchor) {
            wrong.push(format!("{here} has no such heading"));
        } else if page.name.starts_with("docs/") && local.is_none() && !target.starts_with("docs") {
            wrong.push(format!("{here} leads out of the book"));
        }
    }
    wrong
}

/// `a/../b` as `b`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => _ = normal.pop(),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// The names of headings as GitHub and mdBook make them.
fn anchors(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    let anchor = |title: &str| -> String {
        let kept = |c: char| match c {
            c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_lowercase().next().unwrap_or(c)),
            ' ' => Some('-'),
            _ => None,
        };
        title.chars().filter_map(kept).collect()
    };
    let mut found: Vec<String> = Vec::new();
    for (_, title) in page::headings(&text) {
        let name = anchor(title);
        let before = found.iter().filter(|other| **other == name).count();
        found.push(if before == 0 { name } else { format!("{name}-{before}") });
    }
    found
}
