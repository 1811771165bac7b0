//! This type holds the secrets of a run: values by name that only Lua may see. The plan knows where they come from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Mask;

/// The secrets of a run: values by name, which only Lua may see. Cloning it costs nothing, and its values are never
/// printed.
#[derive(Clone, Default)]
pub struct Secrets {
    values: Arc<BTreeMap<String, String>>,
    mask: Mask,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Secrets {
    /// These values.
    pub fn new(values: BTreeMap<String, String>) -> Self {
        let mask = Mask::new(values.values().map(String::as_str));
        Self { values: Arc::new(values), mask }
    }

    /// By name, in one order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What hides them.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_values_are_not() {
        let secrets = Secrets::new(BTreeMap::from([("token".to_owned(), "hush-hush".to_owned())]));
        assert_eq!(format!("{secrets:?}"), "{\"token\"}");
        assert_eq!(secrets.mask().text("it is hush-hush"), "it is ***");
        assert_eq!(secrets.iter().collect::<Vec<_>>(), [("token", "hush-hush")]);
    }
}
