//! The options of an aggregate say which fields the item of a group has, and what each is made of.

use super::kind::AggregateKind;
use super::state::StateKind;

/// A field of the item of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateField {
    /// Its name.
    pub name: String,
    /// What it says.
    pub kind: AggregateKind,
    /// Of which of the values; of no meaning for [`AggregateKind::Count`].
    pub value: usize,
}

/// What is made of each group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateOptions {
    /// Whether there are groups with keys, and not one alone without.
    pub(super) has_key: bool,
    /// Bytes of groups in memory at most.
    pub(super) memory: usize,
    /// The fields, each with the place of the state that it is made of.
    pub(super) fields: Vec<(AggregateField, usize)>,
    /// What is kept of a group's values: of which value, and what.
    pub(super) states: Vec<(usize, StateKind)>,
}

impl AggregateOptions {
    /// Of these fields, in this order. `has_key`: for each key, otherwise of all items together. `memory`: bytes of groups that
    /// may be in memory.
    pub fn new(has_key: bool, fields: Vec<AggregateField>, memory: usize) -> Self {
        let mut states: Vec<(usize, StateKind)> = Vec::new();
        let fields = fields.into_iter().map(|field| {
            let Some(kind) = StateKind::of(field.kind) else { return (field, usize::MAX) };
            let state = (field.value, kind);
            // A sum and a mean of the same value are one piece of work.
            let at = states.iter().position(|known| *known == state).unwrap_or_else(|| {
                states.push(state);
                states.len() - 1
            });
            (field, at)
        });
        let fields = fields.collect();
        Self { has_key, memory, fields, states }
    }

    /// How many fields there are, beside that of the key.
    pub fn fields(&self) -> usize {
        self.fields.len()
    }
}
