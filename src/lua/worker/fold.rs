//! A fold worker is one Lua VM that folds items into a value: `reduce`. The caller decides which items make a part of
//! their own.

use std::sync::Arc;

use super::explain::{self, NamedLimits};
use super::setup::{LoadedVm, Recipe};
use crate::event::FailureKind;
use crate::lua::options::{LogLine, WorkerOptions};
use crate::lua::raw::{Argument, Callee, FoldHalt, KeptValue, Raised, Take};
use crate::lua::script::{COMBINE_PARAMETERS, FOLD_PARAMETERS};
use crate::lua::watchdog::Notices;
use crate::lua::{AttemptEnding, Guard, Script, ScriptError, Watchdog};
use crate::value::Chunk;

/// An item that could not be folded in.
#[derive(Debug)]
pub struct FoldError {
    /// Place of the item in its chunk, from 0.
    pub at: usize,
    /// Why.
    pub end: AttemptEnding,
}

/// One Lua VM that folds items into a value. Not `Send`: made and used on its thread.
pub struct FoldWorker {
    loaded: LoadedVm,
    combine: Option<Callee>,
    /// The value so far.
    kept: Option<KeptValue>,
    _notices: Notices,
}

impl std::fmt::Debug for FoldWorker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folder").field("kept", &self.kept).finish_non_exhaustive()
    }
}

impl FoldWorker {
    /// Makes a VM with the function, and with the one that combines two values.
    ///
    /// # Errors
    /// Fails when one of the functions cannot be loaded.
    pub fn new(
        script: &Script,
        combine: Option<&Script>,
        options: &WorkerOptions,
        guard: &Arc<Guard>,
        watchdog: &Watchdog,
    ) -> Result<Self, ScriptError> {
        let notices = watchdog.register(guard, None);
        let recipe = Recipe {
            scope: &options.scope,
            step: &options.step,
            worker: options.worker,
            max_attempts: 1,
            memory: options.memory,
            seed: options.seed,
            logs: options.logs,
            limits: &options.limits,
            gates: &options.gates,
            what: "the function",
            parameters: FOLD_PARAMETERS,
            takes_items: false,
            limit: None,
        };
        let loaded = LoadedVm::make(script, &recipe, guard)?;
        let combine = combine.map(|combine| loaded.load(combine, COMBINE_PARAMETERS, None)).transpose()?;
        Ok(Self { loaded, combine, kept: None, _notices: notices })
    }

    /// Begins with the value of a JSON text.
    ///
    /// # Errors
    /// Fails when the value cannot be made in the VM: the text is no JSON, or memory is lacking.
    pub fn begin(&mut self, json: &str) -> Result<(), ScriptError> {
        let kept = self.loaded.vm.keep_json(json).map_err(|raised| self.error(raised))?;
        if let Some(before) = self.kept.replace(kept) {
            self.loaded.vm.let_go(before);
        }
        Ok(())
    }

    /// Folds all items of `chunk` into the value.
    ///
    /// # Errors
    /// Fails at the first item that is no JSON, that the function raises an error for, or that was cancelled.
    pub fn fold(&mut self, chunk: &Chunk) -> Result<(), FoldError> {
        let Some(kept) = &mut self.kept else { return Ok(()) };
        let mut at = 0;
        let folded = self.loaded.vm.fold(self.loaded.function, kept, chunk, &mut at);
        let end = match folded {
            Ok(()) => return Ok(()),
            Err(FoldHalt::Cancelled) => AttemptEnding::Cancelled,
            Err(FoldHalt::BadRow(error)) => AttemptEnding::BadRow { message: error.to_string() },
            Err(FoldHalt::Raised(raised)) => {
                explain::item_end(*raised, &self.loaded.sources.borrow(), NamedLimits::default())
            }
        };
        Err(FoldError { at, end })
    }

