//! This floor reads the pipeline as written: YAML → spanned tree → schema check → typed structs. Lua is a string
//! here, names are not resolved, and `${{ … }}` is not evaluated.

mod aggregate;
mod breaker;
mod check;
mod choice;
mod codes;
mod collection;
mod columns;
mod concurrency;
mod document;
mod ending;
mod executor;
mod executor_engine;
mod executor_findings;
mod executor_kind;
mod executors;
mod file_kind;
mod files;
mod format;
mod id;
mod included;
mod join;
mod literal;
mod load;
mod map_like;
mod param;
mod permissions;
mod pipeline;
mod policy;
mod program;
mod rate_rule;
mod resources;
mod sample;
mod schema;
mod secret;
mod setting;
mod step;
mod test_case;
mod tree;
pub mod units;
pub mod vocabulary;
mod write_columns;

pub use aggregate::{Aggregate, Aggregated, QuantileRule};
pub use breaker::Breaker;
pub use check::{validate_executors, validate_included, validate_value};
pub use choice::{Order, ParamType};
pub use codes::CODES;
pub use collection::{Batch, Reduce, Sort, Take};
pub use concurrency::Concurrency;
pub use document::{
    Block, Document, LuaField, LuaRole, Place, Scalar, SpanIndex, Style, escape_key, unescape_key,
};
pub use ending::{AtEnd, Keep};
pub use executor::Executor;
pub use executor_engine::{CommandEngine, ExecutorEngine, Kubernetes, Slurm, Toleration, Volume};
pub use executor_findings::{judge_executor, judge_executors, no_executor};
pub use executor_kind::ExecutorKind;
pub use executors::{Executors, LOCAL, decode_executors};
pub use file_kind::{EXTENSIONS, FileKind, is_yaml};
pub use files::{Glob, Items, Origin, Read, Write};
pub use format::format;
pub use id::{InputName, PolicyName, is_id};
pub use included::{INCLUDED_KEYS, Included};
pub use join::Join;
pub use literal::{
    AbsolutePath, AtOnce, Character, Count, Delay, Delimiter, Factor, FieldName, GpuRequest, LineStart,
    LuaNumber, Niceness, Positive, RateLimit, Repeats, Share, Size, TimeLimit, Tries, Word,
};
pub use load::{Loaded, load, load_as};
pub use map_like::{Function, MapLike, MemoryKeys};
pub use param::{EnvVar, Param};
pub use permissions::Permissions;
pub use pipeline::{DecodeError, Defaults, Pipeline, Version, decode, decode_step};
pub use policy::{Policy, Retries};
pub use program::{Program, Variable, program_of};
pub use rate_rule::{LimitUse, RateRule};
pub use resources::Resources;
pub use sample::Sample;
pub use schema::{
    executors_schema, executors_schema_text, included_schema, included_schema_text, schema, schema_text,
};
pub use secret::Secret;
pub use setting::{Setting, is_expression};
pub use step::{Step, Verb};
pub use test_case::{ExpectedError, TestCase};
pub use write_columns::WriteColumns;

/// A name from the file as it may stand in a message: shortened, and without control characters.
fn shown(name: &str) -> String {
    const LONGEST: usize = 60;
    let mut text: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    text = text.replace("\\\"", "\"").replace("\\'", "'");
    if name.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
