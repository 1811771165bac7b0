//! The filter `urlize` makes links of URLs and mail addresses in a text, by the rules of Jinja2.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value};
use regex::Regex;

use super::arguments::{Given, refusal};
use super::charge::{charge, measure};
use super::escape::{escaped, text};
use super::objects;
use super::shown::ShownStyle;

/// What the parts of a link may look like: with a scheme or `www`, with a well-known ending, or an address in numbers.
static URL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)^(?:(?:https?://|www\.)(?:[\w%-]+\.)*(?:[a-z]{2,63}|xn--[\w%]{2,59})",
        r"|(?:[\w%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)",
        r"|https?://(?:\d{1,3}(?:\.\d{1,3}){3}|\[(?:[\da-f]{0,4}:){2}(?:[\da-f]{0,4}:?){1,6}\]))",
        r"(?::\d{1,5})?(?:[/?#]\S*)?\n?$"
    ))
    .expect("the pattern is one")
});
static MAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\S+@\w[\w.-]*\.\w+\n?$").expect("the pattern is one"));
static SCHEME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[\w.+-]{2,}:/{0,2}$").expect("the pattern is one"));

/// What the `rel` of every link has.
const REL: &str = "noopener";

/// What may stand before a link, and behind it.
const BEFORE: [&str; 3] = ["(", "<", "&lt;"];
const BEHIND: [&str; 6] = [")", ">", ".", ",", "\n", "&gt;"];
/// What belongs together.
const PAIRS: [(&str, &str); 3] = [("(", ")"), ("<", ">"), ("&lt;", "&gt;")];

/// Adds the filter.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter("urlize", |state: &mut State, values: Rest<ValueOrKwargs>| {
        let values = values.into_values();
        let (value, rest) = values.split_first().ok_or_else(|| Error::from(ErrorKind::MissingArgument))?;
        measure(state, value, ShownStyle::default())?;
        if value.kind() == ValueKind::Undefined {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        let plain = text(value);
        let safe = if value.is_safe() { plain } else { escaped(&plain) };
        charge(state, safe.len())?;
        let linked = Links::of(rest)?.linked(state, &safe)?;
        Ok(Value::from(linked))
    });
}

/// How links are written.
struct Links {
    /// Characters that are shown of one.
    shown: Option<usize>,
    /// `rel` and `target`.
    attributes: String,
    schemes: Vec<String>,
}

impl Links {
    fn of(values: &[Value]) -> Result<Self, Error> {
        let given = Given::of(values, &["trim_url_limit", "nofollow", "target", "rel", "extra_schemes"])?;
        let shown = given.integer(0)?;
        let shown = shown.map(usize::try_from).transpose();
        let shown = shown.map_err(|_| refusal("`urlize` takes no number below 0"))?;
        let rel = given.text(3)?.unwrap_or_default();
        let mut rel: BTreeSet<&str> = rel.split_whitespace().collect();
        rel.insert(REL);
        if given.truth(1)? {
            rel.insert("nofollow");
        }
        let rel = rel.into_iter().collect::<Vec<_>>().join(" ");
        let mut attributes = format!(" rel=\"{}\"", escaped(&rel));
        if let Some(target) = given.text(2)?.filter(|target| !target.is_empty()) {
            attributes = format!("{attributes} target=\"{}\"", escaped(&target));
        }
        let mut schemes = Vec::new();
        if let Some(list) = given.value(4)? {
            for scheme in list.try_iter()? {
                let scheme = scheme.as_str().unwrap_or_default().to_owned();
                if !SCHEME.is_match(&scheme) {
                    return Err(refusal(format!("`{scheme}` is no beginning of a URL, as `tel:` is")));
                }
                schemes.push(scheme);
            }
        }
        Ok(Self { shown, attributes, schemes })
    }

    fn linked(&self, state: &State, text: &str) -> Result<String, Error> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            objects::look_each()?;
            let end = rest.find(is_space).unwrap_or(rest.len());
            let before = out.len();
            self.word(&mut out, &rest[..end]);
            charge(state, out.len() - before)?;
            rest = &rest[end..];
            let end = rest.find(|sign: char| !is_space(sign)).unwrap_or(rest.len());
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        Ok(out)
    }

    fn word(&self, out: &mut String, word: &str) {
        let mut middle = word;
        while let Some(sign) = BEFORE.iter().find(|sign| middle.starts_with(**sign)) {
            middle = &middle[sign.len()..];
        }
        out.push_str(&word[..word.len() - middle.len()]);
        let whole = middle;
        while let Some(sign) = BEHIND.iter().find(|sign| middle.ends_with(**sign)) {
            middle = &middle[..middle.len() - sign.len()];
        }
        let middle = balanced(whole, middle.len());
        self.link(out, middle);
        out.push_str(&whole[middle.len()..]);
    }

    fn link(&self, out: &mut String, link: &str) {
        let attributes = &self.attributes;
        let shown = match self.shown.and_then(|most| link.char_indices().nth(most)) {
            Some((at, _)) => format!("{}...", &link[..at]),
            None => link.to_owned(),
        };
        let is_mail = || {
            link.contains('@')
                && !link.starts_with("www.")
                && !link.starts_with('@')
                && !link.contains(':')
                && MAIL.is_match(link)
        };
        let made = if URL.is_match(link) {
            let has_scheme = link.starts_with("https://") || link.starts_with("http://");
            let scheme = if has_scheme { "" } else { "https://" };
            format!("<a href=\"{scheme}{link}\"{attributes}>{shown}</a>")
        } else if let Some(address) = link.strip_prefix("mailto:").filter(|address| MAIL.is_match(address)) {
            format!("<a href=\"{link}\">{address}</a>")
        } else if is_mail() {
            format!("<a href=\"mailto:{link}\">{link}</a>")
        } else if self.schemes.iter().any(|scheme| link != scheme && link.starts_with(scheme.as_str())) {
            format!("<a href=\"{link}\"{attributes}>{link}</a>")
        } else {
            link.to_owned()
        };
        out.push_str(&made);
    }
}

/// White space as Python has it.
fn is_space(sign: char) -> bool {
    sign.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&sign)
}

/// The beginning of a word that is at least so long, with those signs behind it that close what it opens.
fn balanced(word: &str, len: usize) -> &str {
    let mut len = len;
    for (open, close) in PAIRS {
        let (middle, tail) = word.split_at(len);
        let opened = middle.matches(open).count();
        if opened > middle.matches(close).count()
            && let Some((at, _)) = tail.match_indices(close).take(opened).last()
        {
            len += at + close.len();
        }
    }
    &word[..len]
}