    /// Combines the value so far with that of a JSON text behind it; the first one is taken as it is.
    ///
    /// # Errors
    /// Fails when the function raises an error, or the value of the text cannot be made in the VM.
    pub fn combine(&mut self, json: &str) -> Result<(), ScriptError> {
        let (Some(mut kept), Some(combine)) = (self.kept, self.combine) else { return self.begin(json) };
        let vm = &self.loaded.vm;
        let arguments = [Argument::Kept(kept), Argument::Json(json), Argument::Nil];
        self.loaded.guarded(None, || vm.call(combine, &arguments, Take::Kept(&mut kept)))?;
        self.kept = Some(kept);
        Ok(())
    }

    /// The value as JSON text, on one line.
    ///
    /// # Errors
    /// Fails when the value cannot be written as JSON.
    pub fn finish(&mut self) -> Result<String, ScriptError> {
        let Some(kept) = self.kept.take() else { return Ok("null".to_owned()) };
        let mut out = Vec::new();
        let written = self.loaded.vm.write(kept, &mut out);
        self.loaded.vm.let_go(kept);
        written.map_err(|raised| self.error(raised))?;
        String::from_utf8(out).map_err(|_| self.error(Raised::result("the value is not valid UTF-8")))
    }

    /// Log lines since the last call.
    pub fn take_logs(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut *self.loaded.vm.current.logs.borrow_mut())
    }

    fn error(&self, raised: Raised) -> ScriptError {
        explain::script_error(raised, &self.loaded.sources.borrow(), None)
    }
}

impl FoldError {
    /// What is wrong with the item, as an error of the script.
    pub fn into_error(self, verb: &str) -> ScriptError {
        AttemptEnding::into_error(self.end, verb)
    }
}

