//! This module reads the Lua of a `map` for what its results have of the item: where every `return` gives the item, or a table
//! of the item's fields, these keep their types. What is in doubt keeps none.

use std::collections::BTreeSet;

use super::lua_text::{LuaTokenKind, Words};

/// What the results of a step have of an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) fields: PassedFields,
    /// The fields of the results that get other values than the item's, as far as they are seen.
    pub(super) set: BTreeSet<String>,
    /// Whether some results lack some of them.
    pub(super) may_lack: bool,
}

/// The fields of an item that are passed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PassedFields {
    /// All but these, which are set anew.
    AllBut(BTreeSet<String>),
    /// These: the name in the result, and the one in the item.
    Named(Vec<(String, String)>),
}

impl Passed {
    /// The item as it is.
    pub(super) const ALL: Self =
        Self { fields: PassedFields::AllBut(BTreeSet::new()), set: BTreeSet::new(), may_lack: false };
}

/// What one `return` gives.
#[derive(Debug, PartialEq, Eq)]
enum Returned {
    Item,
    Fields(Vec<(String, String)>),
}

/// What all results of a function have of its item.
pub(super) fn passed(text: &str) -> Option<Passed> {
    let words = Words::of(text);
    let (set, filled) = (BTreeSet::new(), BTreeSet::new());
    let mut scan = Scan { words: &words, at: 0, returns: Vec::new(), set, filled, depth: 0 };
    scan.all()?;
    let Scan { returns, set, filled, .. } = scan;
    Some(common(returns, &set, &filled))
}

/// What several returns have in common; `set` are the fields of the item that are set before, `filled` those among them that are
/// not only taken away.
fn common(returns: Vec<Returned>, set: &BTreeSet<String>, filled: &BTreeSet<String>) -> Passed {
    let is_first = |one: &Returned| *one == returns[0];
    let may_lack = !returns.iter().all(is_first);
    let has_item = returns.contains(&Returned::Item);
    let mut named: Vec<(String, String)> = Vec::new();
    let mut clashes = if has_item { set.clone() } else { BTreeSet::new() };
    let mut given = if has_item { filled.clone() } else { BTreeSet::new() };
    for (name, origin) in returns.into_iter().flat_map(|one| match one {
        Returned::Item => Vec::new(),
        Returned::Fields(fields) => fields,
    }) {
        let other = named.iter().find(|(known, _)| *known == name).is_some_and(|(_, known)| *known != origin);
        if other || set.contains(&origin) || (has_item && name != origin) {
            if other || !set.contains(&origin) || filled.contains(&origin) {
                given.insert(name.clone());
            }
            clashes.insert(name);
        } else if !named.iter().any(|(known, _)| *known == name) {
            named.push((name, origin));
        }
    }
    let fields = if has_item {
        PassedFields::AllBut(clashes)
    } else {
        named.retain(|(name, _)| !clashes.contains(name));
        PassedFields::Named(named)
    };
    Passed { fields, set: given, may_lack }
}

/// A way through the words of a function.
struct Scan<'w, 't> {
    words: &'w Words<'t>,
    at: usize,
    returns: Vec<Returned>,
    set: BTreeSet<String>,
    /// Those of them that are set to something else than `nil`.
    filled: BTreeSet<String>,
    /// Parentheses and braces that are open.
    depth: usize,
}

impl Scan<'_, '_> {
    fn all(&mut self) -> Option<()> {
        while let Some((kind, word)) = self.words.get(self.at) {
            self.at += 1;
            match (kind, word) {
                // A function within may return what it likes, and it may be called with the item.
                (LuaTokenKind::Name, "function") => return None,
                (LuaTokenKind::Name, "return") => {
                    let returned = self.returned()?;
                    self.returns.push(returned);
                }
                (LuaTokenKind::Sign, "(" | "{") => self.depth += 1,
                (LuaTokenKind::Sign, ")" | "}") => self.depth = self.depth.saturating_sub(1),
                (LuaTokenKind::Name, "item") if !self.is_field() => self.mention()?,
                _ => {}
            }
        }
        (!self.returns.is_empty()).then_some(())
    }

