//! This module counts how deep a template nests before the engine reads it: its parser, its compiler and the memory
//! it gives back recurse for every operator in a chain as well as for every bracket, and only brackets have a limit
//! there.

use std::ops::AddAssign;

use super::rewrite::COMPARISONS;
use super::tokens::{Tag, TagToken, TagTokenKind, Tags};

/// Bytes of a template. The engine compiles one in one go and cannot be stopped in it; this much takes it a quarter of a
/// second.
pub(super) const SOURCE_BYTES_MAX: usize = 2 << 20;

/// Operators, filters, brackets and blocks within each other. A level takes up to 2 kB of the stack, of which
/// a worker has 8 MiB.
pub(super) const LEVELS_MAX: usize = 300;

/// Lists and maps written within each other. Each call of a macro may nest its arguments so much deeper, and the engine
/// allows some twenty calls within each other; values of more than 3000 levels do not fit a worker's stack.
const LISTS_MAX: usize = 40;

/// The same in a template with recursive loops: there the engine allows a hundred.
const LISTS_IN_RECURSION_MAX: usize = 16;

/// Subscripts and comparisons in one tag. Each may walk a long text, without a look at the deadline before the tag is done.
const LONG_MAX: usize = 200;

/// Tags that others stand in until an `end…`.
const BLOCKS: [&str; 8] = ["for", "if", "with", "filter", "block", "macro", "call", "autoescape"];

/// Filters and functions whose results are lists of lists or maps. `map` may call one of them for each element.
const NESTING: [&str; 9] =
    ["batch", "slice", "groupby", "zip", "items", "dictsort", "dict", "map", "namespace"];

/// Words that take operands.
const OPERATORS: [&str; 7] = ["not", "and", "or", "if", "else", "is", "in"];

