//! What will run: a pipeline with every name resolved, every default filled in and every script compiled once.

mod step;

pub use step::{Body, Each, EachKind, Expression, Input, Items, Late, Plan, Read, Step, Verb};
