//! A join whose partners do not fit in memory deals both sides out to partitions, of which as many as fit stay in memory and
//! the others are joined one by one from the disk. A partition that does not fit either is dealt out once more. What comes of
//! the items is sorted back into their order.

use smallvec::SmallVec;

use super::partitions::{LEVELS, PARTITIONS, Partitions};
use super::partners::SpilledPartners;
use super::record::Record;
use super::rule::{JoinRule, joined};
use super::table::PartnerTable;
use crate::data::slots::KeyHasher;
use crate::data::spill_space::SpillSpace;
use crate::data::{DataError, Sorter};

/// Records between two looks at what else there is to do.
const STRIDE: u64 = 4096;

/// Both sides of a join, as far as they do not fit in memory on the disk.
#[derive(Debug)]
pub(super) struct SpilledJoin {
    rule: JoinRule,
    space: SpillSpace,
    hasher: KeyHasher,
    partners: SpilledPartners,
    items: Partitions,
    joined: JoinedItems,
}

/// What came of a join.
#[derive(Debug)]
pub(super) struct JoinedItems {
    /// Lines by the places of their items.
    pub(super) lines: Sorter,
    /// The first item with several partners that must not have them, and the places of two.
    pub(super) ambiguous: Option<(u64, [u64; 2])>,
    /// Only room.
    line: Vec<u8>,
    found: Vec<usize>,
}

impl JoinedItems {
    /// Takes an item with the partners that a table has for it.
    fn take_found(
        &mut self,
        table: &PartnerTable,
        rule: JoinRule,
        (hash, Record { place, key, text: item }): (u64, Record<'_>),
        field: &[u8],
    ) -> Result<(), DataError> {
        self.found.clear();
        table.find(hash, key, &mut self.found);
        let partner = |at: &usize| {
            let Record { place, text, .. } = table.partner(*at);
            (place, text)
        };
        let partners: SmallVec<[(u64, &[u8]); 4]> = self.found.iter().map(partner).collect();
        self.take(rule, (place, item), field, &partners)
    }

    /// Takes an item with its partners, as places and texts.
    fn take(
        &mut self,
        rule: JoinRule,
        (place, item): (u64, &[u8]),
        field: &[u8],
        partners: &[(u64, &[u8])],
    ) -> Result<(), DataError> {
        if rule.is_ambiguous(partners) {
            if self.ambiguous.is_none_or(|(first, _)| place < first) {
                self.ambiguous = Some((place, [partners[0].0, partners[1].0]));
            }
            return Ok(());
        }
        let (key, lines) = (place.to_be_bytes(), &mut self.lines);
        let texts = partners.iter().map(|(_, text)| *text);
        joined(rule.how, item, field, texts, &mut self.line, &mut |line| lines.push(&key, line))
    }
}

impl SpilledJoin {
    /// Begins with the partners of a table.
    pub(super) fn begin(rule: JoinRule, space: &SpillSpace, table: PartnerTable) -> Result<Self, DataError> {
        let hasher = table.hasher();
        let partners = SpilledPartners::begin(rule, space, table)?;
        let items = Partitions::new(space, 0, rule.memory)?;
        let joined = JoinedItems {
            lines: Sorter::new(space.clone()).within(rule.memory),
            ambiguous: None,
            line: Vec::new(),
            found: Vec::new(),
        };
        Ok(Self { rule, space: space.clone(), hasher, partners, items, joined })
    }

    /// Adds a partner whose key has this hash.
    pub(super) fn add(&mut self, hash: u64, partner: Record<'_>) -> Result<(), DataError> {
        self.partners.add(hash, partner)
    }

    /// Adds an item that looks for the partners of a key with this hash; without a key it has none.
    pub(super) fn find(
        &mut self,
        key: Option<(u64, &[u8])>,
        place: u64,
        item: &[u8],
        field: &[u8],
    ) -> Result<(), DataError> {
        let Some((hash, key)) = key else { return self.joined.take(self.rule, (place, item), field, &[]) };
        let item = Record { place, key, text: item };
        match self.partners.in_memory(hash) {
            Some(table) => self.joined.take_found(table, self.rule, (hash, item), field),
            None => self.items.add(hash, item),
        }
    }

    /// Touches the partners in memory of keys with these hashes.
    pub(super) fn touch(&self, hashes: impl Iterator<Item = u64>) {
        self.partners.table().touch(hashes);
    }

