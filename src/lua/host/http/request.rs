//! This module checks a request as a Lua function describes it, before anything is sent.

use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use mlua::{LuaString, Value};
use url::Url;

use crate::lua::gates::Visit;
use crate::lua::host::call::Call;
use crate::lua::host::options::Options;
use crate::lua::host::outside::Account;
use crate::lua::host::url as urls;
use crate::lua::host_error::HostError;
use crate::lua::permissions::Permissions;
use crate::lua::raw::Current;
use crate::runtime::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use crate::runtime::http::{Authorities, Method, Request};

/// Bytes of an answer, unless `max_bytes` says otherwise.
const BYTES_MAX: usize = 64_000_000;

/// What options of a request there are.
const OPTIONS: [&str; 10] =
    ["query", "headers", "json", "form", "body", "timeout", "max_bytes", "limit", "save", "ca"];

/// Bytes of a file of certificates; those of a whole system have a quarter of a million.
const PEM_BYTES_MAX: u64 = 4 << 20;

/// A request that was checked and may be sent.
#[derive(Debug)]
pub(super) struct CheckedRequest {
    pub(super) request: Request,
    pub(super) timeout: Option<Duration>,
    /// Where it waits for its turn under a rate limit.
    pub(super) entrance: Option<Visit>,
    /// The file that the body of its answer goes to.
    pub(super) save: Option<String>,
    /// What it and its answer may hold here.
    pub(super) account: Account,
}

impl CheckedRequest {
    /// Reads the arguments of `http.get(url, options)` or `http.request(options)`; `json` is the option of that name,
    /// already written.
    pub(super) fn read(
        call: &Call<'_>,
        url: &Value,
        options: &Value,
        json: Option<&LuaString>,
    ) -> mlua::Result<Self> {
        let free = call.name.function == "request";
        let at = if free { 1 } else { 2 };
        let target = address(call, url)?;
        let names: Vec<&str> =
            OPTIONS.iter().chain(if free { &["url", "method"][..] } else { &[] }).copied().collect();
        let options = Options::of(call, at, options, &names)?;
        let timeout = options.seconds("timeout")?;
        let entrance = options.text("limit")?.map(|limit| entrance(call, at, &limit)).transpose()?;
        let mut request = Request {
            method: method(call, at, &options)?,
            url: target,
            headers: headers(call, at, &options)?,
            body: None,
            bytes_max: options.size("max_bytes", BYTES_MAX)?,
            authorities: options.text("ca")?.map(|path| authorities(call, at, &path)).transpose()?,
            mask: call.lua.app_data_ref::<Rc<Current>>().map(|vm| vm.mask.clone()).unwrap_or_default(),
        };
        let query = options.pairs("query")?;
        if !query.is_empty() {
            call.room_for(urls::query_len(&query))?;
            let added = urls::query_text(&query);
            let all = match request.url.query() {
                Some(given) if !given.is_empty() => format!("{given}&{added}"),
                _ => added,
            };
            request.url.set_query(Some(&all));
        }
        fill(&mut request, call, at, &options, json)?;
        let save = options.text("save")?;
        if let Some(path) = &save {
            call.path_len(at, path.len())?;
        }
        let account = call.account()?;
        // Twice: what is sent is a copy, because a redirect may ask for it again.
        account.take(request.body.as_ref().map_or(0, |body| 2 * body.len()))?;
        Ok(Self { request, timeout, entrance, save, account })
    }
}

/// The gate of the rate limit of this name.
fn entrance(call: &Call<'_>, at: usize, limit: &str) -> mlua::Result<Visit> {
    let current = call.lua.app_data_ref::<Rc<Current>>();
    if let Some(entrance) = current.as_ref().and_then(|current| current.gates.get(limit)) {
        return Ok(entrance);
    }
    let names =
        |current: &Rc<Current>| current.gates.names().map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let names = current.as_ref().map(|current| names(current)).unwrap_or_default();
    let known = match names.as_slice() {
        [] => format!("declare it at the top of the file, `rate_limits: {{ {limit}: 20/s }}`"),
        names => format!("the rate limits of this file: {}", names.join(", ")),
    };
    Err(HostError::refusal(format!(
        "bad argument #{at} to `{}` (there is no rate limit `{limit}`; {known})",
        call.name
    ))
    .into())
}

/// The certificates in a file that may be read.
fn authorities(call: &Call<'_>, at: usize, path: &str) -> mlua::Result<Authorities> {
    call.path_len(at, path.len())?;
    let failed = |error: io::Error| call.fail(&format!("cannot read `{path}`: {error}"));
    let file = call.state.permissions.open(Path::new(path))?.map_err(failed)?;
    let mut pem = Vec::new();
    file.take(PEM_BYTES_MAX).read_to_end(&mut pem).map_err(failed)?;
    let wrong = |why: &str| {
        call.bad_because(at, &format!("`ca` takes a PEM file with certificates, and in `{path}` {why}"))
    };
    Authorities::read(&pem).map_err(wrong)
}

