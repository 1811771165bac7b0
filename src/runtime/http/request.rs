//! A request holds what is sent. A redirect makes another one of it, without what the first server alone may see.

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderName, PROXY_AUTHORIZATION,
};
use reqwest::{Method, StatusCode};
use url::Url;

use super::authorities::Authorities;
use super::error::{HttpError, shown};
use crate::value::Mask;

/// A request that may be sent.
#[derive(Debug)]
pub struct Request {
    /// What the server shall do.
    pub method: Method,
    /// Where it goes to: `http` or `https`, without a fragment.
    pub url: Url,
    /// What is sent before the body. The length is not among it.
    pub headers: HeaderMap,
    /// What is sent behind the headers.
    pub body: Option<Vec<u8>>,
    /// Bytes that the answer may have.
    pub bytes_max: usize,
    /// Finds what only the first server may see.
    pub mask: Mask,
    /// Certificates that are trusted beside the usual ones.
    pub authorities: Option<Authorities>,
}

impl Request {
    /// Whether it says how long its body is although it has none, as servers want it of methods that have one.
    pub(super) fn tells_no_length(&self) -> bool {
        let has_bytes = self.body.as_ref().is_some_and(|body| !body.is_empty());
        !has_bytes && matches!(self.method, Method::POST | Method::PUT | Method::PATCH)
    }

    /// Becomes the request that a redirect of this status asks for.
    pub(super) fn follow(&mut self, next: Url, status: StatusCode) -> Result<(), HttpError> {
        let is_rewritten = match status.as_u16() {
            303 => self.method != Method::HEAD,
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if is_rewritten {
            self.method = Method::GET;
            self.body = None;
            self.headers.remove(CONTENT_TYPE);
        }
        // What was meant for one server is not shown to another.
        if next.origin() != self.url.origin() {
            if self.body.as_ref().is_some_and(|body| self.mask.finds_in(body)) {
                return Err(HttpError::SecretBody { from: shown(&self.url), to: shown(&next) });
            }
            self.leave_origin();
        }
        self.url = next;
        Ok(())
    }

    /// Takes away what was meant for the origin that has sent the request on: another one is not to see it, and on the
    /// way back to the first one it is not there any more either.
    fn leave_origin(&mut self) {
        let secret = |name: &HeaderName| {
            self.headers.get_all(name).iter().any(|value| self.mask.finds_in(value.as_bytes()))
        };
        let secrets: Vec<HeaderName> = self.headers.keys().filter(|name| secret(name)).cloned().collect();
        for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, HOST].into_iter().chain(secrets) {
            self.headers.remove(name);
        }
    }
}
