//! The house knows all sources, and which file each of them takes its names from.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{Imports, Path};

/// Imports followed for one name; more would go round and round.
const HOPS_MAX: usize = 20;

/// All sources, each by the path of its module; that of `lib.rs` is empty.
pub(super) struct House {
    rooms: BTreeMap<Path, Imports>,
}

/// By file, the files that it takes names from, with the paths as they are written.
pub(super) type Arrows = BTreeMap<Path, BTreeMap<Path, BTreeSet<String>>>;

/// What a path leads to.
enum Found {
    Module(Path),
    /// Something that the file of this module defines.
    Item(Path),
    /// Something of another crate, or of Lua, or a variable.
    Stranger,
}

impl House {
    pub(super) fn new(sources: impl IntoIterator<Item = (Path, String)>) -> Self {
        Self { rooms: sources.into_iter().map(|(path, text)| (path, Imports::read(&text))).collect() }
    }

    pub(super) fn arrows(&self) -> Arrows {
        self.rooms
            .keys()
            .filter(|room| self.is_production(room))
            .map(|room| (room.clone(), self.from(room)))
            .collect()
    }

    fn from(&self, room: &Path) -> BTreeMap<Path, BTreeSet<String>> {
        let mut arrows = BTreeMap::<Path, BTreeSet<String>>::new();
        for path in &self.rooms[room].taken {
            match self.look_up(room, path, Wanted { module: false, hops: HOPS_MAX }) {
                Found::Item(file) if file != *room => {
                    arrows.entry(file).or_default().insert(path.join("::"));
                }
                _ => {}
            }
        }
        arrows
    }

    /// Whether the modules above a file declare it for more than tests.
    fn is_production(&self, file: &Path) -> bool {
        (0..file.len()).all(|depth| {
            self.rooms.get(&file[..depth]).is_some_and(|above| above.children.contains(&file[depth]))
        })
    }

    /// What a path means that is written in `room`.
    fn look_up(&self, room: &Path, path: &[String], wanted: Wanted) -> Found {
        let Some((first, rest)) = path.split_first() else { return Found::Module(room.clone()) };
        let Some(imports) = self.rooms.get(room) else { return Found::Stranger };
        match first.as_str() {
            "crate" => self.inside(Path::new(), rest, wanted),
            "self" => self.inside(room.clone(), rest, wanted),
            "super" => {
                let above = room[..room.len().saturating_sub(1)].to_vec();
                match rest.first().map(String::as_str) {
                    Some("super") => self.look_up(&above, rest, wanted),
                    _ => self.inside(above, rest, wanted),
                }
            }
            name if imports.children.contains(name) || imports.names.contains_key(name) => {
                self.inside(room.clone(), path, wanted)
            }
            _ => Found::Stranger,
        }
    }

    /// What a path means that goes on from a module. A module and something it exports may have one name.
    fn inside(&self, module: Path, path: &[String], wanted: Wanted) -> Found {
        let Some((first, rest)) = path.split_first() else { return Found::Module(module) };
        let Some(imports) = self.rooms.get(&module) else { return Found::Stranger };
        let import = imports.names.get(first).filter(|_| wanted.hops > 0);
        let names_module = !rest.is_empty() || wanted.module || import.is_none();
        if names_module && imports.children.contains(first) {
            return self.inside([&module[..], std::slice::from_ref(first)].concat(), rest, wanted);
        }
        let Some(import) = import else { return Found::Item(module) };
        let next = Wanted { module: !rest.is_empty() || wanted.module, hops: wanted.hops - 1 };
        match self.look_up(&module, import, next) {
            Found::Module(other) => self.inside(other, rest, Wanted { module: wanted.module, ..next }),
            found => found,
        }
    }
}

/// How a path is looked up.
#[derive(Clone, Copy)]
struct Wanted {
    /// Whether something follows, so that a module is meant.
    module: bool,
    /// How many imports may still be followed.
    hops: usize,
}
