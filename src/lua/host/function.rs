//! One entry of the table that registers and documents the host functions. Printing it is the work of others.

use std::fmt;
use std::rc::Rc;

use super::call::Call;
use super::prelude::Prelude;
use super::state::State;

/// A host function: what registers it, and what documentation, editor stubs and tests are made of.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// The global table it lives in, such as `str`.
    pub module: &'static str,
    /// Its name within the module.
    pub name: &'static str,
    /// Parameters and results in Luau's type notation, such as `(s: string): string`.
    pub signature: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// A Lua expression that calls it.
    pub example: &'static str,
    /// A Lua expression for the result of the example; several results are separated by commas.
    pub result: &'static str,
    /// Whether its example needs what only the world outside has, so that it cannot simply be run.
    pub outside: bool,
    pub(super) body: Body,
}

/// Where a function's code is.
#[derive(Clone, Copy)]
pub(super) enum Body {
    /// In Rust: makes the function for one VM.
    Rust(fn(&Bind<'_>) -> mlua::Result<mlua::Function>),
    /// In the prelude's Luau sources, under the same module and name: it calls back into Lua, or is plain table work.
    Luau,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust(_) => "Rust",
            Self::Luau => "Luau",
        })
    }
}

/// Builds the entries of one module.
pub(super) struct Module(pub(super) &'static str);

impl Module {
    /// A function in Rust.
    pub(super) const fn rust(
        &self,
        name: &'static str,
        signature: &'static str,
        make: fn(&Bind<'_>) -> mlua::Result<mlua::Function>,
    ) -> Function {
        self.entry(name, signature, Body::Rust(make))
    }

    /// A function of the prelude.
    pub(super) const fn luau(&self, name: &'static str, signature: &'static str) -> Function {
        self.entry(name, signature, Body::Luau)
    }

    const fn entry(&self, name: &'static str, signature: &'static str, body: Body) -> Function {
        Function { module: self.0, name, signature, doc: "", example: "", result: "", outside: false, body }
    }
}

impl Function {
    /// Adds the line of documentation, and an example with its result.
    pub(super) const fn explained(
        mut self,
        doc: &'static str,
        example: &'static str,
        result: &'static str,
    ) -> Self {
        self.doc = doc;
        self.example = example;
        self.result = result;
        self
    }

    /// Says that the example shows what only the world outside can answer.
    pub(super) const fn elsewhere(mut self) -> Self {
        self.outside = true;
        self
    }

    /// Module and name.
    pub(super) fn full_name(&self) -> Name {
        Name { module: self.module, function: self.name }
    }

    /// The function as a value of one VM.
    pub(super) fn make(&self, bind: &Bind<'_>, prelude: &Prelude) -> mlua::Result<mlua::Function> {
        match self.body {
            Body::Rust(make) => make(bind),
            Body::Luau => prelude.function(self.module, self.name),
        }
    }
}

/// Name of a function as messages show it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) module: &'static str,
    pub(super) function: &'static str,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.function)
    }
}

/// Ties a Rust function to one VM.
pub(super) struct Bind<'a> {
    pub(super) lua: &'a mlua::Lua,
    pub(super) state: &'a Rc<State>,
    pub(super) name: Name,
}

impl Bind<'_> {
    /// Makes `body` callable from Lua; missing arguments arrive as nil, extra ones are dropped, as Lua does.
    pub(super) fn to<A, R>(&self, body: fn(&Call<'_>, &A) -> mlua::Result<R>) -> mlua::Result<mlua::Function>
    where
        A: mlua::FromLuaMulti + 'static,
        R: mlua::IntoLuaMulti + 'static,
    {
        let state = Rc::clone(self.state);
        let name = self.name;
        self.lua
            .create_function(move |lua, arguments: A| body(&Call { lua, state: &state, name }, &arguments))
    }
}
