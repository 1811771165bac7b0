//! This module sends requests over the one HTTP client of the process. Redirects are followed here, so that whoever asks is
//! asked about each host.

mod answer;
mod authorities;
mod certificate;
mod client;
mod error;
mod exchange;
mod names;
mod request;
mod rules;

pub use answer::Answer;
pub use authorities::Authorities;
pub use error::{ExchangeError, HttpError};
pub use exchange::exchange;
pub use request::Request;
pub use reqwest::{Method, StatusCode, header};
pub use rules::{Admission, Keep, Rules};
