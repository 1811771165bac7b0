//! A plan is what will run: a pipeline with every name resolved, every default filled in and every script compiled
//! once.

mod aggregate;
mod assemble;
mod big_literals;
mod bind;
mod breaker;
mod check_included;
mod codes;
mod collection;
mod column_types;
mod columns_of;
mod deferred;
mod ended;
mod excerpt;
mod expand;
mod file_checks;
mod file_function;
mod function_at;
mod global_mentions;
mod include;
mod included_names;
mod inputs;
mod load;
mod lookalikes;
mod lua_escapes;
mod lua_file;
mod lua_path;
mod lua_pieces;
mod lua_text;
mod lua_texts;
mod mentions;
mod missing_modules;
mod name_clash;
mod named_file;
mod order;
mod overrides;
mod params;
mod paths;
mod permissions;
mod places;
mod policies;
mod policy_keys;
mod program;
mod rate_limits;
mod reading;
mod references;
mod resolve;
mod returned;
mod scripts;
mod secrets;
mod sound_steps;
mod split;
mod start_limits;
mod step;
mod step_index;
mod template;
mod test_case;
#[cfg(test)]
pub(crate) mod testing;
mod touched;
mod touches;
mod undeclared;
mod unknown_globals;
mod url_paths;
mod warnings;
mod writing;
mod written_columns;
mod yaml_text;

pub use check_included::check_included;
pub use codes::{CODES, codes};
pub use deferred::Deferred;
pub use function_at::function_at;
pub use included_names::{IncludedName, included_names, included_paths};
pub use inputs::{Inputs, SentTo, Unseen, UsageError};
pub use load::{Loaded, load};
pub use lua_texts::{LuaSpot, LuaText, LuaTexts, NamedFunction};
pub use mentions::{Mention, Named, mentions};
pub use policy_keys::{PolicyKey, PolicyOrigin};
pub use step::{
    Aggregate, AtEnd, Body, Collect, Expression, Glob, Input, ItemFunction, Items, Join, Keep, MapLike, Plan,
    Read, Reduce, Sample, SourcePolicy, Split, Step, Verb,
};
pub use test_case::{Expected, TestCase};
pub use touched::{FileRole, Touched};
pub use written_columns::{TypeOrigin, WrittenColumn, WrittenColumns, written_columns};
pub use yaml_text::read_value;

/// Findings of one file that are reported; people fix a few and run again.
const FINDINGS_MAX: usize = 100;

/// Names for a message: `` `a`, `b` ``, the first dozen of them.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN_MAX: usize = 12;
    let mut names: Vec<String> = names.take(SHOWN_MAX + 1).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN_MAX {
        names.truncate(SHOWN_MAX);
        names.push("…".to_owned());
    }
    names.join(", ")
}

#[cfg(test)]
mod tests;
