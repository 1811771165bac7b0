//! An exchange is one request with its redirects, up to the last byte of the answer.

use std::fmt;
use std::time::{Duration, Instant};

use reqwest::Response;
use reqwest::header::LOCATION;
use url::Url;

use super::answer::Answer;
use super::client::client;
use super::error::{ExchangeError, HttpError, shown};
use super::request::Request;
use crate::runtime::clock;

/// Redirects that are followed.
const HOPS_MAX: usize = 10;

/// What whoever asks has a say in.
pub struct Rules<'a, E> {
    /// Says whether a URL may be asked for: the first one, and each that a redirect leads to.
    pub permit: &'a (dyn Fn(&Url) -> Result<(), E> + Sync),
    /// Counts bytes of the answer before they are kept.
    pub count: &'a (dyn Fn(usize) -> Result<(), E> + Sync),
}

impl<E> fmt::Debug for Rules<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}

/// Sends a request and reads the answer, both within `limit`. To be called on the executor.
///
/// # Errors
/// Fails when a rule says no, when the limit passes, and for whatever keeps the answer from being read to its end.
pub async fn exchange<E>(
    request: Request,
    limit: Option<Duration>,
    rules: &Rules<'_, E>,
) -> Result<Answer, ExchangeError<E>> {
    let host = request.url.host_str().unwrap_or_default().to_owned();
    let answer = send(request, rules);
    let Some(limit) = limit else { return answer.await };
    match clock::within(limit, answer).await {
        Some(answer) => answer,
        None => Err(HttpError::Timeout { host, limit }.into()),
    }
}

async fn send<E>(mut request: Request, rules: &Rules<'_, E>) -> Result<Answer, ExchangeError<E>> {
    let begun = Instant::now();
    let client = client().map_err(HttpError::NoClient)?;
    for _ in 0..=HOPS_MAX {
        (rules.permit)(&request.url).map_err(ExchangeError::Refused)?;
        let mut sent =
            client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            sent = sent.body(body.clone());
        }
        let response = sent.send().await.map_err(|error| HttpError::of_network(&request.url, &error))?;
        match target(&request.url, &response)? {
            Some(next) => request.follow(next, response.status())?,
            None => return Answer::read(request, response, begun, rules.count).await,
        }
    }
    Err(HttpError::Redirects { hops_max: HOPS_MAX, last: shown(&request.url) }.into())
}

/// Where a redirect leads.
fn target(from: &Url, response: &Response) -> Result<Option<Url>, HttpError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let text = String::from_utf8_lossy(location.as_bytes());
    let mut next = from.join(&text).map_err(|error| HttpError::NoUrl { from: shown(from), error })?;
    if !matches!(next.scheme(), "http" | "https") {
        return Err(HttpError::Scheme { from: shown(from), scheme: next.scheme().to_owned() });
    }
    next.set_fragment(None);
    Ok(Some(next))
}
