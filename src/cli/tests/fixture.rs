//! These functions make plans by hand for the tests of the command line.

use std::path::PathBuf;
use std::sync::Arc;

use crate::data::{Compression, Format, RowStyle, Target, TypedOptions, WriteMode, WriteOptions};
use crate::event::{self, StepId};
use crate::plan::{Input, Plan, Step, Verb};
use crate::source::SourceFile;

/// A step that takes from the steps at these positions. [`plan`] gives it its own.
pub(in crate::cli) fn step(name: &str, from: &[u32]) -> Step {
    let from = from.iter().map(|step| Input { step: StepId(*step), failed: false }).collect();
    Step::new(name, event::Verb::Write, from, Verb::Write(write(&format!("out/{name}.jsonl"))))
}

/// What a `write` step writes to, `-` included.
pub(in crate::cli) fn write(name: &str) -> WriteOptions {
    let file = || Target::File(PathBuf::from("/x").join(name));
    WriteOptions {
        target: if name == "-" { Target::Stdout } else { file() },
        name: Arc::from(name),
        format: Format::Jsonl,
        compression: Compression::None,
        pretty: false,
        single: false,
        mode: WriteMode::Replace,
        table: None,
        rows: RowStyle::default(),
        columns: None,
        typed: TypedOptions::default(),
    }
}

/// A plan of these steps, which must come after what they depend on.
pub(in crate::cli) fn plan(steps: Vec<Step>) -> Plan {
    let ids = (0..).map(StepId);
    Plan {
        permissions: std::sync::Arc::default(),
        rate_limits: std::sync::Arc::default(),
        name: Arc::from("clean-docs"),
        description: None,
        file: SourceFile::new("p.yaml", "p.yaml", "when: params.deep > 1\n".to_owned()),
        included: Vec::new(),
        root: PathBuf::new(),
        lua_path: "".into(),
        tests: Vec::new(),
        touched: Vec::new(),
        wants: crate::lua::Wants::default(),
        limit: None,
        at_end: None,
        keep: None,
        params: Arc::from("{}"),
        env: Arc::from("{}"),
        secrets: crate::value::Secrets::default(),
        order: ids.clone().take(steps.len()).collect(),
        steps: steps.into_iter().zip(ids).map(|(step, id)| Step { id, ..step }).collect(),
    }
}
