//! An answer is read to its end, as far as it may be long.

use std::time::{Duration, Instant};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use reqwest::{Method, Response};

use super::error::{ExchangeError, HttpError, shown};
use super::request::Request;
use super::rules::Rules;

/// The answer to a request, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// What became of the request, in the numbers of HTTP.
    pub status: u16,
    /// Names in lower case, each once.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The values of `Set-Cookie`, which cannot be joined.
    pub cookies: Vec<Vec<u8>>,
    /// What stands behind the headers, unpacked; `None` where it went elsewhere.
    pub body: Option<Vec<u8>>,
    /// Where the last redirect led, without a name and a password.
    pub url: String,
    /// From the first byte that was sent to the last one that came.
    pub taken: Duration,
}

impl Answer {
    /// Reads the rest of an answer; the rules are asked before bytes are kept.
    pub(super) async fn read<E>(
        request: Request,
        mut response: Response,
        begun: Instant,
        rules: &Rules<'_, E>,
    ) -> Result<Self, ExchangeError<E>> {
        let bytes_max = request.bytes_max;
        let too_long = || HttpError::TooLong { bytes_max, url: shown(&request.url) };
        let is_body = request.method != Method::HEAD;
        if is_body && response.content_length().is_some_and(|length| length > bytes_max as u64) {
            return Err(too_long().into());
        }
        let keep = rules.keep.filter(|_| response.status().is_success());
        let (mut body, mut len) = (Vec::new(), 0);
        let failure = |error| HttpError::of_network(&request.url, &error);
        while let Some(piece) = response.chunk().await.map_err(failure)? {
            if piece.len() > bytes_max - len {
                return Err(too_long().into());
            }
            len += piece.len();
            let taken = match keep {
                Some(keep) => keep(&piece),
                None => (rules.count)(piece.len()).map(|()| body.extend_from_slice(&piece)),
            };
            taken.map_err(ExchangeError::Refused)?;
        }
        let mut url = request.url;
        // They cannot be taken off URLs that have no place for them, which have none.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        Ok(Self {
            status: response.status().as_u16(),
            headers: joined(response.headers()),
            cookies: response
                .headers()
                .get_all(SET_COOKIE)
                .iter()
                .map(|value| value.as_bytes().to_vec())
                .collect(),
            body: keep.is_none().then_some(body),
            url: url.into(),
            taken: begun.elapsed(),
        })
    }
}

/// Values of one name in one line, as the standard allows.
fn joined(headers: &HeaderMap<HeaderValue>) -> Vec<(String, Vec<u8>)> {
    let line = |name: &HeaderName| {
        let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        (name.as_str().to_owned(), values.join(&b", "[..]))
    };
    headers.keys().map(line).collect()
}
