//! This module finds the entries of a YAML text by its lines alone: a text that is being typed is often no YAML yet,
//! and still has to be completed. It does not check the text; wrong text gives wrong entries, never a panic.

mod flow;
mod line;

use crate::source::Span;

/// One entry of a map or list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LayoutEntry {
    /// The entry it is in.
    pub(super) parent: Option<usize>,
    /// Its key; `None` in lists.
    pub(super) name: Option<String>,
    /// The key with its quotes, or what begins the item.
    pub(super) key: Span,
    /// The value, if it stands on the line of the key and is neither map nor list nor block.
    pub(super) value: Span,
    /// Where the last line of it ends.
    pub(super) end: usize,
    /// Column of its key in bytes; in braces and brackets, that of the line's.
    indent: usize,
}

/// What a text ends in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenConstruct {
    /// A word that begins here: a key to be, an item or a value on a line of its own.
    Word(usize),
    /// The value of the innermost entry, which begins here.
    Value(usize),
    /// The block of lines that is the value of the innermost entry.
    Block,
    /// A comment, or what nothing can follow.
    Nothing,
}

/// The entries of a text, and what it ends in the middle of.
#[derive(Debug)]
pub(super) struct Layout {
    /// All of them, in the order of the text.
    pub(super) entries: Vec<LayoutEntry>,
    /// Those that are open at the end, the outermost first.
    pub(super) open: Vec<usize>,
    /// What stands at the end.
    pub(super) spot: OpenConstruct,
}

impl Layout {
    /// Reads `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut scan = Scan::new(text);
        let mut start = 0;
        let mut spot = OpenConstruct::Nothing;
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes).chain(std::iter::once(text.len()));
        for end in ends {
            // The second half of a line end is no line.
            let is_half =
                start == end && start > 0 && bytes[start - 1] == b'\r' && bytes.get(end) == Some(&b'\n');
            if !is_half {
                spot = scan.line(start, end);
            }
            start = end + 1;
        }
        scan.finish(spot)
    }

    /// The entries within `parent`, or those of the top.
    pub(super) fn children(&self, parent: Option<usize>) -> impl Iterator<Item = &LayoutEntry> {
        self.entries.iter().filter(move |entry| entry.parent == parent)
    }

    /// Position of the top entry of this name.
    pub(super) fn top(&self, name: &str) -> Option<usize> {
        let is_it = |entry: &LayoutEntry| entry.parent.is_none() && entry.name.as_deref() == Some(name);
        self.entries.iter().position(is_it)
    }

    /// The names in the top map of this name: `steps`, `params`, …
    pub(super) fn names(&self, top: &str) -> Vec<&str> {
        let Some(top) = self.top(top) else { return Vec::new() };
        let mut names: Vec<&str> = self
            .children(Some(top))
            .filter_map(|entry| entry.name.as_deref())
            .filter(|name| *name != "<<")
            .collect();
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }

    /// The names on the way from the top to `entry`.
    pub(super) fn path(&self, entry: usize) -> Vec<Option<&str>> {
        let mut path = Vec::new();
        let mut at = Some(entry);
        while let Some(entry) = at.map(|at| &self.entries[at]) {
            path.push(entry.name.as_deref());
            at = entry.parent;
        }
        path.reverse();
        path
    }
}

/// A text that is being read.
struct Scan<'a> {
    text: &'a str,
    entries: Vec<LayoutEntry>,
    open: Vec<usize>,
    /// The column that the lines of the open block are behind of.
    block: Option<usize>,
    flow: Vec<Bracket>,
    /// Where the last line with something on it ends.
    last: usize,
}

