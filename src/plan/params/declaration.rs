//! A declaration is what a pipeline file says of one parameter; this module says whether a value agrees with it.

use serde_json::{Map, Number, Value};

use crate::config::ParamType;
use crate::value::Choice as _;

/// One parameter as declared.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::plan) struct Declaration {
    pub(super) name: String,
    pub(super) kind: ParamType,
    pub(super) default: Option<Value>,
    pub(super) required: bool,
    pub(super) description: Option<String>,
    allowed: Option<Vec<Value>>,
    min: Option<Number>,
    max: Option<Number>,
}

/// A declaration that contradicts itself: the key that is wrong (`None`: the short form's value), and why.
pub(in crate::plan) type Contradiction = (Option<&'static str>, String);

impl Declaration {
    /// Reads the short form `size: 224` or the long one. `None` for what the schema has refused.
    pub(in crate::plan) fn read(name: &str, value: &Value) -> Option<Self> {
        let empty = Map::new();
        let (long, default) = match value {
            Value::Null => return None,
            Value::Object(long) => (long, long.get("default").cloned()),
            short => (&empty, Some(short.clone())),
        };
        let kind = match long.get("type") {
            Some(kind) => ParamType::parse(kind.as_str()?)?,
            None => default.as_ref().map_or(ParamType::String, type_of),
        };
        let number = |key| long.get(key).and_then(Value::as_number).cloned();
        Some(Self {
            name: name.to_owned(),
            kind,
            default,
            required: long.get("required").and_then(Value::as_bool).unwrap_or(false),
            description: long.get("description").and_then(Value::as_str).map(str::to_owned),
            allowed: long.get("enum").and_then(Value::as_array).cloned(),
            min: number("min"),
            max: number("max"),
        })
    }

    /// Why `value` cannot be the parameter's, as the end of a sentence. `None`: it can.
    pub(in crate::plan) fn problem(&self, value: &Value) -> Option<String> {
        if !is_of(self.kind, value) {
            return Some(format!("must be {}", type_name(self.kind)));
        }
        if let Some(allowed) = &self.allowed
            && !allowed.iter().any(|one| same(one, value))
        {
            let names: Vec<String> = allowed.iter().map(|one| format!("`{}`", shown(one))).collect();
            return Some(format!("must be one of {}", names.join(", ")));
        }
        let number = value.as_number()?;
        if let Some(min) = self.min.as_ref().filter(|min| less(number, min)) {
            return Some(format!("must be at least {min}"));
        }
        let max = self.max.as_ref().filter(|max| less(max, number))?;
        Some(format!("must be at most {max}"))
    }

    /// A value that the parameter could have, where nobody looks at it.
    pub(in crate::plan) fn stand_in(&self) -> Value {
        let first = self.allowed.as_ref().and_then(|allowed| allowed.first()).cloned();
        let number = || self.min.clone().or_else(|| self.max.clone()).unwrap_or_else(|| 1.into()).into();
        first.unwrap_or_else(|| match self.kind {
            ParamType::Integer | ParamType::Number => number(),
            ParamType::Boolean => false.into(),
            ParamType::List => Value::Array(Vec::new()),
            ParamType::Map => Value::Object(Map::new()),
            ParamType::String | ParamType::Path => self.name.clone().into(),
        })
    }

    /// What the declaration says against itself.
    pub(in crate::plan) fn contradiction(&self, is_short: bool) -> Option<Contradiction> {
        let is_number = matches!(self.kind, ParamType::Integer | ParamType::Number);
        for (key, bound) in [("min", &self.min), ("max", &self.max)] {
            if bound.is_some() && !is_number {
                let reason =
                    format!("`{key}` is for numbers, and `{}` is {}", self.name, type_name(self.kind));
                return Some((Some(key), reason));
            }
        }
        if let (Some(min), Some(max)) = (&self.min, &self.max)
            && less(max, min)
        {
            return Some((Some("max"), format!("`max` of `{}` is less than its `min`", self.name)));
        }
        let wrong = self.allowed.iter().flatten().find(|one| !is_of(self.kind, one));
        if let Some(one) = wrong {
            let reason =
                format!("`{}` in `enum` of `{}` must be {}", shown(one), self.name, type_name(self.kind));
            return Some((Some("enum"), reason));
        }
        let problem = self.problem(self.default.as_ref()?)?;
        Some(((!is_short).then_some("default"), format!("the default of `{}` {problem}", self.name)))
    }
}

/// The type that a default value gives.
fn type_of(value: &Value) -> ParamType {
    match value {
        Value::Bool(_) => ParamType::Boolean,
        Value::Number(number) if number.is_i64() => ParamType::Integer,
        Value::Number(_) => ParamType::Number,
        Value::Array(_) => ParamType::List,
        Value::Object(_) => ParamType::Map,
        Value::Null | Value::String(_) => ParamType::String,
    }
}

fn is_of(kind: ParamType, value: &Value) -> bool {
    match kind {
        ParamType::String | ParamType::Path => value.is_string(),
        ParamType::Integer => value.is_i64(),
        ParamType::Number => value.is_number(),
        ParamType::Boolean => value.is_boolean(),
        ParamType::List => value.is_array(),
        ParamType::Map => value.is_object(),
    }
}

/// The type with its article.
pub(super) fn type_name(kind: ParamType) -> &'static str {
    match kind {
        ParamType::String => "a string",
        ParamType::Integer => "an integer",
        ParamType::Number => "a number",
        ParamType::Boolean => "`true` or `false`",
        ParamType::Path => "a path",
        ParamType::List => "a list such as `[a, b]`",
        ParamType::Map => "a map such as `{a: 1}`",
    }
}

fn less(a: &Number, b: &Number) -> bool {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a < b,
        _ => a.as_f64() < b.as_f64(),
    }
}

/// Equality of values, where `1` and `1.0` are the same number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => !less(a, b) && !less(b, a),
        _ => a == b,
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