/// The method of a request: that of the function's name, or the option.
fn method(call: &Call<'_>, at: usize, options: &Options<'_>) -> mlua::Result<Method> {
    let known = |name: &str| name.to_ascii_uppercase().parse::<Method>();
    match options.text("method")? {
        Some(name) => known(&name).map_err(|_| call.bad_because(at, &format!("`{name}` is no method"))),
        None if call.name.function == "request" => Ok(Method::GET),
        None => Ok(known(call.name.function).expect("the functions are named after methods")),
    }
}

/// Sets the body, and its type unless a header says it.
fn fill(
    request: &mut Request,
    call: &Call<'_>,
    at: usize,
    options: &Options<'_>,
    json: Option<&LuaString>,
) -> mlua::Result<()> {
    let given = [json.is_some(), options.has("form")?, options.has("body")?];
    if given.iter().filter(|given| **given).count() > 1 {
        return Err(call.bad_because(at, "only one of `json`, `form` and `body` can be sent"));
    }
    let (body, kind) = if let Some(json) = json {
        call.room_for(json.as_bytes().len())?;
        (json.as_bytes().to_vec(), Some("application/json"))
    } else if options.has("form")? {
        let form = options.pairs("form")?;
        call.room_for(urls::query_len(&form))?;
        let form = urls::query_text(&form);
        (form.into_bytes(), Some("application/x-www-form-urlencoded"))
    } else if let Some(body) = options.bytes("body")? {
        (body, None)
    } else {
        return Ok(());
    };
    request.body = Some(body);
    if let Some(kind) = kind {
        request.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    }
    Ok(())
}

/// The URL of a request, in its first argument or in the option of that name.
fn address(call: &Call<'_>, url: &Value) -> mlua::Result<Url> {
    if call.name.function == "request" && !url.is_string() {
        return Err(call.bad_because(1, "the option `url` must be a string"));
    }
    let mut url = urls::absolute(call, 1, url)?;
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme();
        return Err(call.bad_because(1, &format!("`http://` or `https://` expected, got `{scheme}:`")));
    }
    url.set_fragment(None);
    Ok(url)
}

fn headers(call: &Call<'_>, at: usize, options: &Options<'_>) -> mlua::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in options.pairs("headers")? {
        let parsed = HeaderName::from_bytes(name.as_bytes());
        let parsed = parsed.map_err(|_| call.bad_because(at, &format!("`{name}` is no name of a header")))?;
        // The value is not shown: it may be a key.
        let value = HeaderValue::from_bytes(&value).map_err(|_| {
            call.bad_because(at, &format!("the header `{name}` has bytes that cannot be sent"))
        })?;
        if [CONTENT_LENGTH, TRANSFER_ENCODING].contains(&parsed) {
            // Two lengths of one body are read differently by those on the way.
            return Err(call.refuse(&format!("takes no header `{name}`: flowrun counts the body itself")));
        }
        headers.append(parsed, value);
    }
    Ok(headers)
}

/// Whether the hosts may be reached that a request begins with: that of its URL, and one in a header `Host`, by which a
/// server tells those apart that it answers for.
pub(super) fn permit_first(call: &Call<'_>, request: &Request) -> mlua::Result<()> {
    let permissions = &call.state.permissions;
    permit(permissions, &request.url)?;
    let mut named = request.headers.get_all(HOST).iter();
    let Some(value) = named.next() else { return Ok(()) };
    let wrong = || call.refuse("takes one header `Host`, with the name of a host and perhaps a port");
    let (host, port) = named_host(value).filter(|_| named.next().is_none()).ok_or_else(wrong)?;
    let own_port = request.url.port_or_known_default().unwrap_or_default();
    if request.url.host_str() == Some(&host) && port.is_none_or(|port| port == own_port) {
        return Ok(());
    }
    Ok(permissions.net(&host, port.unwrap_or(own_port))?)
}

/// The host and the port in a header `Host`, if it stands there as it does in URLs and nothing else does: what is
/// compared with the grants must be what the server reads.
fn named_host(value: &HeaderValue) -> Option<(String, Option<u16>)> {
    let text = std::str::from_utf8(value.as_bytes()).ok()?.to_ascii_lowercase();
    // A URL does not keep the port that is its scheme's own.
    let scheme = if text.ends_with(":80") { "https" } else { "http" };
    let url = Url::parse(&format!("{scheme}://{text}")).ok()?;
    let host = url.host_str()?.to_owned();
    let written = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    (written == text).then_some((host, url.port()))
}

/// Whether the host of a URL may be reached.
pub(super) fn permit(permissions: &Permissions, url: &Url) -> Result<(), HostError> {
    permissions.net(url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}
