//! This module takes equal keys out of an object's text: the last one counts, at the place of the first.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use super::walk::{JsonWalk, unquoted};

/// The same text, which is known to be JSON, with each key of an object once; `None` where that is so already.
pub fn without_equal_keys(text: &[u8]) -> Option<Vec<u8>> {
    let mut search = Search { changes: Vec::new(), open: Vec::new() };
    search.run(JsonWalk::new(text, 0));
    let mut changes = search.changes;
    changes.sort_unstable_by_key(|change| change.at.start);
    let mut out = Vec::with_capacity(text.len());
    (!changes.is_empty()).then(|| {
        copy(text, 0..text.len(), &changes, &mut out);
        out
    })
}

/// What becomes of a piece of the text.
struct Change {
    at: Range<usize>,
    /// What stands there instead; nothing, if it goes.
    by: Option<Range<usize>>,
}

/// Copies a piece of the text. Pieces within one another are as many as there are levels in the text.
fn copy(text: &[u8], piece: Range<usize>, changes: &[Change], out: &mut Vec<u8>) {
    let mut at = piece.start;
    let mut next = changes.partition_point(|change| change.at.start < at);
    while let Some(change) = changes.get(next).filter(|change| change.at.start < piece.end) {
        out.extend_from_slice(&text[at..change.at.start]);
        if let Some(by) = &change.by {
            copy(text, by.clone(), changes, out);
        }
        at = change.at.end;
        next += changes[next..].partition_point(|change| change.at.start < at);
    }
    out.extend_from_slice(&text[at..piece.end]);
}

/// A list or object that is open.
enum Open<'t> {
    List,
    Object {
        /// The values of its keys so far.
        values: HashMap<Cow<'t, [u8]>, Values>,
        /// The key at hand, and where its value begins.
        key: Cow<'t, [u8]>,
        start: usize,
        /// Where the value before it ends.
        behind: usize,
    },
}

/// Where the first and the last value of a key stand.
struct Values {
    first: Range<usize>,
    last: Option<Range<usize>>,
}

/// The search for equal keys: one pass, whatever lies in what.
struct Search<'t> {
    changes: Vec<Change>,
    open: Vec<Open<'t>>,
}

impl<'t> Search<'t> {
    fn run(&mut self, mut walk: JsonWalk<'t>) {
        self.value(&mut walk);
        while let Some(open) = self.open.last_mut() {
            let goes_on = match open {
                Open::List => walk.element(),
                Open::Object { key, start, .. } => match walk.key() {
                    Some(next) => {
                        (*key, *start) = (unquoted(next), walk.at());
                        true
                    }
                    None => false,
                },
            };
            if goes_on {
                self.value(&mut walk);
            } else {
                self.close();
                self.ended(walk.at());
            }
        }
    }

    /// A value begins where the walk stands; one that holds no others is passed.
    fn value(&mut self, walk: &mut JsonWalk<'t>) {
        match walk.byte() {
            b'[' => self.open.push(Open::List),
            b'{' => self.open.push(Open::Object {
                values: HashMap::new(),
                key: Cow::Borrowed(b""),
                start: 0,
                behind: 0,
            }),
            _ => {
                walk.skip();
                self.ended(walk.at());
                return;
            }
        }
        walk.enter();
    }

    /// A value has ended here.
    fn ended(&mut self, at: usize) {
        let Some(Open::Object { values, key, start, behind }) = self.open.last_mut() else { return };
        match values.entry(std::mem::take(key)) {
            Entry::Vacant(place) => {
                place.insert(Values { first: *start..at, last: None });
            }
            Entry::Occupied(mut place) => {
                place.get_mut().last = Some(*start..at);
                self.changes.push(Change { at: *behind..at, by: None });
            }
        }
        *behind = at;
    }

    fn close(&mut self) {
        let Some(Open::Object { values, .. }) = self.open.pop() else { return };
        let twice = values.into_values().filter_map(|values| Some((values.first, values.last?)));
        self.changes.extend(twice.map(|(first, last)| Change { at: first, by: Some(last) }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = without_equal_keys(text.as_bytes());
        let got = got.as_deref().map_or(text.into(), String::from_utf8_lossy);
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn the_last_of_equal_keys_stands_where_the_first_did() {
        for text in ["1", "[]", "{}", "[{\"a\":1},{\"a\":2}]", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}"] {
            check(text, text);
        }
        check("{\"a\":1,\"a\":2.50}", "{\"a\":2.50}");
        check("{\"a\":1,\"b\":2,\"a\":3,\"b\":4,\"a\":5}", "{\"a\":5,\"b\":4}");
        check("[0,{\"x\":{\"a\":1, \"\\u0061\" : [1.0] },\"y\":-0}]", "[0,{\"x\":{\"a\":[1.0] },\"y\":-0}]");
    }

    #[test]
    fn equal_keys_lie_in_values_of_equal_keys() {
        check(
            "{\"a\":{\"x\":1,\"x\":2},\"b\":1,\"a\":{\"z\":1,\"y\":{\"q\":1,\"q\":[{\"k\":0,\"k\":9}]},\"z\":3}}",
            "{\"a\":{\"z\":3,\"y\":{\"q\":[{\"k\":9}]}},\"b\":1}",
        );
    }
}