/// What is nested too deep, and the line where it becomes so.
pub(super) fn refusal(source: &str) -> Option<String> {
    let is_recursive = memchr::memmem::find(source.as_bytes(), b"recursive").is_some();
    let lists_max = if is_recursive { LISTS_IN_RECURSION_MAX } else { LISTS_MAX };
    let mut nesting = Nesting { source, lists_max, levels: vec![Level::default()], sum: Depth::default() };
    Tags::of(source).find_map(|tag| nesting.tag(&tag).err()).map(|(what, at)| {
        let line = memchr::memchr_iter(b'\n', &source.as_bytes()[..at]).count() + 1;
        format!("{what} (line {line} of the template)")
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct Depth {
    levels: usize,
    lists: usize,
}

impl Depth {
    fn max(self, other: Self) -> Self {
        Self { levels: self.levels.max(other.levels), lists: self.lists.max(other.lists) }
    }
}

impl AddAssign for Depth {
    fn add_assign(&mut self, other: Self) {
        self.levels += other.levels;
        self.lists += other.lists;
    }
}

/// What is open: a block, a tag or a bracket.
#[derive(Debug, Default)]
struct Level {
    /// Of what has been read since the last comma: operators take each other as operands, whatever their order.
    now: Depth,
    /// The most between two commas before.
    most: Depth,
}

struct Nesting<'a> {
    source: &'a str,
    lists_max: usize,
    levels: Vec<Level>,
    /// Of all that is open together.
    sum: Depth,
}

type TooDeep = (String, usize);

impl Nesting<'_> {
    fn tag(&mut self, tag: &Tag) -> Result<(), TooDeep> {
        let outside = self.levels.len();
        self.levels.push(Level::default());
        let mut before = None;
        let mut long = 0;
        for token in &tag.tokens {
            self.token(*token, before, outside)?;
            long += usize::from(self.may_take_long(*token, before));
            if long > LONG_MAX {
                let what = format!("there are more than {LONG_MAX} subscripts and comparisons in one tag");
                return Err((what, token.start));
            }
            before = Some(*token);
        }
        let mut inside = Depth::default();
        while self.levels.len() > outside {
            inside += self.leave();
        }
        if tag.is_block { self.block(tag, inside) } else { Ok(()) }
    }

    /// Whether it is a subscript or a comparison.
    fn may_take_long(&self, token: TagToken, before: Option<TagToken>) -> bool {
        let text = &self.source[token.start..token.end];
        match token.kind {
            TagTokenKind::Open => text == "[" && before.is_some_and(|before| self.ends_operand(before)),
            TagTokenKind::Sign => COMPARISONS.contains(&text),
            _ => false,
        }
    }

    fn token(&mut self, token: TagToken, before: Option<TagToken>, outside: usize) -> Result<(), TooDeep> {
        let word = self.word(token);
        let depth = match token.kind {
            TagTokenKind::Open => {
                let is_list = before.is_none_or(|before| !self.ends_operand(before));
                self.add(Depth { levels: 1, lists: usize::from(is_list) }, token.start)?;
                self.levels.push(Level::default());
                return Ok(());
            }
            TagTokenKind::Close if self.levels.len() > outside + 1 => self.leave(),
            TagTokenKind::Split => {
                self.split();
                return Ok(());
            }
            TagTokenKind::Assign | TagTokenKind::Pipe | TagTokenKind::Dot | TagTokenKind::Sign => {
                Depth { levels: 1, lists: 0 }
            }
            TagTokenKind::Word if OPERATORS.contains(&word) => Depth { levels: 1, lists: 0 },
            TagTokenKind::Word if NESTING.contains(&word) => Depth { levels: 1, lists: 1 },
            TagTokenKind::Close | TagTokenKind::Word | TagTokenKind::Literal => return Ok(()),
        };
        self.add(depth, token.start)
    }

    /// What a block leaves open when its tag has ended.
    fn block(&mut self, tag: &Tag, inside: Depth) -> Result<(), TooDeep> {
        let Some(first) = tag.tokens.first() else { return Ok(()) };
        let name = self.word(*first);
        let is_set_block = name == "set" && tag.tokens.iter().all(|token| token.kind != TagTokenKind::Assign);
        if BLOCKS.contains(&name) || is_set_block {
            self.levels.push(Level::default());
        } else if name.starts_with("end") && self.levels.len() > 1 {
            self.leave();
            return Ok(());
        } else if name != "elif" {
            return Ok(());
        }
        // An `elif` stands inside of what is before it, and a loop's variable may hold what its tag has made.
        self.add(Depth { levels: 1, lists: inside.lists }, first.start)
    }

    fn add(&mut self, depth: Depth, at: usize) -> Result<(), TooDeep> {
        self.sum += depth;
        if let Some(level) = self.levels.last_mut() {
            level.now += depth;
        }
        let Depth { levels, lists } = self.sum;
        if levels > LEVELS_MAX {
            let what = "operators, filters, brackets and blocks are nested deeper than";
            return Err((format!("{what} {LEVELS_MAX} levels; `set` gives a part of them a name"), at));
        }
        if lists > self.lists_max {
            return Err((format!("lists and maps are nested deeper than {} levels", self.lists_max), at));
        }
        Ok(())
    }

    fn split(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            self.sum.levels -= level.now.levels;
            self.sum.lists -= level.now.lists;
            level.most = level.most.max(std::mem::take(&mut level.now));
        }
    }

    /// Leaves the innermost level; the answer is how deep it was.
    fn leave(&mut self) -> Depth {
        self.split();
        self.levels.pop().unwrap_or_default().most
    }

    fn word(&self, token: TagToken) -> &str {
        if token.kind == TagTokenKind::Word { &self.source[token.start..token.end] } else { "" }
    }

    /// Whether a bracket behind this token is a subscript or a call.
    fn ends_operand(&self, token: TagToken) -> bool {
        match token.kind {
            TagTokenKind::Close | TagTokenKind::Literal => true,
            TagTokenKind::Word => !OPERATORS.contains(&self.word(token)),
            _ => false,
        }
    }
}
