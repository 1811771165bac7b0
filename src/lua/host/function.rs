//! This type is one entry of the table that registers and documents the host functions. Other modules print it.

use std::fmt;

use super::call::{Bind, Name};
use super::prelude::Prelude;

/// A host function: what registers it, and what documentation, editor stubs and tests are made of.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// The global table it lives in, such as `str` or `codec.base64`; empty for a global; beginning with a capital for the type
    /// whose method it is.
    pub module: &'static str,
    /// Its name within the module.
    pub name: &'static str,
    /// Parameters and results in Luau's type notation, such as `(s: string): string`; for a value its type, `: number`.
    pub signature: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// A Lua expression that calls it.
    pub example: &'static str,
    /// A Lua expression for the result of the example; several results are separated by commas. It raises an error where the
    /// example does.
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
    /// In the VM already, see `given`.
    Given,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust(_) => "Rust",
            Self::Luau => "Luau",
            Self::Given => "given",
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

    /// A function or value that the VM has already.
    pub(super) const fn given(&self, name: &'static str, signature: &'static str) -> Function {
        self.entry(name, signature, Body::Given)
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

    /// Module and name, as Lua code writes them: `str.trim`, `Image:resize`.
    pub fn shown(&self) -> String {
        self.full_name().to_string()
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

    /// The function as a value of one VM; `None` if it is there already.
    pub(super) fn make(&self, bind: &Bind<'_>, prelude: &Prelude) -> mlua::Result<Option<mlua::Function>> {
        match self.body {
            Body::Rust(make) => make(bind).map(Some),
            Body::Luau => prelude.function(self.module, self.name).map(Some),
            Body::Given => Ok(None),
        }
    }
}
