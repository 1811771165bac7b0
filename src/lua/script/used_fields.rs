//! This type says which fields of an item have to be read for a function.

use super::direct::uses::{add, field_uses};
use super::syntax::{self, Function};
use super::{Script, ScriptSource};

/// The fields that are read; others are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct UsedFields {
    /// Those that the function may look at, and those at whose place its results stand, as far as the text says which: they say
    /// how a number is written, and in which order the keys of a map.
    pub(in crate::lua) names: Vec<String>,
    /// The text says all keys that results may have.
    pub(in crate::lua) all_keys: bool,
}

impl Script {
    /// The fields of the item that matter to the function; `None` when any may.
    pub(in crate::lua) fn used_fields(&self) -> Option<UsedFields> {
        let (ScriptSource::Body(block) | ScriptSource::Expression(block)) = &self.source else {
            // The parameter may have any name there.
            return None;
        };
        let mut names = Vec::new();
        for used in field_uses(&block.text).ok()? {
            add(&mut names, used.name);
        }
        let function = self.parsed();
        let keys = function.as_ref().and_then(keys);
        let all_keys = keys.is_some();
        keys.into_iter().flatten().for_each(|key| add(&mut names, key));
        Some(UsedFields { names, all_keys })
    }
}

/// The keys of all results; `None` where some may have others.
fn keys(function: &Function) -> Option<Vec<String>> {
    let tables = function.returns.iter().map(syntax::Return::table);
    let fields = tables.collect::<Option<Vec<_>>>()?.into_iter().flatten();
    Some(fields.map(|field| field.name.clone()).collect())
}
