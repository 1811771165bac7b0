//! These are the named options of one call: a table with known keys, each of a known type.

#[cfg(feature = "image")]
use std::ops::RangeInclusive;
use std::time::Duration;

use mlua::{Table, Value};

use super::call::{Call, describe};

/// Longer waits are as good as this one.
const SECONDS_MAX: f64 = 1e9;

/// What a pair costs beside its bytes.
const PAIR_BYTES: usize = 48;

/// Strings by name, several with one name among them, in the order of the names.
pub(super) type Pairs = Vec<(String, Vec<u8>)>;

/// The options of one call, read key by key.
pub(super) struct Options<'a> {
    call: &'a Call<'a>,
    at: usize,
    table: Option<&'a Table>,
}

impl<'a> Options<'a> {
    /// The table in argument `at`; nil is an empty one. `known` are the names that it may have.
    pub(super) fn of(call: &'a Call<'a>, at: usize, value: &'a Value, known: &[&str]) -> mlua::Result<Self> {
        let table = match value {
            Value::Nil => None,
            Value::Table(table) => Some(table),
            other => return Err(call.bad(at, "table", other)),
        };
        let options = Self { call, at, table };
        for pair in table.into_iter().flat_map(Table::pairs::<Value, Value>) {
            match pair?.0 {
                Value::String(name) if known.iter().any(|known| name == **known) => {}
                Value::String(name) => {
                    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                    let name = name.to_string_lossy();
                    let why = format!("there is no option `{name}`, only {all}");
                    return Err(options.refuse(&why));
                }
                other => {
                    return Err(
                        options.refuse(&format!("names of options expected, got a {}", describe(&other)))
                    );
                }
            }
        }
        Ok(options)
    }

    fn refuse(&self, why: &str) -> mlua::Error {
        self.call.bad_because(self.at, why)
    }

    fn wrong(&self, name: &str, expected: &str, got: &Value) -> mlua::Error {
        self.refuse(&format!("`{name}` must be {expected}, not a {}", describe(got)))
    }

    /// The value of this name; nil when it is not given.
    pub(super) fn value(&self, name: &str) -> mlua::Result<Value> {
        self.table.map_or(Ok(Value::Nil), |table| table.raw_get(name))
    }

    #[cfg(feature = "http")]
    /// Whether it is given.
    pub(super) fn has(&self, name: &str) -> mlua::Result<bool> {
        Ok(!self.value(name)?.is_nil())
    }

    /// Bytes.
    pub(super) fn bytes(&self, name: &str) -> mlua::Result<Option<Vec<u8>>> {
        match self.value(name)? {
            Value::Nil => Ok(None),
            Value::String(text) => {
                self.call.room_for(text.as_bytes().len())?;
                Ok(Some(text.as_bytes().to_vec()))
            }
            other => Err(self.wrong(name, "a string", &other)),
        }
    }

    /// Text.
    pub(super) fn text(&self, name: &str) -> mlua::Result<Option<String>> {
        let Some(bytes) = self.bytes(name)? else { return Ok(None) };
        String::from_utf8(bytes).map(Some).map_err(|_| self.refuse(&format!("`{name}` must be valid UTF-8")))
    }

    /// A number of seconds above 0.
    pub(super) fn seconds(&self, name: &str) -> mlua::Result<Option<Duration>> {
        let seconds = match self.value(name)? {
            Value::Nil => return Ok(None),
            Value::Integer(seconds) => seconds as f64,
            Value::Number(seconds) => seconds,
            other => return Err(self.wrong(name, "a number of seconds", &other)),
        };
        if seconds > 0.0 {
            return Ok(Some(Duration::from_secs_f64(seconds.min(SECONDS_MAX))));
        }
        Err(self.refuse(&format!("`{name}` must be a number of seconds above 0, not {seconds}")))
    }

    /// A number of bytes, or `default`.
    pub(super) fn size(&self, name: &str, default: usize) -> mlua::Result<usize> {
        match self.value(name)? {
            Value::Nil => Ok(default),
            Value::Integer(size) if size >= 0 => Ok(size as usize),
            Value::Number(size) if size >= 0.0 => Ok(size as usize),
            Value::Integer(_) | Value::Number(_) => {
                Err(self.refuse(&format!("`{name}` must be a number of bytes from 0")))
            }
            other => Err(self.wrong(name, "a number of bytes", &other)),
        }
    }

