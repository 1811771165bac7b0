//! This module reads the Lua of a `map` for what its results have of the item: where every `return` gives the item, or a table
//! of the item's fields, these keep their types. What is in doubt keeps none.

use std::collections::BTreeSet;

use super::lua_text::{LuaTokenKind, Words};

/// What the results of a step have of an item.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    /// Fields that are passed on: the name in the result, and one that it may have in the item.
    pub(super) named: Vec<(String, String)>,
    /// Some results are the item, so that each field passes under its own name too.
    pub(super) rest: bool,
    /// The fields of results that may have other values than the item's.
    pub(super) unknown: BTreeSet<String>,
    /// Those of them that get one, as far as they are seen.
    pub(super) set: BTreeSet<String>,
    /// Those of them that no result has: they are taken away from every item.
    pub(super) removed: BTreeSet<String>,
    /// Whether some results lack some of them.
    pub(super) may_lack: bool,
}

impl Passed {
    /// The item as it is.
    pub(super) fn all() -> Self {
        Self { rest: true, ..Self::default() }
    }
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
    let mut scan =
        Scan { words: &words, at: 0, returns: Vec::new(), changed: Changed::default(), depth: 0, blocks: 0 };
    scan.all()?;
    let Scan { returns, changed, .. } = scan;
    Some(common(returns, changed))
}

/// The fields of the item that are set.
#[derive(Default)]
struct Changed {
    set: BTreeSet<String>,
    /// Those of them that are set to something else than `nil`.
    filled: BTreeSet<String>,
    /// Those of them that are set to `nil` whatever the item is, before anything is returned.
    removed: BTreeSet<String>,
}

/// What several returns have in common.
fn common(returns: Vec<Returned>, Changed { set, filled, removed }: Changed) -> Passed {
    let is_first = |one: &Returned| *one == returns[0];
    let mut passed = Passed { may_lack: !returns.iter().all(is_first), ..Passed::default() };
    for returned in returns {
        let Returned::Fields(fields) = returned else {
            passed.rest = true;
            continue;
        };
        for (name, origin) in fields {
            if set.contains(&origin) {
                passed.set.extend(filled.contains(&origin).then(|| name.clone()));
                passed.unknown.insert(name);
            } else if !passed.named.contains(&(name.clone(), origin.clone())) {
                passed.named.push((name, origin));
            }
        }
    }
    if passed.rest {
        passed.unknown.extend(set);
        passed.set.extend(filled);
        let is_named = |name: &String| passed.named.iter().any(|(known, _)| known == name);
        let is_given = |name: &String| passed.set.contains(name) || is_named(name);
        passed.removed = removed.into_iter().filter(|name| !is_given(name)).collect();
    }
    passed.named.retain(|(name, _)| !passed.unknown.contains(name));
    passed
}

