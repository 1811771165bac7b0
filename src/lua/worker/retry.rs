//! `retries.when` decides whether a failed attempt is worth another.

use serde_json::json;

use super::setup::LoadedVm;
use crate::lua::raw::{Argument, Callee, Take};
use crate::lua::{EXPRESSION_LIMIT, Failure};

/// Takes the retry away where the expression says so. One that fails is a no, and says why.
pub(super) fn decide(loaded: &LoadedVm, when: Callee, failure: &mut Failure, attempt: u32) {
    if !failure.retryable {
        return;
    }
    let err = describe(failure);
    let mut truth = false;
    let arguments = [Argument::Json(&err), Argument::Number(f64::from(attempt))];
    let running = loaded.vm.current.running.replace("`retries.when`");
    let asked =
        loaded.guarded(Some(EXPRESSION_LIMIT), || loaded.vm.call(when, &arguments, Take::Truth(&mut truth)));
    loaded.vm.current.running.set(running);
    failure.retryable = asked.is_ok() && truth;
    if let Err(error) = asked {
        failure.message = format!("{} (and `retries.when` failed: {})", failure.message, error.message);
    }
}

/// `err` as JSON text.
fn describe(failure: &Failure) -> String {
    let place = failure.place.as_ref();
    json!({
        "kind": failure.kind.name(),
        "message": failure.message,
        "retryable": failure.retryable,
        "traceback": failure.traceback,
        "line": place.map(|place| place.line),
    })
    .to_string()
}
