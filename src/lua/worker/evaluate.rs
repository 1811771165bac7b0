//! This module runs scripts once, on a VM of their own: `when`, `${{ }}`, `items: {lua}`.

use std::sync::Arc;
use std::time::Duration;

use super::setup::{LoadedVm, Recipe, plain_error};
use crate::event::StepId;
use crate::lua::options::Scope;
use crate::lua::raw::{Argument, Take};
use crate::lua::script::PARAMETERS;
use crate::lua::{Cancel, Guard, Memory, Script, ScriptError, Watchdog};
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
    if scope.permissions.reaches_out() {
        runtime::start();
    }
    let confined = || {
        scope.permissions.confine();
        run(script, scope, limit)
    };
    let lost = |_| plain_error("its thread was lost");
    let evaluated = std::thread::scope(|threads| {
        let thread = std::thread::Builder::new().name("expression".to_owned()).stack_size(STACK);
        let thread = thread.spawn_scoped(threads, confined);
        let thread = thread.map_err(|error| plain_error(format!("cannot start a thread: {error}")))?;
        thread.join().map_err(lost)?
    });
    evaluated.map_err(|error| error.masked(scope.secrets.mask()))
}

fn run(script: &Script, scope: &Scope, limit: Duration) -> Result<String, ScriptError> {
    let watchdog = Watchdog::start(Box::new(|_| {}))
        .map_err(|error| plain_error(format!("cannot start a thread: {error}")))?;
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
    let _notices = watchdog.register(&guard, Some(limit));
    let recipe = Recipe {
        scope,
        step: "",
        worker: 1,
        max_attempts: 1,
        memory: MEMORY,
        seed: 0,
        logs: false,
        what: "the expression",
        parameters: PARAMETERS,
        takes_items: false,
        limit: Some(limit),
    };
    let loaded = LoadedVm::make(script, &recipe, &guard)?;
    let mut out = Vec::new();
    loaded.guarded(Some(limit), || {
        loaded.vm.call(loaded.function, &[Argument::Nil; 3], Take::Json(&mut out))
    })?;
    String::from_utf8(out).map_err(|_| plain_error("the value is not valid UTF-8"))
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
