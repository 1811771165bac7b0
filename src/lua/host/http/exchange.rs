//! An exchange is one request with its redirects, up to the last byte of the answer.

use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use super::answer::HttpAnswer;
use super::client::client;
use super::request::{Request, permit};
use crate::lua::clock;
use crate::lua::host::call::Name;
use crate::lua::host_error::HostError;
use crate::lua::permissions::Permissions;

/// Redirects that are followed.
const HOPS_MAX: usize = 10;
/// How long a request may take where neither it nor the attempt has a limit.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a request under its own limit; without one, under the attempt's when it is `limited`.
pub(super) async fn within(
    name: &Name,
    request: Request,
    permissions: &Permissions,
    limited: bool,
) -> Result<HttpAnswer, HostError> {
    let limit = request.timeout.or_else(|| (!limited).then_some(PATIENCE));
    let host = request.url.host_str().unwrap_or_default().to_owned();
    let exchange = exchange(name, request, permissions);
    let Some(limit) = limit else { return exchange.await };
    match clock::within(limit, exchange).await {
        Some(answer) => answer,
        None => Err(HostError {
            kind: "timeout",
            ..HostError::error(format!("`{name}` got no answer from {host} within {limit:?}"))
        }),
    }
}

async fn exchange(
    name: &Name,
    mut request: Request,
    permissions: &Permissions,
) -> Result<HttpAnswer, HostError> {
    let begun = Instant::now();
    let client = client().map_err(|error| HostError::error(format!("`{name}` cannot start: {error}")))?;
    for _ in 0..=HOPS_MAX {
        permit(permissions, &request.url)?;
        let mut sent =
            client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            sent = sent.body(body.clone());
        }
        let response = sent.send().await.map_err(|error| failure(name, &request.url, &error))?;
        match target(name, &request.url, &response)? {
            Some(next) => follow(name, &mut request, next, response.status())?,
            None => return read(name, request, response, begun).await,
        }
    }
    Err(HostError::refusal(format!(
        "`{name}` was redirected more than {HOPS_MAX} times, last to {}",
        shown(&request.url)
    )))
}

/// Where a redirect leads.
fn target(name: &Name, from: &Url, response: &Response) -> Result<Option<Url>, HostError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let text = String::from_utf8_lossy(location.as_bytes());
    let bad = |why: String| HostError::refusal(format!("`{name}` was redirected by {} {why}", shown(from)));
    let mut next = from.join(&text).map_err(|error| bad(format!("to what is no URL: {error}")))?;
    if !matches!(next.scheme(), "http" | "https") {
        return Err(bad(format!("to a URL of scheme `{}`", next.scheme())));
    }
    next.set_fragment(None);
    Ok(Some(next))
}

/// Makes the request the one to send next.
fn follow(name: &Name, request: &mut Request, next: Url, status: StatusCode) -> Result<(), HostError> {
    let rewritten = match status.as_u16() {
        303 => request.method != Method::HEAD,
        301 | 302 => request.method == Method::POST,
        _ => false,
    };
    if rewritten {
        request.method = Method::GET;
        request.body = None;
        request.headers.remove(CONTENT_TYPE);
    }
    // What was meant for one server is not shown to another.
    if next.origin() != request.url.origin() {
        if request.has_secret_body() {
            let (from, to) = (shown(&request.url), shown(&next));
            return Err(HostError::refusal(format!(
                "`{name}` was redirected by {from} to {to}, another origin, and does not send it the secret in its body"
            )));
        }
        request.leave_origin();
    }
    request.url = next;
    Ok(())
}

async fn read(
    name: &Name,
    request: Request,
    mut response: Response,
    begun: Instant,
) -> Result<HttpAnswer, HostError> {
    let max = request.max_bytes;
    let too_long = || {
        let from = shown(&request.url);
        HostError::refusal(format!("`{name}` got more than {max} bytes from {from}; `max_bytes` allows more"))
    };
    if response.content_length().is_some_and(|length| length > max as u64) && request.method != Method::HEAD {
        return Err(too_long());
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| failure(name, &request.url, &error))? {
        if piece.len() > max - body.len() {
            return Err(too_long());
        }
        request.account.take(piece.len())?;
        body.extend_from_slice(&piece);
    }
    let mut url = request.url;
    // They cannot be taken off URLs that have no place for them, which have none.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    Ok(HttpAnswer {
        status: response.status().as_u16(),
        headers: joined(response.headers()),
        body,
        url: url.into(),
        taken: begun.elapsed(),
        _account: request.account,
    })
}

/// Values of one name in one line, as the standard allows.
fn joined(headers: &HeaderMap<HeaderValue>) -> Vec<(String, Vec<u8>)> {
    let line = |name: &reqwest::header::HeaderName| {
        let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        (name.as_str().to_owned(), values.join(&b", "[..]))
    };
    headers.keys().map(line).collect()
}

/// An error of the network, in words that say what and where.
fn failure(name: &Name, url: &Url, error: &reqwest::Error) -> HostError {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let what = if error.is_connect() { "cannot reach" } else { "got no whole answer from" };
    let mut why = cause.to_string();
    if let Some(first) = why.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    HostError::error(format!("`{name}` {what} {}: {why}", shown(url)))
}

/// A URL for messages: without what may be secret in it.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}
