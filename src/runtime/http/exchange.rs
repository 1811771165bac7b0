//! An exchange is one request with its redirects, up to the last byte of the answer.

use std::time::{Duration, Instant};

use reqwest::Response;
use reqwest::header::{CONTENT_LENGTH, LOCATION};
use url::Url;

use super::answer::Answer;
use super::client::client;
use super::error::{ExchangeError, HttpError, shown};
use super::request::Request;
use super::rules::Rules;
use crate::runtime::clock;

/// Redirects that are followed.
const HOPS_MAX: usize = 10;

/// Sends a request and reads the answer, both within `limit`; what it waits to be admitted does not count. To be called on
/// the executor.
///
/// # Errors
/// Fails when a rule says no, when the limit passes, and for whatever keeps the answer from being read to its end.
pub async fn exchange<E>(
    mut request: Request,
    limit: Option<Duration>,
    rules: &Rules<'_, E>,
) -> Result<Answer, ExchangeError<E>> {
    let host = request.url.host_str().unwrap_or_default().to_owned();
    let (mut begun, mut rest) = (None, limit);
    for _ in 0..=HOPS_MAX {
        (rules.permit)(&request.url).map_err(ExchangeError::Refused)?;
        (rules.admit)().await;
        let admitted = clock::now();
        let hop = send(request, *begun.get_or_insert_with(Instant::now), rules);
        let hop = match rest {
            Some(rest) => clock::within(rest, hop).await,
            None => Some(hop.await),
        };
        let late = || HttpError::Timeout { host: host.clone(), limit: limit.unwrap_or_default() };
        request = match hop.ok_or_else(late)?? {
            Hop::Answer(answer) => return Ok(answer),
            Hop::Redirect(next) => next,
        };
        rest = rest.map(|rest| rest.saturating_sub(clock::since(admitted)));
    }
    Err(HttpError::Redirects { hops_max: HOPS_MAX, last: shown(&request.url) }.into())
}

/// What one request leads to.
enum Hop {
    Answer(Answer),
    /// The request that is to be sent now.
    Redirect(Request),
}

async fn send<E>(
    mut request: Request,
    begun: Instant,
    rules: &Rules<'_, E>,
) -> Result<Hop, ExchangeError<E>> {
    let client = client(request.authorities.as_ref()).map_err(HttpError::NoClient)?;
    let mut sent =
        client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
    if let Some(body) = &request.body {
        sent = sent.body(body.clone());
    }
    if request.tells_no_length() {
        sent = sent.header(CONTENT_LENGTH, 0);
    }
    let response = sent.send().await.map_err(|error| HttpError::of_network(&request.url, &error))?;
    match target(&request.url, &response)? {
        Some(next) => {
            request.follow(next, response.status())?;
            Ok(Hop::Redirect(request))
        }
        None => Answer::read(request, response, begun, rules).await.map(Hop::Answer),
    }
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
