//! `yaml` turns one document of YAML 1.2 into a value and back. Scalars mean what they mean in pipeline files.

mod anchor;
mod emit;
mod read;
mod text;
mod words;
mod write;

use super::function::{Function, Module};
use super::luau::{Luau, Native};
use crate::lua::own_code;

const YAML: Module = Module("yaml");

/// Decoding, whose result is taken out of a box.
pub(super) static LUAU: Luau =
    Luau::new("yaml", &own_code::YAML, &[Native::new("yaml", "yaml", "decode", |bind| bind.to(read::boxed))]);

pub(super) const FUNCTIONS: &[Function] = &[
    YAML.luau("decode", "(s: string): any").explained(
        "The value of a text of at most 16 MiB with one YAML document of at most 255 levels; anchors, aliases and `<<` are \
         resolved, of keys too, and keys are strings.",
        r#"yaml.decode("a: [1, x, ~]\nb: {}")"#,
        r#"{a = {1, "x", json.null}, b = {}}"#,
    ),
    YAML.rust("encode", "(value: any): string", |bind| bind.to(write::encode)).explained(
        "The value as a YAML document, keys sorted. Readers of YAML 1.1 take it as those of 1.2 do: `no`, `1:30`, `2024-01-01` are quoted.",
        r#"yaml.encode({name = "a", list = {1, "2"}})"#,
        r#""list:\n- 1\n- '2'\nname: a\n""#,
    ),
];
