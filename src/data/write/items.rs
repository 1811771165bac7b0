//! Writers get items as lines, which are taken apart here.

/// The items of JSON lines, without white space around them.
pub(super) fn items(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', lines).map(move |end| {
        let item = lines[start..end].trim_ascii();
        start = end + 1;
        item
    })
}
