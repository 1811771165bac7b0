//! This module sends requests over the one HTTP client of the process. Redirects are followed here, so that whoever asks is
//! asked about each host.

mod answer;
mod client;
mod error;
mod exchange;
mod request;

pub use answer::Answer;
pub use error::{ExchangeError, HttpError};
pub use exchange::{Admission, Rules, exchange};
pub use request::Request;
pub use reqwest::{Method, StatusCode, header};
