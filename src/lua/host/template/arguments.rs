//! This module reads the arguments of filters and methods that may be given by place or by name, as in Python.

use minijinja::value::Kwargs;
use minijinja::{Error, ErrorKind, Value};

/// Arguments and the names of their places.
pub(super) struct Given<'a> {
    by_place: &'a [Value],
    named: Kwargs,
    parameters: &'static [&'static str],
}

impl<'a> Given<'a> {
    /// The arguments that a function with such parameters is called with.
    pub(super) fn of(values: &'a [Value], parameters: &'static [&'static str]) -> Result<Self, Error> {
        let (by_place, named) = match values.split_last() {
            Some((last, rest)) if last.is_kwargs() => (rest, Kwargs::try_from(last.clone())?),
            _ => (values, std::iter::empty::<(&str, Value)>().collect()),
        };
        if by_place.len() > parameters.len() {
            return Err(Error::from(ErrorKind::TooManyArguments));
        }
        if let Some(unknown) = named.args().find(|name| !parameters.contains(name)) {
            let why = format!("there is no argument `{unknown}`");
            return Err(Error::new(ErrorKind::TooManyArguments, why));
        }
        Ok(Self { by_place, named, parameters })
    }

    /// An argument that is there and not none.
    pub(super) fn value(&self, at: usize) -> Result<Option<Value>, Error> {
        let value = match self.by_place.get(at) {
            Some(value) => Some(value.clone()),
            None => self.named.get::<Option<Value>>(self.parameters[at])?,
        };
        Ok(value.filter(|value| !value.is_none() && !value.is_undefined()))
    }

    /// An argument that must be there.
    pub(super) fn needed(&self, at: usize) -> Result<Value, Error> {
        self.value(at)?.ok_or_else(|| {
            Error::new(
                ErrorKind::MissingArgument,
                format!("the argument `{}` is missing", self.parameters[at]),
            )
        })
    }

    /// A text.
    pub(super) fn text(&self, at: usize) -> Result<Option<String>, Error> {
        self.value(at)?.map(|value| self.as_text(at, &value)).transpose()
    }

    /// A text that must be there.
    pub(super) fn needed_text(&self, at: usize) -> Result<String, Error> {
        self.as_text(at, &self.needed(at)?)
    }

    fn as_text(&self, at: usize, value: &Value) -> Result<String, Error> {
        value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(at, "a text", value))
    }

    /// A whole number.
    pub(super) fn integer(&self, at: usize) -> Result<Option<i64>, Error> {
        let Some(value) = self.value(at)? else { return Ok(None) };
        i64::try_from(value.clone()).map(Some).map_err(|_| self.wrong(at, "a whole number", &value))
    }

    /// Whether an argument is there and true.
    pub(super) fn truth(&self, at: usize) -> Result<bool, Error> {
        Ok(self.value(at)?.is_some_and(|value| value.is_true()))
    }

    fn wrong(&self, at: usize, expected: &str, value: &Value) -> Error {
        let why = format!("`{}` must be {expected}, not a {}", self.parameters[at], value.kind());
        refusal(why)
    }
}

/// An error of a filter or method that says what is wrong with what it was given.
pub(super) fn refusal(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, why.into())
}

/// Arguments with those by place named, for filters of the engine that take them by name only.
pub(super) fn by_name(values: &[Value], parameters: &'static [&'static str]) -> Result<Vec<Value>, Error> {
    let Some((first, rest)) = values.split_first() else { return Ok(Vec::new()) };
    let given = Given::of(rest, parameters)?;
    let mut named = Vec::new();
    for (at, name) in parameters.iter().enumerate() {
        if let Some(value) = given.value(at)? {
            named.push((*name, value));
        }
    }
    if named.is_empty() {
        return Ok(vec![first.clone()]);
    }
    Ok(vec![first.clone(), named.into_iter().collect::<Kwargs>().into()])
}
