//! `http` makes requests, which the item waits for while others run.
//!
//! The client is that of `runtime`, and `permissions` decides what may be reached; the part in `http.luau` waits.

mod answer;
mod download;
mod request;
mod send;

use std::sync::Arc;

use mlua::{LuaString, Value};

use self::download::Download;
use self::request::CheckedRequest;
use super::call::{Call, Name};
use super::function::{Function, Module};
use super::luau::{Luau, Native};
use crate::lua::async_op::{AsyncOp, Pending};
use crate::lua::own_code;
use crate::runtime::http::{Method, StatusCode};

const HTTP: Module = Module("http");

/// The waiting for what is begun here, and the methods of an answer.
pub(super) static LUAU: Luau = Luau::new(
    "http",
    &own_code::HTTP,
    &[
        Native::new("http_begin", "http", "request", |bind| bind.to(begin)),
        Native::new("http_trouble", "http", "check", |bind| bind.to(trouble)),
    ],
);

pub(super) const FUNCTIONS: &[Function] = &[
    HTTP.luau("get", "(url: string, options: RequestOptions?): Answer")
        .explained(
            "Asks for a URL. Options: `query`, `headers`, `json`, `form`, `body`, `timeout` (seconds; by default until \
             the attempt's deadline, or a minute without one), `max_bytes` (64 MB), `limit` (the name of a rate limit of \
             which each request takes one, waiting for it), `save` (a path below `write` that the body of an answer from 200 to \
             299 goes to, whole or not at all; `body` is nil then), `ca` (a PEM file of certificates that are trusted besides). The \
             answer has `status`, `ok`, `headers` (lower case), `cookies` (a list of the values of `Set-Cookie`), `body`, `url`, `ms`, and `:json()` and `:check()`, which fails from status 400 on: \
             408, 425, 429 and 5xx can be retried (after `Retry-After`), others are permanent; `status`, `url` and how the `body` \
             begins are the error's `fields`.",
            r#"http.get("https://api.example.com/items", {query = {page = 2}}):check():json().total"#,
            "40",
        )
        .elsewhere(),
    HTTP.luau("post", "(url: string, options: RequestOptions?): Answer")
        .explained(
            "Sends to a URL, as `http.get` asks; one of `json`, `form` and `body` is what is sent.",
            r#"http.post("https://api.example.com/items", {json = {name = "x"}}).status"#,
            "201",
        )
        .elsewhere(),
    HTTP.luau("put", "(url: string, options: RequestOptions?): Answer")
        .explained(
            "Replaces what is at a URL, as `http.post` sends.",
            r#"http.put("https://api.example.com/items/7", {body = "text", headers = {["Content-Type"] = "text/plain"}}).ok"#,
            "true",
        )
        .elsewhere(),
    HTTP.luau("delete", "(url: string, options: RequestOptions?): Answer")
        .explained(
            "Deletes what is at a URL, with the options of `http.get`.",
            r#"http.delete("https://api.example.com/items/7").status"#,
            "204",
        )
        .elsewhere(),
    HTTP.luau("request", "(options: RequestOptions): Answer")
        .explained(
            "Any request: the options of `http.get`, and `url` and `method`.",
            r#"http.request({method = "PATCH", url = "https://api.example.com/items/7", json = {name = "y"}}).status"#,
            "200",
        )
        .elsewhere(),
];

/// What `http.luau` begins a request with: name of the function, URL, options, body as JSON.
type RequestArguments = (LuaString, Value, Value, Option<LuaString>);

/// Checks a request and puts it on the desk, to be waited for.
fn begin(call: &Call<'_>, (name, url, options, json): &RequestArguments) -> mlua::Result<()> {
    let function = ["get", "post", "put", "delete"].into_iter().find(|function| *name == **function);
    let call = &Call { name: Name { module: "http", function: function.unwrap_or("request") }, ..*call };
    let checked = CheckedRequest::read(call, url, options, json.as_ref())?;
    let permissions = Arc::clone(&call.state.permissions);
    request::permit_first(call, &checked.request)?;
    let method = &checked.request.method;
    if !matches!(*method, Method::GET | Method::HEAD) {
        permissions.effect(&format!("a {method} request"))?;
    }
    let download = checked.save.as_ref().map(|path| Download::begin(call, path)).transpose()?;
    let name = call.name;
    call.state.slot.put(Some(Pending::Unstarted(Box::new(move |limited| {
        AsyncOp::new(async move {
            let answer = send::send(&name, checked, &permissions, download, limited).await;
            answer::completion(answer)
        })
    }))));
    Ok(())
}

/// What there is to say of an answer from 400 on: message, whether another attempt makes sense, after how many seconds,
/// and how its body begins, where it has one.
#[expect(clippy::unnecessary_wraps, reason = "host functions answer a `Result`")]
fn trouble(
    _: &Call<'_>,
    (status, url, retry_after, body): &(u16, LuaString, Option<LuaString>, LuaString),
) -> mlua::Result<(String, bool, Option<f64>, Option<String>)> {
    let retryable = matches!(status, 408 | 425 | 429 | 500..);
    let reason = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
    let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
    let url = url.to_string_lossy();
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let after = retry_after.as_ref().filter(|_| retryable);
    let after = after.and_then(|text| answer::retry_after(&text.to_string_lossy(), jiff::Timestamp::now()));
    Ok((format!("status {status}{reason} from {url}"), retryable, after, answer::beginning(&body.as_bytes())))
}
