//! This module finds where the types of columns come from that a `write` does not declare: from the Parquet source whose
//! items reach it as they were read, or with fields that were only chosen and renamed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::returned::{Passed, PassedFields, passed};
use super::step::{Body, Collect, Join, MapLike, Step, Verb};
use crate::data::{
    Column, ColumnType, DeclaredKind, DeclaredType, Format, ReadOptions, TypeSource, WriteOptions,
};
use crate::event::StepId;
use crate::lua::ResultShape;

/// The way of a source's fields to a `write`, from below as far as it was followed.
#[derive(Default)]
struct Traced {
    /// These fields: the name below, and the one here; `None`: all.
    fields: Option<Vec<(String, String)>>,
    /// Of all, these are others.
    without: BTreeSet<String>,
    /// Fields that functions on the way give, whose values alone say their types.
    set: BTreeSet<String>,
    /// Some items lack some of them.
    may_lack: bool,
}

/// Tells every `write` where its columns and types come from, and every source whether it may give numbers that JSON does
/// not have. `are_seen` are the results of steps that Lua looks at.
pub(super) fn attach(steps: &mut [Step], are_seen: bool) {
    for at in 0..steps.len() {
        let Body::Ready(verb) = &steps[at].body else { continue };
        let Some(mut options) = verb.written().cloned() else { continue };
        complete(&mut options, steps, &steps[at]);
        if let Body::Ready(verb) = &mut steps[at].body
            && let Some(written) = verb.written_mut()
        {
            *written = options;
        }
    }
    for at in 0..steps.len() {
        let Some(writes) = own_writes(steps, &steps[at]).filter(|_| !are_seen) else { continue };
        if let Body::Ready(Verb::Read(read)) = &mut steps[at].body {
            read.options.keeps_beyond_json = true;
        }
        for id in writes {
            if let Some(step) = steps.get_mut(id.at())
                && let Body::Ready(verb) = &mut step.body
                && let Some(source) = verb.written_mut().and_then(|options| options.typed.source.as_mut())
            {
                Arc::make_mut(source).read.keeps_beyond_json = true;
            }
        }
    }
}

/// The steps that write all that a source gives to columns of its own types, past no function; `None` where others get it too.
fn own_writes(steps: &[Step], source: &Step) -> Option<Vec<StepId>> {
    let Body::Ready(Verb::Read(read)) = &source.body else { return None };
    if !is_typed(&read.options) {
        return None;
    }
    let (mut from, mut writes) = (vec![source.id], Vec::new());
    while let Some(id) = from.pop() {
        let takes = |step: &&Step| step.inputs().any(|input| input.step == id && !input.failed);
        for step in steps.iter().filter(takes) {
            match &step.body {
                _ if step.from.len() > 1 => return None,
                Body::Ready(Verb::Write(options)) if is_own(options, &source.name) => writes.push(step.id),
                // A key is found by a function.
                Body::Ready(Verb::Split(split))
                    if split.by.is_none() && is_own(&split.options.each, &source.name) =>
                {
                    writes.push(step.id);
                }
                Body::Ready(Verb::Collect(Collect::Take(_))) => from.push(step.id),
                _ => return None,
            }
        }
    }
    (!writes.is_empty()).then_some(writes)
}

/// Whether the files of a `read` have types, as far as their names say what they are.
fn is_typed(read: &ReadOptions) -> bool {
    read.format.or_else(|| Format::of_path(&read.path).ok()).is_some_and(Format::has_types)
}

/// Whether a `write` takes the columns of a source as they are.
fn is_own(options: &WriteOptions, source: &Arc<str>) -> bool {
    let named = options.typed.source.as_ref().is_some_and(|own| own.step == *source && own.is_whole());
    options.format.has_types() && options.typed.types.is_none() && named
}

/// Tells one `write` where its columns and types come from, as far as it does not say so itself.
pub(super) fn complete(options: &mut WriteOptions, steps: &[Step], write: &Step) {
    if let Some(name) = options.typed.columns_of.clone() {
        let named = steps.iter().find(|step| step.name == name);
        if let Some(Body::Ready(Verb::Read(read))) = named.map(|step| &step.body) {
            take_columns(options, name, &read.options);
        }
    } else if options.format.has_types() && options.typed.types.is_none() {
        options.typed.source = source_of(steps, write).map(Arc::new);
    }
}

