//! This type holds the fields of the item at hand: what they are, what was copied of them, and what their text has that its
//! values in Lua do not tell.

use super::beside::Beside;
use crate::lua::raw::decode::{KeptForms, KeyOrder, Learned};
use crate::lua::script::Direct;
use crate::value::json::{self, FieldKind, FieldReader, FieldValue, KeyPath};

/// The fields of one item.
pub(super) struct ItemFields {
    reader: FieldReader,
    path: KeyPath,
    /// Whether a field goes into results only.
    copied: Vec<bool>,
    /// The lists and maps among the fields, as they are copied.
    copies: Vec<u8>,
    /// By field: where its copy stands.
    ranges: Vec<(u32, u32)>,
    /// Working space of the copying.
    keys: Vec<u64>,
    forms: KeptForms,
    /// Whether any field is a list, a map or a number in a form of its own.
    unusual: bool,
}

impl ItemFields {
    pub(super) fn new(script: &Direct) -> Self {
        Self::of(script.fields.clone(), &script.passed)
    }

    /// Those of these names; the ones at the places `passed` become parameters.
    pub(super) fn of(names: Vec<String>, passed: &[usize]) -> Self {
        let count = names.len();
        Self {
            reader: FieldReader::new(names),
            path: KeyPath::default(),
            copied: (0..count).map(|field| !passed.contains(&field)).collect(),
            copies: Vec::new(),
            ranges: vec![(0, 0); count],
            keys: Vec::new(),
            forms: KeptForms::default(),
            unusual: false,
        }
    }

    /// Reads an item. `false`: it has to go the general way.
    #[inline]
    pub(super) fn read(&mut self, text: &[u8], scratch: &mut String) -> bool {
        let Some(path) = self.reader.read(text, scratch) else { return false };
        self.path = path;
        self.unusual = false;
        for value in self.reader.values() {
            self.unusual |= matches!(value.kind, FieldKind::Spelled | FieldKind::List | FieldKind::Map);
        }
        true
    }

    #[inline]
    pub(super) fn values(&self) -> &[FieldValue] {
        self.reader.values()
    }

    /// The name of a field.
    #[inline]
    pub(super) fn name(&self, field: usize) -> &str {
        self.reader.name(field)
    }

    #[inline]
    pub(super) fn path(&self) -> KeyPath {
        self.path
    }

    /// The keys of the item, the last one first.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.reader.keys(self.path)
    }

    /// Whether the item may say how a number is written that stands beside this.
    #[inline]
    pub(super) fn may_spell(&self, number: f64, beside: Beside) -> bool {
        beside != Beside::Nothing && self.forms.has_number(number)
    }

    /// Whether the text has anything that values do not tell.
    #[inline]
    pub(super) fn is_special(&self) -> bool {
        self.forms.any()
    }

    /// Copies the lists and maps of the fields that are copied, or of `all`, and notes their forms and those of numbers. `false`:
    /// one of them cannot be copied.
    #[inline]
    pub(super) fn copy(&mut self, text: &[u8], all: bool, scratch: &mut String) -> bool {
        self.forms = KeptForms::default();
        !self.unusual || self.copy_unusual(text, all, scratch)
    }

    fn copy_unusual(&mut self, text: &[u8], all: bool, scratch: &mut String) -> bool {
        self.copies.clear();
        for (at, value) in self.reader.values().iter().enumerate() {
            match value.kind {
                FieldKind::Spelled => self.forms.note(value.number, value.text(text)),
                FieldKind::List | FieldKind::Map if all || self.copied[at] => {
                    let start = self.copies.len() as u32;
                    if !json::copy(
                        value.text(text),
                        &mut self.copies,
                        (scratch, &mut self.keys),
                        &mut self.forms,
                    ) {
                        return false;
                    }
                    self.ranges[at] = (start, self.copies.len() as u32);
                }
                _ => {}
            }
        }
        true
    }

    /// The copy of a list or a map.
    pub(super) fn copy_of(&self, field: usize) -> &[u8] {
        let (start, end) = self.ranges[field];
        &self.copies[start as usize..end as usize]
    }

    /// A field has become a parameter.
    #[inline]
    pub(super) fn passed(&mut self, value: &FieldValue, learned: &Learned) {
        if matches!(value.kind, FieldKind::List | FieldKind::Map) {
            self.forms.add(learned.order.forms);
            self.forms.nested |= value.kind == FieldKind::Map;
        }
    }

    /// Says which keys the item has and which forms, for results that are written in their order.
    pub(super) fn set_order(&self, order: &mut KeyOrder) {
        order.set(self.path, self.forms, || self.keys());
    }
}