/// A way through the words of a function.
struct Scan<'w, 't> {
    words: &'w Words<'t>,
    at: usize,
    returns: Vec<Returned>,
    changed: Changed,
    /// Parentheses and braces that are open.
    depth: usize,
    /// The same for blocks: never fewer than there are.
    blocks: usize,
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
                // The `if` of an expression has no `end`.
                (LuaTokenKind::Name, "if" | "do" | "repeat") => self.blocks += 1,
                (LuaTokenKind::Name, "end" | "until") => self.blocks = self.blocks.saturating_sub(1),
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
        let before = self.at;
        while self.is(self.at, "(") {
            self.at += 1;
        }
        let brackets = self.at - before;
        let returned = if self.name(self.at) == Some("item") {
            self.at += 1;
            Returned::Item
        } else if self.is(self.at, "{") {
            self.at += 1;
            Returned::Fields(self.fields()?)
        } else {
            return None;
        };
        for _ in 0..brackets {
            self.takes(")")?;
        }
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
            let name = self.key()?;
            self.takes("=")?;
            let is_own = self.name(self.at) == Some("item");
            self.at += 1;
            let origin = self.member().filter(|_| is_own)?;
            if fields.iter().any(|(known, _)| *known == name) {
                return None;
            }
            fields.push((name, origin));
            if self.is(self.at, ",") || self.is(self.at, ";") {
                self.at += 1;
            } else if !self.is(self.at, "}") {
                return None;
            }
        }
        self.at += 1;
        Some(fields)
    }

    /// Passes this sign.
    fn takes(&mut self, sign: &str) -> Option<()> {
        let found = self.is(self.at, sign);
        self.at += usize::from(found);
        found.then_some(())
    }

    /// The key of a field of a table, `name` or `["name"]`.
    fn key(&mut self) -> Option<String> {
        if self.is(self.at, "[") {
            return self.quoted();
        }
        let name = self.name(self.at)?.to_owned();
        self.at += 1;
        Some(name)
    }

    /// The field that `.name` or `["name"]` takes.
    fn member(&mut self) -> Option<String> {
        if !self.is(self.at, ".") {
            return self.quoted();
        }
        let name = self.name(self.at + 1)?.to_owned();
        self.at += 2;
        Some(name)
    }

    /// The name in `["name"]`, where it is written without escapes.
    fn quoted(&mut self) -> Option<String> {
        let (kind, name) = self.words.get(self.at + 1)?;
        let is_name = kind == LuaTokenKind::Text && !name.contains(['\\', '\n']);
        let found = is_name && self.is(self.at, "[") && self.is(self.at + 2, "]");
        let name = found.then(|| name.to_owned())?;
        self.at += 3;
        Some(name)
    }

    /// A mention of the item elsewhere: its fields are looked at or set. Anything else may change it.
    fn mention(&mut self) -> Option<()> {
        let field = self.member()?;
        let behind = self.at;
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
                self.changed.filled.insert(field.clone());
            } else if self.at == behind && self.blocks == 0 && self.returns.is_empty() {
                self.changed.removed.insert(field.clone());
            }
            self.changed.set.insert(field);
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

    /// `a=b` for a field that is `b` in the item, `*` for all others, `-a` for one that may be something else.
    fn shown(passed: &Passed) -> String {
        let named = passed.named.iter().map(|(name, origin)| format!("{name}={origin}"));
        let unknown = passed.unknown.iter().map(|name| format!("-{name}"));
        let rest = passed.rest.then(|| "*".to_owned());
        named.chain(rest).chain(unknown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_what_passes_fields_on_unchanged_is_known() {
        for (text, expect) in [
            ("return item", Some("*")),
            ("  return item;\n", Some("*")),
            ("-- all of it\nreturn item -- as it is", Some("*")),
            ("return { id = item.id, price = item.cost }", Some("id=id price=cost")),
            ("return{a=item.a;\n}", Some("a=a")),
            ("return {}", Some("")),
            ("if item.a > 3 then log.info(item.b) end return item", Some("*")),
            ("if item.a == nil or item.b ~= 2 then error('x') end return item", Some("*")),
            ("item.id = 1 return item", Some("* -id")),
            ("item.n += 1 item.s ..= 'x' return item", Some("* -n -s")),
            ("item.t.x = 1 item.l[1] = 2 return item", Some("* -l -t")),
            ("item.a, item.b = 1, 2 return item", Some("* -a -b")),
            ("if item.a <= 1 and item.l[1] >= 2 and f(item.b, item.c) then end return item", Some("*")),
            ("local a, b = item.a, item.b return item", Some("* -a")),
            ("item.l[f(item)] = 1 return item", None),
            ("item.n //= 2 return item", Some("* -n")),
            ("item.a = 1 return { x = item.a, a = item.b }", Some("a=b -x")),
            ("return (item)", Some("*")),
            ("if item['n'] == 1 then return (({ a = item.a })) end return (item);", Some("a=a *")),
            ("return { [\"day\"] = item[\"day\"], ['x y'] = item['x y'] }", Some("day=day x y=x y")),
            ("item['s'] = 1 return item", Some("* -s")),
            ("return (item) or {}", None),
            ("return (item).a", None),
            ("return { ['\\x61'] = item.a }", None),
            ("return { a = item['\\x61'] }", None),
            ("return { [k] = item.a }", None),
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
            assert_eq!(passed(text).as_ref().map(shown).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn what_is_taken_away_from_every_item_is_known() {
        for (text, removed) in [
            ("item.day = nil return item", "day"),
            ("if item.x then item.a = 1 end item.b = nil item['c'] = nil return item", "b c"),
            ("local x = if item.a then 1 else 2 item.b = nil return item", ""),
            ("if item.x then item.day = nil end return item", ""),
            ("for k in pairs({}) do item.day = nil end return item", ""),
            ("repeat item.day = nil until true return item", ""),
            ("if item.x then return item end item.day = nil return item", ""),
            ("item.day = nil or 1 return item", ""),
            ("item.day = nil item.day = 2 return item", ""),
            ("item.day.x = nil return item", ""),
            ("item.day = nil if item.x then return { day = item.x } end return item", ""),
        ] {
            let found = passed(text).expect("it is passed on").removed;
            assert_eq!(found.into_iter().collect::<Vec<_>>().join(" "), removed, "{text}");
        }
    }

    #[test]
    fn returns_that_differ_lack_what_others_have() {
        for (text, fields, may_lack) in [
            ("if item.a then return item else return item end", "*", false),
            ("if item.a then return { b = item.b } end return item", "b=b *", true),
            ("if item.a then return { x = item.b } end return item", "x=b *", true),
            ("if item.a then return { x = item.b } end return { x = item.b }", "x=b", false),
            ("if item.a then return { x = item.b } end return { y = item.b }", "x=b y=b", true),
            (
                "if item.a then return { x = item.b } end return { x = item.c, y = item.c }",
                "x=b x=c y=c",
                true,
            ),
        ] {
            let seen = passed(text).expect("it is passed on");
            assert_eq!((&*shown(&seen), seen.may_lack), (fields, may_lack), "{text}");
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
