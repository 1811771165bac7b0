//! `url` takes addresses apart and puts them together, as browsers read them (the WHATWG standard).
//!
//! It asks no network; `http` decides what may be reached.

mod reference;

use mlua::{Table, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use url::{ParseError, Url, form_urlencoded};

use super::call::Call;
use super::function::{Function, Module};
use super::options::{Options, Pairs, pairs};

use reference::Reference;

const URL: Module = Module("url");

pub(super) const FUNCTIONS: &[Function] = &[
    URL.rust("parse", "(s: string): {[string]: any}", |bind| bind.to(parse)).explained(
        "The parts of a URL: `scheme`, `user`, `password`, `host`, `port` (a number), `path`, `query`, `fragment`; nil for \
         those that are not there, the port included when it is the scheme's own. `mailto:`, `data:`, `file:` and their \
         like have no host, and what begins with `/`, `//`, `./`, `../`, `?` or `#` has no scheme.",
        r#"url.parse("https://ada@example.com:8443/a%20b?x=1&y=2#top")"#,
        r#"{scheme = "https", user = "ada", host = "example.com", port = 8443, path = "/a%20b", query = "x=1&y=2", fragment = "top"}"#,
    ),
    URL.rust("build", "(parts: {[string]: any}): string", |bind| bind.to(build)).explained(
        "The URL of such parts, with what needs it encoded; `query` may also be a table. Without a host it is one such as \
         `mailto:`, without a scheme one relative to others.",
        r#"url.build({scheme = "https", host = "example.com", path = "/a b", query = {tag = {"x", "y&z"}, n = 1}})"#,
        r#""https://example.com/a%20b?n=1&tag=x&tag=y%26z""#,
    ),
    URL.rust("join", "(base: string, reference: string): string", |bind| bind.to(join)).explained(
        "Where a reference leads that stands in the document at `base`, which may be relative itself.",
        r#"url.join("https://example.com/docs/a.html", "../img/b.png")"#,
        r#""https://example.com/img/b.png""#,
    ),
    URL.rust("encode", "(s: string | {[string]: any}): string", |bind| bind.to(encode)).explained(
        "Text for one place in a URL: all but letters, digits and `-_.~` as `%XX`; of a table, a query.",
        r#"url.encode("a b/c&d"), url.encode({q = "a b", n = 2})"#,
        r#""a%20b%2Fc%26d", "n=2&q=a+b""#,
    ),
    URL.rust("decode", "(s: string): string", |bind| bind.to(decode)).explained(
        "Text with its `%XX` decoded; `+` stays as it is.",
        r#"url.decode("a%20b%2Fc+d")"#,
        r#""a b/c+d""#,
    ),
];

/// What stays as it is everywhere in a URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The URL in argument `at`.
pub(super) fn absolute(call: &Call<'_>, at: usize, value: &Value) -> mlua::Result<Url> {
    let text = call.text(at, value)?;
    // What is percent-encoded is three times as long.
    call.room_for(text.len().saturating_mul(3))?;
    Url::parse(&text).map_err(|error| call.bad_because(at, &refusal(&text, error)))
}

/// Why `text` is no URL. Without what may be a password in it.
pub(super) fn refusal(text: &str, error: ParseError) -> String {
    if error == ParseError::RelativeUrlWithoutBase {
        return format!("`{}` has no scheme such as `https://`", text.chars().take(60).collect::<String>());
    }
    format!("this is no URL: {error}")
}

fn parse(call: &Call<'_>, s: &Value) -> mlua::Result<Table> {
    let text = call.text(1, s)?;
    let parts = call.lua.create_table()?;
    if let Some(reference) = Reference::of(&text) {
        parts.raw_set("path", reference.path)?;
        parts.raw_set("query", reference.query)?;
        parts.raw_set("fragment", reference.fragment)?;
        return Ok(parts);
    }
    let mut url = absolute(call, 1, s);
    let is_schemeless = text.starts_with("//");
    if is_schemeless {
        url = of_any_scheme(call, &text);
    }
    let url = url?;
    let decoded = |text: &str| call.new_string(percent_decode(text.as_bytes()).collect::<Vec<u8>>());
    if !is_schemeless {
        parts.raw_set("scheme", url.scheme())?;
    }
    if !url.username().is_empty() {
        parts.raw_set("user", decoded(url.username())?)?;
    }
    if let Some(password) = url.password() {
        parts.raw_set("password", decoded(password)?)?;
    }
    parts.raw_set("host", url.host_str().filter(|host| !host.is_empty()))?;
    parts.raw_set("port", url.port())?;
    parts.raw_set("path", url.path())?;
    parts.raw_set("query", url.query())?;
    parts.raw_set("fragment", url.fragment())?;
    Ok(parts)
}

/// The URL of a text that begins with `//`. Its scheme is that of the document it stands in, and so is the port that need not
/// be said.
fn of_any_scheme(call: &Call<'_>, text: &str) -> mlua::Result<Url> {
    let of = |scheme: &str| {
        let whole = format!("{scheme}:{text}");
        Url::parse(&whole).map_err(|error| call.bad_because(1, &refusal(&whole, error)))
    };
    let url = of("https")?;
    if url.port().is_none() { of("http") } else { Ok(url) }
}

fn build(call: &Call<'_>, parts: &Value) -> mlua::Result<String> {
    let names = ["scheme", "user", "password", "host", "port", "path", "query", "fragment"];
    if parts.is_nil() {
        return Err(call.bad(1, "table", parts));
    }
    let options = Options::of(call, 1, parts, &names)?;
    let refuse = |why: String| call.bad_because(1, &why);
    let scheme = options.text("scheme")?;
    let path = options.text("path")?.unwrap_or_default();
    let query = query(call, &options)?;
    let fragment = options.text("fragment")?;
    // What is percent-encoded is three times as long.
    let len = path.len() + query.as_ref().map_or(0, String::len) + fragment.as_ref().map_or(0, String::len);
    call.room_for(len.saturating_mul(3))?;
    let Some(host) = options.text("host")?.filter(|host| !host.is_empty()) else {
        for name in ["user", "password", "port"] {
            if !options.value(name)?.is_nil() {
                return Err(refuse(format!("`{name}` needs a `host`")));
            }
        }
        let text = match scheme {
            None if path.is_empty() && query.is_none() && fragment.is_none() => {
                return Err(refuse("`scheme` is missing".to_owned()));
            }
            None => Reference { path: &path, query: query.as_deref(), fragment: fragment.as_deref() }.text(),
            Some(scheme) => {
                without_host(&scheme, &path, query.as_deref(), fragment.as_deref()).map_err(refuse)?
            }
        };
        return Ok(text);
    };
    let scheme = scheme.ok_or_else(|| refuse("`scheme` is missing".to_owned()))?;
    let mut url = with_host(&scheme, &host).map_err(refuse)?;
    let impossible = |name: &str| refuse(format!("`{name}` cannot be part of a URL of scheme `{scheme}`"));
    if let Some(user) = options.text("user")? {
        url.set_username(&user).map_err(|()| impossible("user"))?;
    }
    if let Some(password) = options.text("password")? {
        url.set_password(Some(&password)).map_err(|()| impossible("password"))?;
    }
    let port = options.value("port")?;
    if !port.is_nil() {
        let number = call.integer(1, &port).ok().and_then(|port| u16::try_from(port).ok());
        let number = number.ok_or_else(|| refuse("`port` must be a number from 0 to 65535".to_owned()))?;
        url.set_port(Some(number)).map_err(|()| impossible("port"))?;
    }
    if !path.is_empty() {
        url.set_path(&path);
    }
    url.set_query(query.as_deref());
    url.set_fragment(fragment.as_deref());
    Ok(url.into())
}

/// The query of the parts, which may be a table.
fn query(call: &Call<'_>, options: &Options<'_>) -> mlua::Result<Option<String>> {
    let Value::Table(table) = options.value("query")? else { return options.text("query") };
    let query = pairs(call, &table, |why| call.bad_because(1, &format!("`query` {why}")))?;
    call.room_for(query_len(&query))?;
    Ok(Some(query_text(&query)).filter(|query| !query.is_empty()))
}

fn with_host(scheme: &str, host: &str) -> Result<Url, String> {
    let is_address = host.contains(':') && !host.starts_with('[');
    let host = if is_address { format!("[{host}]") } else { host.to_owned() };
    if host.contains(|c: char| matches!(c, '/' | '?' | '#' | '@' | '\\') || c.is_control()) {
        return Err(format!("`{host}` is no host"));
    }
    let base = format!("{scheme}://{host}");
    Url::parse(&base).map_err(|error| refusal(&base, error))
}

/// A URL such as `mailto:` or `file:`, of a scheme that needs no host.
fn without_host(
    scheme: &str,
    path: &str,
    query: Option<&str>,
    fragment: Option<&str>,
) -> Result<String, String> {
    let name = scheme.to_ascii_lowercase();
    if matches!(&*name, "http" | "https" | "ws" | "wss" | "ftp") {
        return Err("`host` is missing".to_owned());
    }
    let path = path.replace('?', "%3F").replace('#', "%23");
    let start = match &*name {
        "file" if path.starts_with('/') => "//",
        "file" => "///",
        // It would be a host.
        _ if path.starts_with("//") => "/.",
        _ => "",
    };
    let text = format!("{scheme}:{start}{path}");
    let mut url = Url::parse(&text).map_err(|error| refusal(&text, error))?;
    if url.scheme() != name {
        return Err(format!("`{scheme}` is no scheme"));
    }
    url.set_query(query);
    url.set_fragment(fragment);
    Ok(url.into())
}

fn join(call: &Call<'_>, (base, reference): &(Value, Value)) -> mlua::Result<String> {
    let (text, reference) = (call.text(1, base)?, call.text(2, reference)?);
    let refuse = |error| call.bad_because(2, &refusal(&reference, error));
    // What is percent-encoded is three times as long.
    call.room_for((text.len() + reference.len()).saturating_mul(3))?;
    if Url::parse(&text) == Err(ParseError::RelativeUrlWithoutBase) {
        return reference::join(&text, &reference).map_err(refuse);
    }
    let joined = absolute(call, 1, base)?.join(&reference).map_err(refuse)?;
    Ok(joined.into())
}

fn encode(call: &Call<'_>, s: &Value) -> mlua::Result<String> {
    if let Value::Table(table) = s {
        let pairs = pairs(call, table, |why| call.bad_because(1, &format!("the table {why}")))?;
        call.room_for(query_len(&pairs))?;
        return Ok(query_text(&pairs));
    }
    let bytes = call.bytes(1, s)?;
    call.room_for(bytes.len().saturating_mul(3))?;
    Ok(percent_encode(&bytes, ENCODED).to_string())
}

fn decode(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    call.room_for(bytes.len())?;
    call.build(|out| {
        out.extend(percent_decode(&bytes));
        Ok(())
    })
}

/// At most as long as [`query_text`] makes them.
pub(super) fn query_len(pairs: &Pairs) -> usize {
    pairs.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum()
}

/// `a=1&b=2`, as forms are sent.
pub(super) fn query_text(pairs: &Pairs) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        query.push('=');
        query.extend(form_urlencoded::byte_serialize(value));
    }
    query
}