    fn is(&self, at: usize, sign: &str) -> bool {
        self.words.get(at) == Some((LuaTokenKind::Sign, sign))
    }

    fn name(&self, at: usize) -> Option<&str> {
        self.words.get(at).filter(|(kind, _)| *kind == LuaTokenKind::Name).map(|(_, word)| word)
    }

    /// Whether the word before `at` makes a field of it, as in `x.item`, or it is a key, as in `{item = 1}`.
    fn is_field(&self) -> bool {
        let own = self.at - 1;
        let behind = own > 0 && (self.is(own - 1, ".") || self.is(own - 1, ":"));
        let key = self.is(own + 1, "=") && own > 0 && (self.is(own - 1, "{") || self.is(own - 1, ","));
        behind || key
    }

    /// What stands behind `return`.
    fn returned(&mut self) -> Option<Returned> {
        let returned = if self.name(self.at) == Some("item") {
            self.at += 1;
            Returned::Item
        } else if self.is(self.at, "{") {
            self.at += 1;
            Returned::Fields(self.fields()?)
        } else {
            return None;
        };
        if self.is(self.at, ";") {
            self.at += 1;
        }
        let ends = matches!(self.name(self.at), Some("end" | "else" | "elseif" | "until"));
        (ends || self.words.get(self.at).is_none()).then_some(returned)
    }

    /// The fields of a table, behind its brace.
    fn fields(&mut self) -> Option<Vec<(String, String)>> {
        let mut fields: Vec<(String, String)> = Vec::new();
        while !self.is(self.at, "}") {
            let name = self.name(self.at)?.to_owned();
            let is_own = self.is(self.at + 1, "=")
                && self.name(self.at + 2) == Some("item")
                && self.is(self.at + 3, ".");
            let origin = self.name(self.at + 4).filter(|_| is_own)?.to_owned();
            if fields.iter().any(|(known, _)| *known == name) {
                return None;
            }
            fields.push((name, origin));
            self.at += 5;
            if self.is(self.at, ",") || self.is(self.at, ";") {
                self.at += 1;
            } else if !self.is(self.at, "}") {
                return None;
            }
        }
        self.at += 1;
        Some(fields)
    }

    /// A mention of the item elsewhere: its fields are looked at or set. Anything else may change it.
    fn mention(&mut self) -> Option<()> {
        if !self.is(self.at, ".") {
            return None;
        }
        let field = self.name(self.at + 1)?.to_owned();
        self.at += 2;
        // What lies within a field belongs to it.
        loop {
            if self.is(self.at, ".") && self.name(self.at + 1).is_some() {
                self.at += 2;
            } else if self.is(self.at, "[") {
                self.at = self.behind_bracket()?;
            } else {
                break;
            }
        }
        let compares = ["~", "<", ">"].iter().any(|sign| self.is(self.at, sign));
        let divides = self.is(self.at, "/") && self.is(self.at + 1, "/") && self.is(self.at + 2, "=");
        let sets = self.is(self.at, "=")
            || (self.is(self.at + 1, "=") && !compares)
            || divides
            // Several are set at once, unless these are arguments or parts of a table.
            || (self.depth == 0 && self.is(self.at, ","));
        if sets {
            if !self.takes_away() {
                self.filled.insert(field.clone());
            }
            self.set.insert(field);
        }
        Some(())
    }

    /// Whether `= nil` stands here, and nothing behind it that belongs to the value.
    fn takes_away(&self) -> bool {
        let goes_on = matches!(self.name(self.at + 2), Some("or" | "and"));
        self.is(self.at, "=") && self.name(self.at + 1) == Some("nil") && !goes_on
    }