impl AttemptEnding {
    /// This ending where an item may only succeed: in a step over a whole collection.
    pub fn into_error(self, verb: &str) -> ScriptError {
        let plain = |kind, message: String, cancelled| ScriptError {
            kind,
            message,
            place: None,
            traceback: String::new(),
            cancelled,
        };
        match self {
            Self::Cancelled => plain(FailureKind::Error, "interrupted".to_owned(), true),
            Self::BadRow { message } => plain(FailureKind::BadRow, message, false),
            Self::Skipped { .. } => {
                plain(FailureKind::Error, format!("an item cannot be skipped in `{verb}`"), false)
            }
            Self::Failed(failure) => ScriptError {
                kind: failure.kind,
                message: failure.message,
                place: failure.place,
                traceback: failure.traceback,
                cancelled: false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, scope, source};
    use super::*;
    use crate::event::StepId;
    use crate::lua::{Cancel, CancelLevel};

    fn options() -> WorkerOptions {
        let memory = crate::lua::Memory::of_step(64_000_000);
        WorkerOptions { seed: 1, ..WorkerOptions::new("sum", scope(), memory) }
    }

    fn folder(lua: &str, combine: Option<&str>, cancel: &Arc<Cancel>) -> Result<FoldWorker, ScriptError> {
        let file = source("a\nb\nreduce: x\n");
        let script = Script::body(block(&file, 3, lua), ".".into());
        let combine = combine.map(|lua| Script::body(block(&file, 3, lua), ".".into()));
        let watchdog = Watchdog::start(Box::new(|_| {})).expect("a thread");
        let guard = Guard::new(Arc::clone(cancel), StepId(0), None);
        FoldWorker::new(&script, combine.as_ref(), &options(), &guard, &watchdog)
    }

    fn chunk(items: &[&str]) -> Chunk {
        let mut chunk = Chunk { first: 1, ..Chunk::default() };
        for item in items {
            chunk.push(item.as_bytes());
        }
        chunk
    }

    fn told(error: ScriptError) -> String {
        let place = error.place.map(|place| place.to_string()).unwrap_or_default();
        format!("{}: {place}: {}", error.kind.name(), error.message)
    }

    fn check(lua: &str, init: &str, items: &[&str], expect: &str) {
        let fold = || {
            let mut folder = folder(lua, None, &Arc::default()).map_err(told)?;
            folder.begin(init).map_err(told)?;
            // The value must outlive a chunk.
            for items in items.chunks(2) {
                folder.fold(&chunk(items)).map_err(|error| {
                    let at = error.at;
                    format!("{at} {}", told(error.into_error("reduce")))
                })?;
            }
            folder.finish().map_err(told)
        };
        assert_eq!(fold().unwrap_or_else(|error| error), expect, "{lua}");
    }

    #[test]
    fn items_are_folded_into_a_value_or_it_is_said_why_not() {
        for (lua, init, items, expect) in [
            ("return acc + item", "0", &["1", "2", "3"][..], "6"),
            ("return acc + item", "9007199254740993", &[], "9007199254740993"),
            ("acc[#acc + 1] = item return acc", "[]", &["1", "{}", "[]"], "[1,{},[]]"),
            (
                "acc[item.k] = (acc[item.k] or 0) + index return acc",
                "{}",
                &[r#"{"k":"a"}"#, r#"{"k":"b"}"#],
                r#"{"a":1,"b":2}"#,
            ),
            ("return nil", "1", &["1"], "null"),
            (
                "local x = acc",
                "1",
                &["1"],
                "0 result: : the function returned no value; did you forget `return`?",
            ),
            (
                "return acc + item.n",
                "1",
                &["{\"n\":1}", "{}"],
                "1 error: p.yaml:3: attempt to perform arithmetic (add) on number and nil",
            ),
            ("return 0/0", "1", &["1"], "result: : the value is NaN"),
            ("return flow.skip('x')", "1", &["1"], "0 error: : an item cannot be skipped in `reduce`"),
        ] {
            check(lua, init, items, expect);
        }
    }

    #[test]
    fn values_are_combined_in_order() {
        let mut folder = folder("return acc", Some("return a .. b"), &Arc::default()).expect("it loads");
        for part in ["\"x\"", "\"y\"", "\"z\""] {
            folder.combine(part).expect("texts");
        }
        assert_eq!(folder.finish().expect("a text"), "\"xyz\"");
        folder.combine("1").expect("a number");
        let error = folder.combine("{}").expect_err("no text");
        assert!(told(error).starts_with("error: p.yaml:3: attempt to concatenate"));
    }

    #[test]
    fn an_endless_fold_ends_when_it_is_told_to() {
        let cancel = Arc::new(Cancel::default());
        let raiser = Arc::clone(&cancel);
        let file = source("a\nb\nreduce: x\n");
        let script = Script::body(block(&file, 3, "while true do end"), ".".into());
        let watchdog = Watchdog::start(Box::new(|_| {})).expect("a thread");
        let guard = Guard::new(cancel, StepId(0), None);
        let mut folder = FoldWorker::new(&script, None, &options(), &guard, &watchdog).expect("it loads");
        folder.begin("0").expect("a number");
        let thread = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            raiser.raise(CancelLevel::Interrupt);
        });
        let error = folder.fold(&chunk(&["1"])).expect_err("it was stopped");
        assert!(matches!(error.end, AttemptEnding::Cancelled), "{error:?}");
        thread.join().expect("it ends");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
        #[test]
        fn for_any_parts_an_associative_function_gives_the_same_value(
            words in proptest::collection::vec("[a-z]{0,3}", 0..30),
            cuts in proptest::collection::vec(1..6_usize, 1..30),
        ) {
            let items: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            let mut folder = folder("return acc .. item", Some("return a .. b"), &Arc::default()).expect("it loads");
            folder.begin("\"\"").expect("a text");
            folder.fold(&chunk(&items)).expect("texts");
            let whole = folder.finish().expect("a text");
            let (mut parts, mut rest) = (Vec::new(), items.as_slice());
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (part, left) = rest.split_at(cut.min(rest.len()));
                rest = left;
                folder.begin("\"\"").expect("a text");
                folder.fold(&chunk(part)).expect("texts");
                parts.push(folder.finish().expect("a text"));
            }
            for part in &parts {
                folder.combine(part).expect("texts");
            }
            let combined = if parts.is_empty() { whole.clone() } else { folder.finish().expect("a text") };
            proptest::prop_assert_eq!(combined, whole);
        }
    }
}