/// The columns of a `read`: its files say them, or its own `columns` does.
fn take_columns(options: &mut WriteOptions, step: Arc<str>, read: &ReadOptions) {
    if is_typed(read) {
        options.typed.source = Some(Arc::new(TypeSource::of(step, read)));
        return;
    }
    let columns = read.columns.as_deref().unwrap_or_default();
    options.columns = Some(columns.iter().map(|column| column.name.clone()).collect());
    if options.format.has_types() {
        options.typed.types = Some(columns.iter().map(declared).collect());
    }
}

/// What a column of text is when it is written. Rows may lack any of them, so none is required.
fn declared(column: &Column) -> DeclaredType {
    let kind = match column.kind {
        None | Some(ColumnType::String) => DeclaredKind::String,
        Some(ColumnType::Integer) => DeclaredKind::Integer,
        Some(ColumnType::Number) => DeclaredKind::Number,
        Some(ColumnType::Boolean) => DeclaredKind::Boolean,
    };
    DeclaredType { kind, required: false }
}

/// Goes up from a step to the source of its items.
fn source_of(steps: &[Step], write: &Step) -> Option<TypeSource> {
    let mut traced = Traced::default();
    let mut step = only_input(write).and_then(|id| steps.get(id.at()))?;
    // Steps form no circle, so the way up ends.
    for _ in 0..steps.len() {
        let passed = match &step.body {
            Body::Ready(Verb::Read(read)) => {
                let Traced { fields, without, set, may_lack } = traced;
                let (without, set) = (without.into_iter().collect(), set.into_iter().collect());
                let (step, read) = (Arc::clone(&step.name), read.options.clone());
                return Some(TypeSource { step, read, fields, without, set, may_lack });
            }
            Body::Ready(Verb::MapLike(map_like)) => passed_by(map_like)?,
            Body::Ready(Verb::Collect(
                Collect::Take(_) | Collect::Sample(_) | Collect::Sort { .. } | Collect::Unique(_),
            )) => Passed::ALL,
            Body::Ready(Verb::Collect(Collect::Join(join))) => passed_by_join(join),
            _ => return None,
        };
        traced.pass(passed);
        step = only_input(step).and_then(|id| steps.get(id.at()))?;
    }
    None
}

impl Traced {
    /// Follows the fields through a step.
    fn pass(&mut self, passed: Passed) {
        self.may_lack |= passed.may_lack;
        match &self.fields {
            Some(fields) => {
                let set = fields.iter().filter(|(_, origin)| passed.set.contains(origin));
                self.set.extend(set.map(|(name, _)| name.clone()));
            }
            // What is set once more below is not what is set here.
            None => self.set.extend(passed.set.difference(&self.without).cloned()),
        }
        match passed.fields {
            PassedFields::AllBut(set) => match &mut self.fields {
                Some(fields) => fields.retain(|(_, origin)| !set.contains(origin)),
                None => self.without.extend(set),
            },
            PassedFields::Named(above) => {
                let without = std::mem::take(&mut self.without);
                let all = |(name, _): &(String, String)| !without.contains(name);
                self.fields = Some(match self.fields.take() {
                    Some(below) => joined(below, &above),
                    None => above.into_iter().filter(all).collect(),
                });
            }
        }
    }
}

fn only_input(step: &Step) -> Option<StepId> {
    match step.from.as_slice() {
        [input] if !input.failed => Some(input.step),
        _ => None,
    }
}

/// Names two steps below each other: what the upper one does not give is never there.
fn joined(below: Vec<(String, String)>, above: &[(String, String)]) -> Vec<(String, String)> {
    let through = |(name, middle): (String, String)| {
        let (_, origin) = above.iter().find(|(name, _)| *name == middle)?;
        Some((name, origin.clone()))
    };
    below.into_iter().filter_map(through).collect()
}

/// Of a joined item only the partner is no field of the one that came.
fn passed_by_join(join: &Join) -> Passed {
    let set: BTreeSet<String> =
        join.rule.how.gives_partners().then(|| join.name.to_string()).into_iter().collect();
    Passed { fields: PassedFields::AllBut(set.clone()), set, may_lack: false }
}

fn passed_by(map_like: &MapLike) -> Option<Passed> {
    match map_like.kind {
        ResultShape::Filter => Some(Passed::ALL),
        ResultShape::Map => passed(map_like.function.script()?.inline()?),
        ResultShape::FlatMap => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_followed_through_two_steps() {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, origin)| ((*name).to_owned(), (*origin).to_owned())).collect()
        };
        let below = pairs(&[("x", "b"), ("y", "gone")]);
        assert_eq!(joined(below, &pairs(&[("a", "one"), ("b", "two")])), pairs(&[("x", "two")]));
    }
}
