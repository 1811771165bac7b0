//! Expressions over the same items are programs of one set of fields, so that an item has to be read once only.

use std::sync::Arc;

use super::Script;
use super::direct::compile::value_program;
use super::direct::uses::add;
use super::program::Program;

/// The programs of several expressions, in their order.
#[derive(Debug)]
pub(in crate::lua) struct JointPrograms {
    /// The fields of the item that they look at.
    pub(in crate::lua) fields: Vec<String>,
    pub(in crate::lua) programs: Vec<Program>,
}

impl JointPrograms {
    /// Of these expressions; `None` where one of them needs Lua, or returns a new table.
    pub(in crate::lua) fn of(scripts: &[Arc<Script>]) -> Option<Self> {
        let mut fields = Vec::new();
        for script in scripts {
            let direct = script.direct().ok()?;
            direct.program.as_ref()?;
            direct.fields.iter().for_each(|field| add(&mut fields, field.clone()));
        }
        let programs = scripts.iter().map(|script| script.program(&fields)).collect::<Option<_>>()?;
        Some(Self { fields, programs })
    }
}

impl Script {
    /// The program that it is when these are the fields of its item.
    fn program(&self, fields: &[String]) -> Option<Program> {
        value_program(&self.parsed()?, fields, self.setup_text())
    }
}