    /// Joins all partitions. `look` is called now and then and may end it.
    pub(super) fn finish<E: From<DataError>>(
        self,
        field: &[u8],
        look: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<JoinedItems, E> {
        let Self { rule, space, hasher, partners, items, joined } = self;
        let mut work = PartitionedJoin { rule, space, hasher, field, joined, passed: 0 };
        work.all(partners.into_partitions(), items, 0, look)?;
        Ok(work.joined)
    }
}

/// A join at work on its partitions.
struct PartitionedJoin<'f> {
    rule: JoinRule,
    space: SpillSpace,
    hasher: KeyHasher,
    field: &'f [u8],
    joined: JoinedItems,
    passed: u64,
}

/// Looks at what else there is to do.
type Look<'l, E> = &'l mut dyn FnMut() -> Result<(), E>;

impl PartitionedJoin<'_> {
    fn all<E: From<DataError>>(
        &mut self,
        mut partners: Partitions,
        mut items: Partitions,
        level: u32,
        look: Look<'_, E>,
    ) -> Result<(), E> {
        partners.finish()?;
        items.finish()?;
        for part in (0..PARTITIONS).filter(|part| !items.is_empty(*part)) {
            self.one(&partners, &items, part, level, look)?;
        }
        Ok(())
    }

    fn one<E: From<DataError>>(
        &mut self,
        partners: &Partitions,
        items: &Partitions,
        part: usize,
        level: u32,
        look: Look<'_, E>,
    ) -> Result<(), E> {
        let table = PartnerTable::hashed_by(self.rule, self.hasher);
        let mut table = table.expecting(partners.records(part));
        let mut reader = partners.read(part);
        let mut is_whole = true;
        while let Some(record) = reader.next()? {
            if !table.add(self.hasher.hash(record.key), record)? {
                is_whole = false;
                break;
            }
            self.look(look)?;
        }
        if is_whole {
            return self.by_table(&table, items, part, look);
        }
        let has_one_key = table.keys() == 1;
        drop((table, reader));
        if has_one_key || level + 1 == LEVELS {
            return self.by_search(partners, items, part, look);
        }
        let partners = self.deal(partners, part, level + 1, look)?;
        let items = self.deal(items, part, level + 1, look)?;
        self.all(partners, items, level + 1, look)
    }

    /// Joins a partition whose partners are in memory.
    fn by_table<E: From<DataError>>(
        &mut self,
        table: &PartnerTable,
        items: &Partitions,
        part: usize,
        look: Look<'_, E>,
    ) -> Result<(), E> {
        let mut reader = items.read(part);
        while let Some(item) = reader.next()? {
            self.joined.take_found(table, self.rule, (self.hasher.hash(item.key), item), self.field)?;
            self.look(look)?;
        }
        Ok(())
    }

    /// Joins a partition whose partners do not fit in memory although they have one key: each item looks through all of them,
    /// which takes no longer than to give it on with each.
    fn by_search<E: From<DataError>>(
        &mut self,
        partners: &Partitions,
        items: &Partitions,
        part: usize,
        look: Look<'_, E>,
    ) -> Result<(), E> {
        let most = self.rule.partners_max();
        let mut reader = items.read(part);
        while let Some(Record { place, key, text: item }) = reader.next()? {
            let (mut found, mut others) = (Vec::new(), partners.read(part));
            let mut has_partners = false;
            while let Some(Record { place: other, key: other_key, text }) = others.next()? {
                self.look(look)?;
                if other_key != key {
                    continue;
                }
                if most == usize::MAX {
                    has_partners = true;
                    self.joined.take(self.rule, (place, item), self.field, &[(other, text)])?;
                    continue;
                }
                found.push((other, text.to_vec()));
                if found.len() == most {
                    break;
                }
            }
            if !has_partners {
                let found: Vec<(u64, &[u8])> = found.iter().map(|(at, text)| (*at, &text[..])).collect();
                self.joined.take(self.rule, (place, item), self.field, &found)?;
            }
            self.look(look)?;
        }
        Ok(())
    }

    /// Deals the records of one partition out to further ones.
    fn deal<E: From<DataError>>(
        &mut self,
        side: &Partitions,
        part: usize,
        level: u32,
        look: Look<'_, E>,
    ) -> Result<Partitions, E> {
        let mut dealt = Partitions::new(&self.space, level, self.rule.memory)?;
        let mut reader = side.read(part);
        while let Some(record) = reader.next()? {
            dealt.add(self.hasher.hash(record.key), record)?;
            self.look(look)?;
        }
        Ok(dealt)
    }

    fn look<E>(&mut self, look: Look<'_, E>) -> Result<(), E> {
        self.passed += 1;
        if self.passed.is_multiple_of(STRIDE) { look() } else { Ok(()) }
    }
}
