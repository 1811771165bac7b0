//! This module gives items their partners of another collection, found by equal keys. Partners are held in a table in memory
//! up to a bound; beyond it what does not fit goes to partitions on the disk, which are joined one by one. The caller computes the keys
//! and decides what an item has to look like.

mod partitions;
mod partners;
mod record;
mod rule;
mod spilled;
mod table;

use self::record::Record;
pub use self::rule::{JoinHow, JoinMany, JoinRule};
use self::rule::{OnLine, joined};
use self::spilled::SpilledJoin;
use self::table::PartnerTable;
use crate::data::keys_ahead::KeysAhead;
use crate::data::sort_key::is_null_key;
use crate::data::spill_space::SpillSpace;
use crate::data::{DataError, Sorted};
use crate::value::json;

/// A join: first all partners are added, then all items look for theirs.
#[derive(Debug)]
pub struct Joiner {
    rule: JoinRule,
    /// The field that the partner becomes, in quotes.
    field: Vec<u8>,
    /// What the other collection is called in messages.
    with: String,
    space: SpillSpace,
    table: PartnerTable,
    spilled: Option<SpilledJoin>,
    partners: u64,
    items: u64,
    ahead: KeysAhead,
    line: Vec<u8>,
    found: Vec<usize>,
}

impl Joiner {
    /// Without any partner. `field` is the field that a partner becomes, `with` the name of their collection in messages;
    /// temporary files, when needed, go to `space`.
    pub fn new(rule: JoinRule, field: &str, with: &str, space: impl Into<SpillSpace>) -> Self {
        let table = PartnerTable::new(rule);
        Self {
            rule,
            field: json::quoted(field),
            with: with.to_owned(),
            space: space.into(),
            ahead: KeysAhead::new(table.hasher()),
            table,
            spilled: None,
            partners: 0,
            items: 0,
            line: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Adds the next partner; `value` is the JSON text of what it is found by. Null is found by nobody.
    ///
    /// # Errors
    /// Fails when `value` is no JSON, and when a temporary file cannot be made or written.
    pub fn add(&mut self, value: &[u8], partner: &[u8]) -> Result<(), DataError> {
        self.partners += 1;
        let (key, hash) = self.ahead.next(value)?;
        if is_null_key(key) {
            return Ok(());
        }
        let text = if self.rule.how.gives_partners() { partner } else { b"" };
        let record = Record { place: self.partners, key, text };
        if self.spilled.is_none() {
            if self.table.add(hash, record)? {
                return Ok(());
            }
            let table = std::mem::replace(&mut self.table, PartnerTable::new(self.rule));
            self.spilled = Some(SpilledJoin::begin(self.rule, &self.space, table)?);
        }
        match &mut self.spilled {
            Some(spilled) => spilled.add(hash, record),
            None => Ok(()),
        }
    }

    /// Lets the next item, one JSON value on one line, look for its partners; `value` is the JSON text of what it looks for.
    /// `give` gets what comes of it, or nothing where that waits for [`Joiner::finish`].
    ///
    /// # Errors
    /// Fails when `value` is no JSON, when the item has several partners and must not, when a temporary file cannot be made or
    /// written, and with the error of `give`.
    pub fn find<E: From<DataError>>(
        &mut self,
        value: &[u8],
        item: &[u8],
        give: &mut OnLine<'_, E>,
    ) -> Result<(), E> {
        self.items += 1;
        let (key, hash) = self.ahead.next(value)?;
        let key = (!is_null_key(key)).then_some((hash, key));
        if let Some(spilled) = &mut self.spilled {
            return Ok(spilled.find(key, self.items, item, &self.field)?);
        }
        self.found.clear();
        if let Some((hash, key)) = key {
            self.table.find(hash, key, &mut self.found);
        }
        if self.rule.is_ambiguous(&self.found) {
            let places = [0, 1].map(|at| self.table.partner(self.found[at]).place);
            return Err(ambiguous(&self.with, self.items, places).into());
        }
        let partners = self.found.iter().map(|at| self.table.partner(*at).text);
        joined(self.rule.how, item, &self.field, partners, &mut self.line, give)
    }

    /// These values, JSON texts, are those of the next items, in their order: their partners are near afterwards.
    pub fn look_ahead(&mut self, values: &[&[u8]]) {
        self.ahead.fill(values);
        match &self.spilled {
            None => self.table.touch(self.ahead.hashes()),
            Some(spilled) => spilled.touch(self.ahead.hashes()),
        }
    }

    /// What has not been given yet, as values, in the order of the items. `look` is called now and then and may end it.
    ///
    /// # Errors
    /// Fails when an item has several partners and must not, when the temporary files cannot be made, written or read, and
    /// with the error of `look`.
    pub fn finish<E: From<DataError>>(
        self,
        look: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<Option<Sorted>, E> {
        let Some(spilled) = self.spilled else { return Ok(None) };
        drop(self.table);
        let ended = spilled.finish(&self.field, look)?;
        match ended.ambiguous {
            Some((item, places)) => Err(ambiguous(&self.with, item, places).into()),
            None => Ok(Some(ended.lines.finish()?)),
        }
    }
}

fn ambiguous(with: &str, item: u64, [first, second]: [u64; 2]) -> DataError {
    DataError::Usage(format!(
        "`join` failed at item {item}: items {first} and {second} of `{with}` are both its partners; `many: first` takes the \
         first, `many: all` gives the item with each"
    ))
}

#[cfg(test)]
mod tests;