/// A `{` or `[` that is open.
struct Bracket {
    is_map: bool,
    /// Entries that were open before it.
    depth: usize,
    /// Column of the entry whose value it is.
    indent: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, entries: Vec::new(), open: Vec::new(), block: None, flow: Vec::new(), last: 0 }
    }

    fn push(&mut self, name: Option<String>, key: Span, indent: usize) {
        let parent = self.open.last().copied();
        self.open.push(self.entries.len());
        let value = Span::new(key.end, key.end);
        self.entries.push(LayoutEntry { parent, name, key, value, end: key.end, indent });
    }

    fn top(&self) -> Option<&LayoutEntry> {
        self.open.last().map(|&at| &self.entries[at])
    }

    /// Closes entries down to this many.
    fn close(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(at) = self.open.pop() else { return };
            self.entries[at].end = self.last.max(self.entries[at].end);
        }
    }

    /// Closes the entries that do not hold what stands in this column.
    fn close_from(&mut self, indent: usize) {
        let kept = self.open.iter().take_while(|&&at| self.entries[at].indent < indent).count();
        self.close(kept);
    }

    fn set_value(&mut self, value: Span) {
        if let Some(&at) = self.open.last() {
            self.entries[at].value = value;
            self.entries[at].end = value.end.max(self.entries[at].end);
        }
    }

    fn finish(mut self, spot: OpenConstruct) -> Layout {
        let open = self.open.clone();
        self.close(0);
        Layout { entries: self.entries, open, spot }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The path and spot at the `‸` of a text.
    fn check(text: &str, expect: &str) {
        let (before, _) = text.split_once('‸').expect("the cursor is marked");
        let layout = Layout::of(before);
        let names: Vec<&str> =
            layout.open.iter().map(|&at| layout.entries[at].name.as_deref().unwrap_or("-")).collect();
        let spot = match layout.spot {
            OpenConstruct::Word(at) => format!("word {:?}", &before[at..]),
            OpenConstruct::Value(at) => format!("value {:?}", &before[at..]),
            OpenConstruct::Block => "block".to_owned(),
            OpenConstruct::Nothing => "nothing".to_owned(),
        };
        assert_eq!(format!("{}: {spot}", names.join("/")), expect, "{text}");
    }

    #[test]
    fn blocks_of_maps_and_lists_are_known_by_their_columns() {
        check("ste‸", ": word \"ste\"");
        check("steps:\n  a:\n    ‸", "steps/a: word \"\"");
        check("steps:\n  a:\n    from: x\n\n    m‸", "steps/a: word \"m\"");
        check("steps:\n  a:\n    from: x\n  ‸", "steps: word \"\"");
        check("steps:\n  a:\n    from:\n    - x\n    - ‸", "steps/a/from/-: word \"\"");
        check("steps:\n  a:\n    from:\n      - x‸", "steps/a/from/-: word \"x\"");
        check("tests:\n- name: x\n  st‸", "tests/-: word \"st\"");
        check("tests:\n- name: x\n- step: ‸", "tests/-/step: value \"\"");
        check("tests:\n- name: x\nsteps: ‸", "steps: value \"\"");
        check("steps:\r\n  \"a\":\r\n    from: cl‸", "steps/a/from: value \"cl\"");
        check("a: &x !!map\n  b: ‸", "a/b: value \"\"");
    }

    #[test]
    fn braces_and_brackets_nest_and_may_span_lines() {
        check("a: { b: ‸", "a/b: value \"\"");
        check("a: { b: 1, c‸", "a: word \"c\"");
        check("a: [x, {b: [1, y‸", "a/-/b/-: value \"y\"");
        check("a: [x, ‸", "a/-: value \"\"");
        check("a: { b: [1],\n  c: {}, d: 'x‸", "a/d: value \"x\"");
        check("a: { b: [1] }\nc: ‸", "c: value \"\"");
        check("s:\n  a: { b: [\n  c: ‸", "s/c: value \"\"");
        check("{ steps: { a: { from: x‸", "steps/a/from: value \"x\"");
    }

    #[test]
    fn block_scalars_and_comments_hold_no_keys() {
        check("a:\n  lua: |\n    x: 1\n\n    y‸", "a/lua: block");
        check("a:\n  lua: |-  # why\n    x\n  b: ‸", "a/b: value \"\"");
        check("a:\n  - |\n    x‸", "a/-: block");
        check("a: b # c‸", "a: nothing");
        check("# c‸", ": nothing");
        check("a: 'x' ‸", "a: nothing");
        check("a: \"x\\\"y‸", "a: value \"x\\\\\\\"y\"");
    }

    proptest! {
        #[test]
        fn for_every_text_entries_lie_within_it(text in "([a:#|>&!'\"\\\\{}\\[\\], \n\r\t-]|\\$\\{\\{|é){0,60}") {
            let layout = Layout::of(&text);
            for entry in &layout.entries {
                prop_assert!(entry.end <= text.len() && text.is_char_boundary(entry.end));
                prop_assert!(text.get(entry.key.start..entry.key.end).is_some());
                prop_assert!(text.get(entry.value.start..entry.value.end).is_some());
            }
            if let OpenConstruct::Word(at) | OpenConstruct::Value(at) = layout.spot {
                prop_assert!(text.get(at..).is_some());
            }
        }
    }
}
