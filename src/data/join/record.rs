//! A record of a join is the place of an item in its collection, its key and its text, as bytes.

use crate::data::DataError;

/// Before each record: the place of its item, and the lengths of its key and its text.
pub(super) const HEAD: usize = 8 + 4 + 4;

/// A record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'r> {
    /// From 1.
    pub(super) place: u64,
    pub(super) key: &'r [u8],
    pub(super) text: &'r [u8],
}

impl<'r> Record<'r> {
    /// What stands before it.
    pub(super) fn head(&self) -> Result<[u8; HEAD], DataError> {
        let (Ok(key_len), Ok(len)) = (u32::try_from(self.key.len()), u32::try_from(self.text.len())) else {
            return Err(DataError::Usage("one value to be joined is larger than 4 GiB".to_owned()));
        };
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(&self.place.to_le_bytes());
        head[8..12].copy_from_slice(&key_len.to_le_bytes());
        head[12..].copy_from_slice(&len.to_le_bytes());
        Ok(head)
    }

    /// Appends it behind its head.
    pub(super) fn push(&self, head: &[u8; HEAD], out: &mut Vec<u8>) {
        out.extend_from_slice(head);
        out.extend_from_slice(self.key);
        out.extend_from_slice(self.text);
    }

    /// The one that `bytes` begin with.
    pub(super) fn read(bytes: &'r [u8]) -> Self {
        let (head, rest) = bytes.split_at(HEAD);
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let (key, rest) = rest.split_at(number(&head[8..12]) as usize);
        Self { place: number(&head[..8]), key, text: &rest[..number(&head[12..]) as usize] }
    }

    /// Bytes that it takes.
    pub(super) fn len(&self) -> usize {
        HEAD + self.key.len() + self.text.len()
    }
}
