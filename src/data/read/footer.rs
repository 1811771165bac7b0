//! The footer of a Parquet file is looked at before the library reads it: the library goes down a schema by calling itself,
//! and a schema that is deep enough would end the whole process. It also refuses an empty list that does not say of what it
//! is empty, as fastparquet writes one for a table without rows.
//!
//! The footer is a struct of Thrift's compact protocol, whose second field is the schema: a flat list, each element of
//! which says how many of the following are its children. See <https://parquet.apache.org/docs/file-format/metadata/> and
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// Levels of a schema within each other. Writers refuse more than a hundred; the library's stack holds some two hundred.
pub(in crate::data) const LEVELS_MAX: usize = 100;

/// Structs, lists and maps of Thrift within each other, of which a footer has a handful.
const THRIFT_LEVELS_MAX: u32 = 32;

/// Fields of `FileMetaData`, of `SchemaElement`, and of `PageHeader`.
const SCHEMA: i64 = 2;
const ENCRYPTION: i64 = 8;
const NAME: i64 = 4;
const CHILDREN: i64 = 5;
const PAGE_TYPE: i64 = 1;

/// The type of structs, as a list names it.
const STRUCT: u8 = 12;

/// What stands at the end of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Footer {
    /// The bytes of a footer, such that the library takes them.
    Bytes(Vec<u8>),
    /// The file is not to be given to the library, and why.
    Refused(String),
    /// No footer, which is for the library to say.
    None,
}

/// Reads the footer of a file.
pub(super) fn read(file: &File) -> io::Result<Footer> {
    let length = file.metadata()?.len();
    let mut end = [0; 8];
    if length < 12 {
        return Ok(Footer::None);
    }
    file.read_exact_at(&mut end, length - 8)?;
    let encrypted = || Footer::Refused("the file is encrypted, and flowrun has no keys for it".to_owned());
    match &end[4..] {
        b"PARE" => return Ok(encrypted()),
        b"PAR1" => {}
        _ => return Ok(Footer::None),
    }
    let size = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    if size > length - 8 {
        return Ok(Footer::None);
    }
    let mut footer = vec![0; size as usize];
    file.read_exact_at(&mut footer, length - 8 - size)?;
    let mut seen = Seen::default();
    let mut reader = Thrift::new(&footer);
    // A footer that cannot be read to its end is refused by the library, which does not come further than this either.
    let _ = reader.footer(&mut seen);
    let untyped = reader.untyped;
    Ok(match seen {
        Seen { is_encrypted: true, .. } => encrypted(),
        Seen { too_deep: Some(column), .. } => {
            Footer::Refused(format!("the column `{column}` is nested more than {LEVELS_MAX} levels deep"))
        }
        Seen { .. } => {
            // Where the library looks at the type of a list, it wants structs.
            for at in untyped {
                footer[at] = STRUCT;
            }
            Footer::Bytes(footer)
        }
    })
}

/// What was seen in a footer.
#[derive(Default)]
struct Seen {
    is_encrypted: bool,
    /// The column that is too deep.
    too_deep: Option<String>,
}

/// The rest of the bytes; `None` of its functions: they are no footer.
pub(super) struct Thrift<'b> {
    whole: usize,
    bytes: &'b [u8],
    /// Where the lists begin that are empty and have no type.
    untyped: Vec<usize>,
}

/// A field of a struct: its number, and the type of its value, from 1.
type Field = (i64, u8);

