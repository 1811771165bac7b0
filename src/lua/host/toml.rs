//! `toml` turns documents of TOML 1.0 into a map and back; dates and times are strings.

mod read;
mod write;

use super::function::{Function, Module};

const TOML: Module = Module("toml");

pub(super) const FUNCTIONS: &[Function] = &[
    TOML.rust("decode", "(s: string): table", |bind| bind.to(read::decode)).explained(
        "The map of a TOML text of at most 4 MiB and 80 levels; dates and times become strings.",
        r#"toml.decode("day = 2024-05-01\n[size]\nw = 224")"#,
        r#"{day = "2024-05-01", size = {w = 224}}"#,
    ),
    TOML.rust("encode", "(value: table): string", |bind| bind.to(write::encode)).explained(
        "A map as TOML text, keys sorted, maps behind plain values; TOML has no null.",
        r#"toml.encode({size = {w = 224}, name = "a"})"#,
        r#""name = \"a\"\n\n[size]\nw = 224\n""#,
    ),
];
