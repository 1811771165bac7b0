//! `exec` runs programs without a shell, with nothing of flowrun's environment but the search path. The end of the
//! item's attempt, whatever its cause, ends them with everything that they have started.
//!
//! `operation` does the waiting, and `permissions` decides which programs there are.

mod process;
mod program;
mod said;

use std::rc::Rc;
use std::sync::Arc;

use mlua::{Lua, Value};

use super::call::{Call, warn};
use super::function::{Function, Module};
use super::luau::{Luau, Native};
use crate::lua::async_op::{AsyncOp, Completion, Pending};
use crate::lua::host_error::HostError;
use crate::lua::own_code;
use crate::lua::process::ProcessTree;
use crate::lua::raw::Current;
use process::ProgramOutput;
use program::Program;
use said::{Said, Stream};

const EXEC: Module = Module("exec");

/// The waiting for what is begun here.
pub(super) static LUAU: Luau =
    Luau::new("exec", &own_code::EXEC, &[Native::new("exec_begin", "exec", "run", |bind| bind.to(begin))]);

pub(super) const FUNCTIONS: &[Function] = &[EXEC
    .luau("run", "(program: {string}, options: ExecOptions?): {ok: boolean, code: number, stdout: string, stderr: string, ms: number}")
    .explained(
        "Runs a program, given as a list of its name and its arguments, to its end; no shell is asked. Options: `stdin` \
         (a string; otherwise nothing can be read), `cwd` (otherwise the pipeline's folder), `env` (all the variables it \
         gets beside `PATH`), `timeout` (seconds), `max_output` (bytes of each stream, 16 MB). `ok` is whether `code` is \
         0; a program ended by a signal has code 128 and its number. At the deadline it dies with all it has started, and \
         the ends of what it wrote until then are `stdout` and `stderr` of the error's `fields`. One that has ended is \
         not waited for any longer because of what it has started: that dies too, and the log says so.",
        r#"exec.run({"wc", "-c"}, {stdin = "four"}).stdout"#,
        r#""4\n""#,
    )
    .elsewhere()];

/// Checks a program and puts it on the desk, to be waited for.
fn begin(call: &Call<'_>, (program, options): &(Value, Value)) -> mlua::Result<()> {
    let program = Program::read(call, program, options)?;
    call.state.permissions.effect(&format!("running `{}`", program.start.name.to_string_lossy()))?;
    let mask = call.lua.app_data_ref::<Rc<Current>>().map(|current| current.mask.clone()).unwrap_or_default();
    call.state.slot.put(Some(Pending::Unstarted(Box::new(move |_| {
        let (tree, said) = (ProcessTree::new(), Arc::new(Said::new(mask)));
        let (own, own_said) = (Arc::clone(&tree), Arc::clone(&said));
        AsyncOp::new(async move { completion(process::within(program, &own, &own_said).await) })
            .with_halt(move || tree.halt())
            .with_last_words(move || said.last(process::GRACE).some())
    }))));
    Ok(())
}

/// Makes the table, or raises the error, when it is back at the VM.
fn completion(output: Result<ProgramOutput, HostError>) -> Completion {
    Box::new(move |lua| output.map_err(mlua::Error::from).and_then(|output| table(lua, &output)))
}

fn table(lua: &Lua, output: &ProgramOutput) -> mlua::Result<Value> {
    if let Some(name) = &output.outlived {
        let line =
            format!("`{name}` has ended; what it had started still held its output, and was ended too");
        warn(lua, &line);
    }
    let table = lua.create_table()?;
    table.raw_set("ok", output.code == 0)?;
    table.raw_set("code", output.code)?;
    table.raw_set("stdout", lua.create_string(&*output.said.bytes(Stream::Out))?)?;
    table.raw_set("stderr", lua.create_string(&*output.said.bytes(Stream::Err))?)?;
    table.raw_set("ms", (output.taken.as_secs_f64() * 1e6).round() / 1e3)?;
    Ok(Value::Table(table))
}
