//! A checked request is sent under its limit and by the rules of the step, and its failure becomes an error of Lua code.

use std::time::Duration;

use super::answer::CountedAnswer;
use super::download::Download;
use super::request::{CheckedRequest, permit};
use crate::lua::host::call::Name;
use crate::lua::host_error::HostError;
use crate::lua::permissions::Permissions;
use crate::runtime::http::{Admission, ExchangeError, HttpError, Rules, exchange};

/// How long a request may take where neither it nor the attempt has a limit.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a request under its own limit; without one, under the attempt's when it is `limited`.
pub(super) async fn send(
    name: &Name,
    checked: CheckedRequest,
    permissions: &Permissions,
    download: Option<Download>,
    limited: bool,
) -> Result<CountedAnswer, HostError> {
    let CheckedRequest { request, timeout, entrance, account, .. } = checked;
    let limit = timeout.or_else(|| (!limited).then_some(PATIENCE));
    let admit = || -> Admission<'_> {
        match &entrance {
            Some(entrance) => Box::pin(entrance.enter()),
            None => Box::pin(std::future::ready(())),
        }
    };
    let take = |piece: &[u8]| download.as_ref().map_or(Ok(()), |download| download.take(piece));
    let rules = Rules {
        permit: &|url| permit(permissions, url),
        count: &|bytes| account.take(bytes),
        keep: download.is_some().then_some(&take),
        admit: &admit,
    };
    match exchange(request, limit, &rules).await {
        Ok(answer) => Ok(CountedAnswer { answer, download, _account: account }),
        Err(ExchangeError::Refused(error)) => Err(error),
        Err(ExchangeError::Failed(error)) => Err(host_error(name, &error)),
    }
}

fn host_error(name: &Name, error: &HttpError) -> HostError {
    let message = format!("`{name}` {error}");
    match error {
        HttpError::Timeout { .. } => HostError { kind: "timeout", ..HostError::error(message) },
        HttpError::TooLong { .. } => HostError::refusal(format!("{message}; `max_bytes` allows more")),
        _ if error.is_transient() => HostError::error(message),
        _ => HostError::refusal(message),
    }
}
