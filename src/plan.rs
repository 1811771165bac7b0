//! What will run: a pipeline with every name resolved, every default filled in and every script compiled once.

mod inputs;
mod step;

pub use inputs::Inputs;
pub use step::{Body, Each, EachKind, Expression, Input, Items, Late, Plan, Read, Step, Verb};
