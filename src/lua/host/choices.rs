//! The table of options at the end of a call. What an option means, its function knows.

use mlua::{Table, Value};

use super::call::{Call, describe};

/// Named options of one call; a name that the function does not know is an error.
pub(super) struct Choices<'a> {
    call: &'a Call<'a>,
    at: usize,
    table: Option<Table>,
}

impl<'a> Choices<'a> {
    /// The options in argument `at`, of which only `known` exist.
    pub(super) fn new(call: &'a Call<'a>, at: usize, value: &Value, known: &[&str]) -> mlua::Result<Self> {
        let table = match value {
            Value::Nil => None,
            Value::Table(table) => Some(table.clone()),
            other => return Err(call.bad(at, "table", other)),
        };
        let options = Self { call, at, table };
        if let Some(table) = &options.table {
            table.for_each(|name: Value, _: Value| match &name {
                Value::String(name) if known.iter().any(|known| *name == *known) => Ok(()),
                name => Err(options.unknown(name, known)),
            })?;
        }
        Ok(options)
    }

    fn unknown(&self, name: &Value, known: &[&str]) -> mlua::Error {
        let shown = match name {
            Value::String(name) => format!("`{}`", name.to_string_lossy()),
            other => format!("a {}", describe(other)),
        };
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        self.call.bad_because(self.at, &format!("unknown option {shown}, known are {}", known.join(", ")))
    }

    /// The value of an option; nil when it is not given.
    pub(super) fn get(&self, name: &str) -> mlua::Result<Value> {
        self.table.as_ref().map_or(Ok(Value::Nil), |table| table.raw_get(name))
    }

    /// An option that is one of these words; the first one when it is not given.
    pub(super) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> mlua::Result<T> {
        let value = self.get(name)?;
        if value.is_nil() {
            return Ok(words[0].1);
        }
        let Value::String(given) = &value else { return Err(self.bad(name, "string", &value)) };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *given == *word) {
            return Ok(*meaning);
        }
        let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let why = format!("`{name}` is one of {}, got `{}`", words.join(", "), given.to_string_lossy());
        Err(self.call.bad_because(self.at, &why))
    }

    /// An option that is true or false; false when it is not given.
    pub(super) fn flag(&self, name: &str) -> mlua::Result<bool> {
        match self.get(name)? {
            Value::Nil => Ok(false),
            Value::Boolean(flag) => Ok(flag),
            other => Err(self.bad(name, "boolean", &other)),
        }
    }

    /// An option that is a whole number within bounds, if it is given.
    pub(super) fn integer(
        &self,
        name: &str,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> mlua::Result<Option<i64>> {
        match self.get(name)? {
            Value::Nil => Ok(None),
            Value::Integer(number) if bounds.contains(&number) => Ok(Some(number)),
            Value::Integer(_) | Value::Number(_) => {
                let (min, max) = bounds.into_inner();
                let why = format!("`{name}` is a whole number from {min} to {max}");
                Err(self.call.bad_because(self.at, &why))
            }
            other => Err(self.bad(name, "number", &other)),
        }
    }

    fn bad(&self, name: &str, expected: &str, got: &Value) -> mlua::Error {
        self.call.bad_because(self.at, &format!("`{name}` is a {expected}, got {}", describe(got)))
    }
}
