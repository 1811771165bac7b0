//! This module turns what goes wrong in SQLite into errors of host functions.

use rusqlite::{Error, ErrorCode};

use crate::lua::host::call::Call;
use crate::lua::host_error::HostError;

/// What the authoriser says no to.
const REFUSED: &str = "this is not available: one connection reaches its own file only, without `attach`, \
                       `vacuum into`, `load_extension` and settings of the whole process";

/// The error for Lua code; that of the watchdog when the attempt has to end.
pub(super) fn raised(call: &Call<'_>, error: &Error) -> mlua::Error {
    if let Err(interrupted) = call.end_when_due() {
        return interrupted;
    }
    let code = error.sqlite_error_code();
    if code == Some(ErrorCode::ReadOnly)
        && let Err(refused) = call.state.permissions.effect("writing a database")
    {
        return refused.into();
    }
    let kind = if code == Some(ErrorCode::OutOfMemory) { "memory" } else { "error" };
    let why = match error {
        _ if code == Some(ErrorCode::AuthorizationForStatementDenied) => REFUSED.to_owned(),
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let message = format!("`{}` failed: {why}", call.name);
    HostError { kind, retryable: code.is_some_and(may_pass), ..HostError::error(message) }.into()
}

/// The error where SQLite had no memory left and the library did not say so.
pub(super) fn no_memory(call: &Call<'_>) -> mlua::Error {
    let message = format!("`{}` failed: out of memory", call.name);
    HostError::memory(message).into()
}

/// Whether the same statement may work later.
fn may_pass(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OperationInterrupted
            | ErrorCode::OutOfMemory
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed
    )
}
