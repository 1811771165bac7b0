//! An error of an exchange says what went wrong, and where; who asked stands before it in a message.

use std::error::Error;
use std::time::Duration;

use url::Url;

use super::certificate;

/// Why an exchange came to no answer.
#[derive(Debug)]
pub enum ExchangeError<E> {
    /// The exchange itself failed.
    Failed(HttpError),
    /// A rule of whoever asked said no.
    Refused(E),
}

impl<E> From<HttpError> for ExchangeError<E> {
    fn from(error: HttpError) -> Self {
        Self::Failed(error)
    }
}

/// How an exchange failed. URLs are without what may be secret in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each variant says what its fields are")]
pub enum HttpError {
    /// There is no client.
    #[error("cannot start: {0}")]
    NoClient(String),
    /// Its limit passed.
    #[error("got no answer from {host} within {limit:?}")]
    Timeout { host: String, limit: Duration },
    /// There was no connection.
    #[error("cannot reach {url}: {why}")]
    Unreachable { url: String, why: String },
    /// The server does not prove who it is.
    #[error("does not trust {url}: {why}")]
    Untrusted { url: String, why: String },
    /// The answer ended before its end.
    #[error("got no whole answer from {url}: {why}")]
    Incomplete { url: String, why: String },
    /// The answer is longer than was allowed.
    #[error("got more than {bytes_max} bytes from {url}")]
    TooLong { bytes_max: usize, url: String },
    /// A redirect cannot be read.
    #[error("was redirected by {from} to what is no URL: {error}")]
    NoUrl { from: String, error: url::ParseError },
    /// A redirect leads to something else than a server.
    #[error("was redirected by {from} to a URL of scheme `{scheme}`")]
    Scheme { from: String, scheme: String },
    /// A redirect asks to send a secret to another origin.
    #[error("was redirected by {from} to {to}, another origin, and does not send it the secret in its body")]
    SecretBody { from: String, to: String },
    /// Redirects did not end.
    #[error("was redirected more than {hops_max} times, last to {last}")]
    Redirects { hops_max: usize, last: String },
}

impl HttpError {
    /// An error of the network.
    pub(super) fn of_network(url: &Url, error: &reqwest::Error) -> Self {
        if let Some(why) = certificate::complaint(error) {
            return Self::Untrusted { url: shown(url), why };
        }
        let mut cause: &dyn Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let mut why = cause.to_string();
        if let Some(first) = why.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        let url = shown(url);
        if error.is_connect() { Self::Unreachable { url, why } } else { Self::Incomplete { url, why } }
    }

    /// Whether the same request can end differently another time.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoClient(_) | Self::Timeout { .. } | Self::Unreachable { .. } | Self::Incomplete { .. } => {
                true
            }
            Self::Untrusted { .. }
            | Self::TooLong { .. }
            | Self::NoUrl { .. }
            | Self::Scheme { .. }
            | Self::SecretBody { .. }
            | Self::Redirects { .. } => false,
        }
    }
}

/// A URL for messages: without what may be secret in it.
pub(super) fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}