    /// The place behind the bracket that stands here; none, when the item is in it once more.
    fn behind_bracket(&self) -> Option<usize> {
        let mut open = 0;
        for at in self.at.. {
            match self.words.get(at)? {
                (LuaTokenKind::Sign, "[") => open += 1,
                (LuaTokenKind::Sign, "]") if open == 1 => return Some(at + 1),
                (LuaTokenKind::Sign, "]") => open -= 1,
                (LuaTokenKind::Name, "item" | "function") => return None,
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pairs: &[(&str, &str)]) -> PassedFields {
        PassedFields::Named(
            pairs.iter().map(|(name, origin)| ((*name).to_owned(), (*origin).to_owned())).collect(),
        )
    }

    fn all_but(names: &[&str]) -> PassedFields {
        PassedFields::AllBut(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn only_what_passes_fields_on_unchanged_is_known() {
        for (text, expect) in [
            ("return item", Some(all_but(&[]))),
            ("  return item;\n", Some(all_but(&[]))),
            ("-- all of it\nreturn item -- as it is", Some(all_but(&[]))),
            ("return { id = item.id, price = item.cost }", Some(named(&[("id", "id"), ("price", "cost")]))),
            ("return{a=item.a;\n}", Some(named(&[("a", "a")]))),
            ("return {}", Some(named(&[]))),
            ("if item.a > 3 then log.info(item.b) end return item", Some(all_but(&[]))),
            ("if item.a == nil or item.b ~= 2 then error('x') end return item", Some(all_but(&[]))),
            ("item.id = 1 return item", Some(all_but(&["id"]))),
            ("item.n += 1 item.s ..= 'x' return item", Some(all_but(&["n", "s"]))),
            ("item.t.x = 1 item.l[1] = 2 return item", Some(all_but(&["l", "t"]))),
            ("item.a, item.b = 1, 2 return item", Some(all_but(&["a", "b"]))),
            (
                "if item.a <= 1 and item.l[1] >= 2 and f(item.b, item.c) then end return item",
                Some(all_but(&[])),
            ),
            ("local a, b = item.a, item.b return item", Some(all_but(&["a"]))),
            ("item.l[f(item)] = 1 return item", None),
            ("item.n //= 2 return item", Some(all_but(&["n"]))),
            ("item.a = 1 return { x = item.a, a = item.b }", Some(named(&[("a", "b")]))),
            ("return { id = item.id + 1 }", None),
            ("return { id = item.a.b }", None),
            ("return { item.id }", None),
            ("return { a = item.a, a = item.b }", None),
            ("return item.id", None),
            ("return item or {}", None),
            ("returnitem", None),
            ("return { f(item) }", None),
            ("change(item) return item", None),
            ("local it = item it.a = 1 return item", None),
            ("item[k] = 1 return item", None),
            ("local f = function() return item end return item", None),
            ("if item.a then return nil end return item", None),
            ("item.a = 1", None),
        ] {
            assert_eq!(passed(text).map(|passed| passed.fields), expect, "{text}");
        }
    }

    #[test]
    fn returns_that_differ_lack_what_others_have() {
        for (text, fields, may_lack) in [
            ("if item.a then return item else return item end", all_but(&[]), false),
            ("if item.a then return { b = item.b } end return item", all_but(&[]), true),
            ("if item.a then return { x = item.b } end return item", all_but(&["x"]), true),
            ("if item.a then return { x = item.b } end return { x = item.b }", named(&[("x", "b")]), false),
            (
                "if item.a then return { x = item.b } end return { y = item.b }",
                named(&[("x", "b"), ("y", "b")]),
                true,
            ),
            (
                "if item.a then return { x = item.b } end return { x = item.c, y = item.c }",
                named(&[("y", "c")]),
                true,
            ),
        ] {
            let seen = passed(text).map(|passed| (passed.fields, passed.may_lack));
            assert_eq!(seen, Some((fields, may_lack)), "{text}");
        }
    }

    #[test]
    fn fields_that_are_set_are_known_and_those_that_are_taken_away_are_not_among_them() {
        for (text, expect) in [
            ("return item", vec![]),
            ("item.new = 1 return item", vec!["new"]),
            ("item.gone = nil item.a = nil or 2 return item", vec!["a"]),
            ("item.a = nil item.a = 2 return item", vec!["a"]),
            ("item.n += 1 return { x = item.n, y = item.y }", vec!["x"]),
        ] {
            let seen = passed(text).expect("it is passed on").set;
            assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expect, "{text}");
        }
    }
}