impl<'b> Thrift<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { whole: bytes.len(), bytes, untyped: Vec::new() }
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> usize {
        self.whole - self.bytes.len()
    }

    /// Passes over the header of a page, and says which number its kind has.
    pub(super) fn page_header(&mut self) -> Option<i64> {
        let (mut page, mut last) = (None, 0);
        while let (field, kind @ 1..) = self.field(&mut last)? {
            match (field, kind) {
                (PAGE_TYPE, 5) => page = Some(self.integer()?),
                _ => self.skip(kind, 0)?,
            }
        }
        page
    }

    fn footer(&mut self, found: &mut Seen) -> Option<()> {
        let mut last = 0;
        while let (field, kind @ 1..) = self.field(&mut last)? {
            match (field, kind) {
                // What stands behind the list is of no interest then, nor is where that begins.
                (SCHEMA, 9) if self.schema(found).is_none() || found.too_deep.is_some() => return Some(()),
                (SCHEMA, 9) => {}
                (ENCRYPTION, _) => {
                    found.is_encrypted = true;
                    return Some(());
                }
                _ => self.skip(kind, 0)?,
            }
        }
        Some(())
    }

    /// The list of columns and what they consist of, from the root on.
    fn schema(&mut self, found: &mut Seen) -> Option<()> {
        let (count, kind) = self.list()?;
        // How many children are still to come on each level.
        let mut open: Vec<i64> = Vec::new();
        let mut column = String::new();
        for _ in 0..count {
            if kind != STRUCT {
                return None;
            }
            let (name, children) = self.element()?;
            if open.len() == 1 {
                column = String::from_utf8_lossy(name).into_owned();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            if children > 0 {
                open.push(children);
            }
            if open.len() > LEVELS_MAX {
                found.too_deep = Some(column);
                return Some(());
            }
            while open.last().is_some_and(|left| *left <= 0) {
                open.pop();
            }
        }
        Some(())
    }

    fn element(&mut self) -> Option<(&'b [u8], i64)> {
        let (mut name, mut children) = (&b""[..], 0);
        let mut last = 0;
        while let (field, kind @ 1..) = self.field(&mut last)? {
            match (field, kind) {
                (NAME, 8) => name = self.binary()?,
                (CHILDREN, 5) => children = self.integer()?,
                _ => self.skip(kind, 0)?,
            }
        }
        Some((name, children))
    }

    /// The next field of a struct; with type 0: there are no more.
    fn field(&mut self, last: &mut i64) -> Option<Field> {
        let head = self.byte()?;
        if head == 0 {
            return Some((0, 0));
        }
        let step = i64::from(head >> 4);
        *last = if step == 0 { self.integer()? } else { last.checked_add(step)? };
        Some((*last, head & 15))
    }

    /// How many elements a list has, and of which type.
    fn list(&mut self) -> Option<(u64, u8)> {
        let start = self.at();
        let head = self.byte()?;
        if head == 0 {
            self.untyped.push(start);
        }
        let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        Some((count, head & 15))
    }

    /// Passes over a value. In lists a truth value takes a byte.
    fn skip(&mut self, kind: u8, level: u32) -> Option<()> {
        if level > THRIFT_LEVELS_MAX {
            return None;
        }
        match kind {
            1 | 2 => {}
            3 => self.take(1).map(drop)?,
            4..=6 => self.varint().map(drop)?,
            7 => self.take(8).map(drop)?,
            8 => self.binary().map(drop)?,
            9 | 10 => {
                let (count, kind) = self.list()?;
                for _ in 0..count {
                    self.skip(if kind <= 2 { 3 } else { kind }, level + 1)?;
                }
            }
            11 => {
                let count = self.varint()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                for _ in 0..count {
                    self.skip(kinds >> 4, level + 1)?;
                    self.skip(kinds & 15, level + 1)?;
                }
            }
            STRUCT => {
                let mut last = 0;
                while let (_, kind @ 1..) = self.field(&mut last)? {
                    self.skip(kind, level + 1)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn binary(&mut self) -> Option<&'b [u8]> {
        let length = self.varint()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(value);
            }
        }
        None
    }

    /// A number with its sign in the last bit.
    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// A footer whose schema is a chain of groups, `levels` of them below the root.
    fn chain(levels: usize) -> Vec<u8> {
        // version: 2; the schema as a list of structs.
        let mut bytes = vec![0x15, 4, 0x19, 0xfc];
        let mut count = levels + 2;
        while count > 127 {
            bytes.push((count & 127) as u8 | 128);
            count >>= 7;
        }
        bytes.push(count as u8);
        for at in 0..levels + 2 {
            bytes.extend([0x48, 1, b'a' + (at % 26) as u8]);
            bytes.extend_from_slice(if at <= levels { &[0x15, 2] } else { &[] });
            bytes.push(0);
        }
        bytes.push(0);
        bytes
    }

    fn footer_of(footer: &[u8], magic: &[u8]) -> Footer {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"PAR1").expect("room");
        file.write_all(footer).expect("room");
        file.write_all(&(footer.len() as u32).to_le_bytes()).expect("room");
        file.write_all(magic).expect("room");
        read(&file).expect("readable")
    }

    fn refusal_of(footer: &[u8], magic: &[u8]) -> Option<String> {
        match footer_of(footer, magic) {
            Footer::Refused(reason) => Some(reason),
            Footer::Bytes(_) | Footer::None => None,
        }
    }

    #[test]
    fn a_schema_that_is_too_deep_is_refused_with_its_column() {
        for levels in [0, 1, 50, 98, 99] {
            assert_eq!(refusal_of(&chain(levels), b"PAR1"), None, "{levels}");
        }
        for levels in [100, 1000, 100_000] {
            let expect = "the column `b` is nested more than 100 levels deep";
            assert_eq!(refusal_of(&chain(levels), b"PAR1").as_deref(), Some(expect), "{levels}");
        }
    }

    #[test]
    fn nothing_is_read_behind_a_schema_that_is_too_deep() {
        // What would be field 8 if the list ended where it is left.
        let mut footer = chain(101);
        footer.truncate(3 + 2 + 102 * 6 - 1);
        footer.extend([0x6c; 40]);
        let found = refusal_of(&footer, b"PAR1").expect("refused");
        assert!(found.contains("100 levels"), "{found}");
    }

    #[test]
    fn encrypted_files_are_told() {
        let expect = Some("the file is encrypted, and flowrun has no keys for it".to_owned());
        assert_eq!(refusal_of(b"what", b"PARE"), expect);
        // Field 8, an empty struct.
        assert_eq!(refusal_of(&[0x15, 4, 0x7c, 0, 0], b"PAR1"), expect);
    }

    #[test]
    fn what_is_no_footer_is_left_to_the_library() {
        for footer in
            [&b""[..], b"\0", b"\xff\xff\xff\xff", &chain(5)[..9], &[0x19, 0xfc, 255, 255, 255, 255, 15]]
        {
            assert_eq!(refusal_of(footer, b"PAR1"), None, "{footer:?}");
        }
        assert_eq!(refusal_of(b"", b"ABCD"), None);
    }

    #[test]
    fn empty_lists_without_a_type_get_one() {
        // version: 1; the schema: a root; rows: 0; the row groups: an empty list.
        let footer = b"\x15\x02\x19\x1c\x48\x01m\x00\x16\x00\x19\x00\x00";
        let mut expect = footer.to_vec();
        expect[11] = STRUCT;
        assert_eq!(footer_of(footer, b"PAR1"), Footer::Bytes(expect));
        // The same list within structs that are of no interest.
        let footer = b"\x15\x02\x19\x1c\x48\x01m\x00\x2c\x1c\x19\x00\x00\x00\x00";
        let mut expect = footer.to_vec();
        expect[11] = STRUCT;
        assert_eq!(footer_of(footer, b"PAR1"), Footer::Bytes(expect));
        let typed = chain(3);
        assert_eq!(footer_of(&typed, b"PAR1"), Footer::Bytes(typed));
    }
}