    #[cfg(feature = "image")]
    /// One of these words; the first when it is not given.
    pub(super) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> mlua::Result<T> {
        let given = match self.value(name)? {
            Value::Nil => return Ok(words[0].1),
            Value::String(given) => given,
            other => return Err(self.wrong(name, "a string", &other)),
        };
        if let Some((_, meaning)) = words.iter().find(|(word, _)| given == **word) {
            return Ok(*meaning);
        }
        let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        Err(self.refuse(&format!(
            "`{name}` is one of {}, not `{}`",
            words.join(", "),
            given.to_string_lossy()
        )))
    }

    #[cfg(feature = "image")]
    /// A whole number within bounds.
    pub(super) fn integer(&self, name: &str, bounds: RangeInclusive<i64>) -> mlua::Result<Option<i64>> {
        match self.value(name)? {
            Value::Nil => Ok(None),
            Value::Integer(number) if bounds.contains(&number) => Ok(Some(number)),
            Value::Integer(_) | Value::Number(_) => {
                let (min, max) = bounds.into_inner();
                Err(self.refuse(&format!("`{name}` must be a whole number from {min} to {max}")))
            }
            other => Err(self.wrong(name, "a whole number", &other)),
        }
    }

    /// True or false; false when it is not given.
    pub(super) fn flag(&self, name: &str) -> mlua::Result<bool> {
        self.flag_or(name, false)
    }

    /// True or false, or `default` when it is not given.
    pub(super) fn flag_or(&self, name: &str, default: bool) -> mlua::Result<bool> {
        match self.value(name)? {
            Value::Nil => Ok(default),
            Value::Boolean(flag) => Ok(flag),
            other => Err(self.wrong(name, "a boolean", &other)),
        }
    }

    /// A table of strings, numbers, booleans and lists of those.
    pub(super) fn pairs(&self, name: &str) -> mlua::Result<Pairs> {
        match self.value(name)? {
            Value::Nil => Ok(Vec::new()),
            Value::Table(table) => pairs(self.call, &table, |why| self.refuse(&format!("`{name}` {why}"))),
            other => Err(self.wrong(name, "a table", &other)),
        }
    }
}

/// The entries of a table of strings, numbers, booleans and lists of those; `wrong` makes the error of what is wrong with it.
pub(super) fn pairs(
    call: &Call<'_>,
    table: &Table,
    wrong: impl Fn(&str) -> mlua::Error,
) -> mlua::Result<Pairs> {
    let mut pairs = Vec::new();
    // One string may stand in the table many times.
    let mut tally = call.tally();
    let mut add = |name: &str, value: &Value| {
        let value = scalar(name, value).map_err(|why| wrong(&why))?;
        tally.add(name.len() + value.len() + PAIR_BYTES)?;
        pairs.push((name.to_owned(), value));
        Ok::<(), mlua::Error>(())
    };
    for pair in table.pairs::<Value, Value>() {
        let (name, value) = pair?;
        let Value::String(name) = name else { return Err(wrong("must have names for its values")) };
        let name = name.to_str().map_err(|_| wrong("has a name that is not valid UTF-8"))?;
        if let Value::Table(list) = &value {
            for value in list.sequence_values::<Value>() {
                add(&name, &value?)?;
            }
        } else {
            add(&name, &value)?;
        }
    }
    // Stable, so that the values of a list keep their order.
    pairs.sort_by(|(left, _), (right, _)| left.cmp(right));
    Ok(pairs)
}

fn scalar(name: &str, value: &Value) -> Result<Vec<u8>, String> {
    match value {
        Value::String(text) => Ok(text.as_bytes().to_vec()),
        Value::Integer(number) => Ok(number.to_string().into_bytes()),
        Value::Number(number) => Ok(number.to_string().into_bytes()),
        Value::Boolean(truth) => Ok(truth.to_string().into_bytes()),
        other => {
            Err(format!("has a {} for `{name}`: strings, numbers and booleans can be sent", describe(other)))
        }
    }
}
