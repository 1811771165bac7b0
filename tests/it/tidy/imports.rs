//! A source declares modules, imports names, and goes by paths in its code; all three are read here.

use std::collections::{BTreeMap, BTreeSet};
use std::slice::Iter;

use super::tokens::{is_name, tokens};

/// The names from the crate, or from a module, down to something.
pub(super) type Path = Vec<String>;

/// The names in one source.
#[derive(Default)]
pub(super) struct Imports {
    /// The modules declared here, each a file of its own.
    pub(super) children: BTreeSet<String>,
    /// The path behind each name that `use` brings in, also for others.
    pub(super) names: BTreeMap<String, Path>,
    /// The paths that the code goes by: in its body, and of imports that are not only handed on.
    pub(super) taken: BTreeSet<Path>,
}

impl Imports {
    pub(super) fn read(text: &str) -> Self {
        let tokens = tokens(text);
        let mut imports = Self::default();
        let mut own = Vec::new();
        let mut rest = &tokens[..];
        let mut is_public = false;
        while let Some((first, after)) = rest.split_first() {
            let length = match *first {
                "pub" => visibility(after),
                "use" => {
                    let mut leaves = Vec::new();
                    add_leaves(&mut after.iter(), &Path::new(), &mut leaves);
                    if !is_public {
                        own.extend(leaves.iter().cloned());
                    }
                    imports.names.extend(leaves);
                    after.iter().position(|token| *token == ";").unwrap_or(after.len())
                }
                "mod" if after.get(1) == Some(&";") => {
                    imports.children.insert(after[0].to_owned());
                    2
                }
                // A field or a method, whatever its name.
                "." => after.first().map_or(0, |name| usize::from(name.starts_with(is_name))),
                _ => imports.mention(rest),
            };
            is_public = *first == "pub";
            rest = &after[length..];
        }
        imports.take(own);
        imports
    }

    /// Notes the path at the start of `tokens`; the result is how many words follow its first one.
    fn mention(&mut self, tokens: &[&str]) -> usize {
        let names = tokens.iter().step_by(2).take_while(|name| name.starts_with(is_name));
        let ties = tokens.iter().skip(1).step_by(2).take_while(|tie| **tie == "::");
        let count = names.count().min(ties.count() + 1);
        if count > 0 {
            self.taken.insert(tokens.iter().step_by(2).take(count).map(|name| (*name).to_owned()).collect());
        }
        count.max(1) * 2 - 2
    }

    /// Takes the imports that are for this source itself. Where its code goes on from one, as in `name::further`, that
    /// says better what is meant.
    fn take(&mut self, own: Vec<(String, Path)>) {
        for (name, path) in own {
            self.taken.remove(std::slice::from_ref(&name));
            if !self.taken.iter().any(|path| path.len() > 1 && path[0] == name) {
                self.taken.insert(path);
            }
        }
    }
}

/// Adds the leaves of a tree such as `a::{b, c::d as e}` below `base`, by the names they get here. The result is what ended it.
fn add_leaves<'a>(
    tokens: &mut Iter<'a, &'a str>,
    base: &Path,
    leaves: &mut Vec<(String, Path)>,
) -> Option<&'a str> {
    let mut path = base.clone();
    let mut name = None;
    loop {
        match tokens.next().copied() {
            Some("{") => {
                while add_leaves(tokens, &path, leaves) == Some(",") {}
                return tokens.next().copied();
            }
            Some("::") => {}
            Some("as") => name = tokens.next().map(|name| (*name).to_owned()),
            Some("self") if !path.is_empty() => name = path.last().cloned(),
            Some(part) if part == "*" || part.starts_with(is_name) => {
                path.push(part.to_owned());
                name = Some(part.to_owned());
            }
            end => {
                leaves.extend(name.map(|name| (name, path)));
                return end;
            }
        }
    }
}

/// How many words after `pub` say how far it reaches.
fn visibility(after: &[&str]) -> usize {
    match after {
        ["(", "crate" | "super" | "self" | "in", ..] => {
            after.iter().position(|token| *token == ")").map_or(0, |end| end + 1)
        }
        _ => 0,
    }
}
