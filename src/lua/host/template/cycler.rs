//! A cycler gives its values one after the other, and then begins again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::{Object, ObjectRepr, from_args};
use minijinja::{Error, ErrorKind, State, Value};

#[derive(Debug)]
pub(super) struct Cycler {
    values: Vec<Value>,
    at: AtomicUsize,
}

impl Cycler {
    /// One of these values.
    pub(super) fn of(values: Vec<Value>) -> Result<Value, Error> {
        if values.is_empty() {
            return Err(Error::new(ErrorKind::MissingArgument, "`cycler` needs a value"));
        }
        Ok(Value::from_object(Self { values, at: AtomicUsize::new(0) }))
    }

    fn current(&self) -> Value {
        self.values[self.at.load(Ordering::Relaxed) % self.values.len()].clone()
    }
}

impl Object for Cycler {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str() == Some("current")).then(|| self.current())
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        values: &[Value],
    ) -> Result<Value, Error> {
        let () = from_args(values)?;
        match method {
            "next" => {
                let value = self.current();
                self.at.fetch_add(1, Ordering::Relaxed);
                Ok(value)
            }
            "reset" => {
                self.at.store(0, Ordering::Relaxed);
                Ok(Value::from(()))
            }
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
