//! This module runs scripts once, on a VM of their own: `when`, `${{ }}`, `items: {lua}`, `at_end`.

use std::sync::Arc;
use std::time::Duration;

use super::setup::{LoadedVm, Recipe, plain_error};
use crate::event::StepId;
use crate::lua::options::{LogLine, Scope};
use crate::lua::raw::{Argument, Take};
use crate::lua::script::PARAMETERS;
use crate::lua::{Cancel, Gates, Guard, Memory, Script, ScriptError, Watchdog};
use crate::runtime;

/// What an expression's VM may hold.
const MEMORY: Memory = Memory::fixed(256_000_000);

/// Bytes of the stack of a thread that runs Lua, as many as a main thread has. Luau's parser and compiler recurse up to
/// limits of their own (a thousand expressions within each other, two hundred calls), which took up to a megabyte when
/// measured; what stands above them on the stack, host functions and `require`, comes on top.
pub const STACK: usize = 8 << 20;

/// Evaluates a script once, on a VM and a thread of its own, within `limit`: for `when`, `${{ }}` and `items: {lua}`.
/// The result is JSON text.
///
/// # Errors
/// Fails when the script cannot be loaded, raises an error or does not end within `limit`, when its result cannot be
/// written as JSON, and when the system gives no thread.
pub fn evaluate(script: &Script, scope: &Scope, limit: Duration) -> Result<String, ScriptError> {
    alone(scope, || {
        let mut out = Vec::new();
        let (called, _) = run(script, scope, limit, EXPRESSION, Take::Json(&mut out));
        called?;
        String::from_utf8(out).map_err(|_| plain_error("the value is not valid UTF-8"))
    })
}

/// Calls a script once for what it does, as [`evaluate`] does, and gives the lines of its log.
///
/// # Errors
/// Fails as [`evaluate`] does, but for the result: it may be anything, or nothing.
pub fn call_once(
    script: &Script,
    scope: &Scope,
    limit: Duration,
    logs: bool,
) -> (Result<(), ScriptError>, Vec<LogLine>) {
    let mut lines = Vec::new();
    let called = alone(scope, || {
        let mut unwanted = None;
        let (called, logged) = run(
            script,
            scope,
            limit,
            Manner { what: "the function", logs },
            Take::Function(None, &mut unwanted),
        );
        lines = logged;
        called
    });
    (called, lines)
}

/// Does `work` on a thread of its own, which reaches no more than the scope permits.
fn alone<T: Send>(
    scope: &Scope,
    work: impl FnOnce() -> Result<T, ScriptError> + Send,
) -> Result<T, ScriptError> {
    if scope.permissions.reaches_out() {
        runtime::start();
    }
    let confined = || {
        scope.permissions.confine();
        work()
    };
    let lost = |_| plain_error("its thread was lost");
    let done = std::thread::scope(|threads| {
        let thread = std::thread::Builder::new().name("expression".to_owned()).stack_size(STACK);
        let thread = thread.spawn_scoped(threads, confined);
        let thread = thread.map_err(|error| plain_error(format!("cannot start a thread: {error}")))?;
        thread.join().map_err(lost)?
    });
    done.map_err(|error| error.masked(scope.secrets.mask()))
}

/// How a script is run.
#[derive(Clone, Copy)]
struct Manner {
    /// What messages call it.
    what: &'static str,
    /// Whether lines of its log below warnings are wanted.
    logs: bool,
}

const EXPRESSION: Manner = Manner { what: "the expression", logs: false };

/// Runs a script once, and gives the lines of its log.
fn run(
    script: &Script,
    scope: &Scope,
    limit: Duration,
    manner: Manner,
    take: Take<'_>,
) -> (Result<(), ScriptError>, Vec<LogLine>) {
    let watchdog = match Watchdog::start(Box::new(|_| {})) {
        Ok(watchdog) => watchdog,
        Err(error) => return (Err(plain_error(format!("cannot start a thread: {error}"))), Vec::new()),
    };
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
    let _notices = watchdog.register(&guard, Some(limit));
    let recipe = Recipe {
        scope,
        step: "",
        worker: 1,
        max_attempts: 1,
        memory: MEMORY,
        seed: 0,
        logs: manner.logs,
        limits: &Arc::default(),
        gates: &Gates::default(),
        what: manner.what,
        parameters: PARAMETERS,
        takes_items: false,
        limit: Some(limit),
    };
    match LoadedVm::make(script, &recipe, &guard) {
        Ok(loaded) => {
            let call = || loaded.vm.call(loaded.function, &[Argument::Nil; 3], take);
            let called = loaded.guarded(Some(limit), call);
            let lines = std::mem::take(&mut *loaded.vm.current.logs.borrow_mut());
            (called, lines)
        }
        Err(error) => (Err(error), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, scope, source};
    use super::*;

    fn check(lua: &str, expect: &str) {
        let file = source("a\nb\nwhen: x\n");
        let script = Script::expression(block(&file, 3, lua), ".".into());
        let scope = Scope { steps: Some(r#"{"load":{"total":3}}"#.into()), ..scope() };
        let got = match evaluate(&script, &scope, Duration::from_millis(50)) {
            Ok(json) => json,
            Err(error) => {
                let place = error.place.map(|place| place.to_string()).unwrap_or_default();
                format!("{}: {place}: {}", error.kind.name(), error.message)
            }
        };
        assert_eq!(got, expect, "{lua}");
    }

    #[test]
    fn an_expression_gives_json_or_says_why_not() {
        for (lua, expect) in [
            ("1 + 1", "2"),
            ("params.size * 2", "448"),
            ("steps.load.total > 2 and run.id", "\"r1\""),
            ("{ b = {}, a = json.array(), c = json.null }", r#"{"a":[],"b":{},"c":null}"#),
            ("nil", "null"),
            ("params.gone.x", "error: p.yaml:3: attempt to index nil with 'x'"),
            ("print", "result: : the value is a function"),
            ("(function() while true do end end)()", "timeout: p.yaml:3: timeout after 50ms"),
            ("1 +", "error: p.yaml:3:4: Expected identifier when parsing expression, got <eof>"),
        ] {
            check(lua, expect);
        }
    }
}
