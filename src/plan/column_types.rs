//! This module finds where the types of columns come from that a `write` does not declare: from the Parquet source whose
//! items reach it as they were read, or with fields that were only chosen and renamed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::returned::{Passed, passed};
use super::step::{Body, Collect, MapLike, Step, Verb};
use crate::data::{
    Column, ColumnType, DeclaredKind, DeclaredType, Format, ReadOptions, TypeBase, TypePartner, TypeSource,
    WriteOptions,
};
use crate::event::StepId;
use crate::lua::ResultShape;

/// Steps that are looked at for one `write`. Joins of joins may lead to one source on many ways.
const STEPS_MAX: usize = 1000;

/// The way of a source's fields to a `write`, from below as far as it was followed.
struct Traced {
    /// What is known of it. The source itself stands above.
    found: TypeSource,
    /// Of the columns, these are others.
    without: BTreeSet<String>,
    /// Fields that functions on the way give, whose values alone say their types.
    set: BTreeSet<String>,
    /// Fields of the source that no item has any more.
    removed: BTreeSet<String>,
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
                let base = Arc::make_mut(source).base.as_mut();
                if let Some(base) = base {
                    base.read.keeps_beyond_json = true;
                }
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
                Body::Ready(Verb::Collect(Collect::Take(_) | Collect::Sample(_))) => from.push(step.id),
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
    let named = options.typed.source.as_ref().is_some_and(|own| own.step() == Some(source) && own.is_whole());
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
        options.typed.source = source_of(steps, only_input(write), &mut STEPS_MAX.clone()).map(Arc::new);
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

/// Goes up from a step to the source of its items; `left` are the steps that may still be looked at. Steps form no circle, so
/// the way up ends.
fn source_of(steps: &[Step], from: Option<StepId>, left: &mut usize) -> Option<TypeSource> {
    let mut traced = Traced::new();
    let mut next = from;
    while let Some(step) = next.and_then(|id| steps.get(id.at())) {
        *left = left.checked_sub(1)?;
        let passed = match &step.body {
            Body::Ready(Verb::Read(read)) => {
                if is_typed(&read.options) {
                    let base = TypeBase { step: Arc::clone(&step.name), read: read.options.clone() };
                    traced.found.base = Some(base);
                }
                break;
            }
            Body::Ready(Verb::MapLike(map_like)) => passed_by(map_like),
            Body::Ready(Verb::Collect(
                Collect::Take(_) | Collect::Sample(_) | Collect::Sort { .. } | Collect::Unique(_),
            )) => Some(Passed::all()),
            Body::Ready(Verb::Collect(Collect::Join(join))) => {
                if join.rule.how.gives_partners() {
                    let with = step.with.filter(|input| !input.failed).map(|input| input.step);
                    traced.join(&join.name, source_of(steps, with, left).as_ref());
                }
                Some(Passed::all())
            }
            _ => None,
        };
        let Some(passed) = passed else { break };
        traced.pass(passed);
        next = only_input(step);
    }
    traced.done()
}

impl Traced {
    fn new() -> Self {
        let found = TypeSource { rest: true, ..TypeSource::default() };
        Self { found, without: BTreeSet::new(), set: BTreeSet::new(), removed: BTreeSet::new() }
    }

    /// Follows the fields through a step.
    fn pass(&mut self, passed: Passed) {
        self.found.may_lack |= passed.may_lack;
        let mut fields = Vec::new();
        for (name, middle) in std::mem::take(&mut self.found.fields) {
            if passed.unknown.contains(&middle) {
                self.set.extend(passed.set.contains(&middle).then(|| name.clone()));
                self.without.insert(name);
                continue;
            }
            let above = passed.named.iter().filter(|(known, _)| *known == middle);
            fields.extend(above.map(|(_, origin)| (name.clone(), origin.clone())));
            fields.extend(passed.rest.then_some((name, middle)));
        }
        if self.found.rest {
            // What is set once more below is not what is set here.
            fields.extend(passed.named.into_iter().filter(|(name, _)| !self.without.contains(name)));
            self.set.extend(passed.set.difference(&self.without).cloned());
            self.removed.extend(passed.removed.difference(&self.without).cloned());
            self.without.extend(passed.unknown);
        }
        self.found.rest &= passed.rest;
        let mut seen = BTreeSet::new();
        fields.retain(|pair| !self.without.contains(&pair.0) && seen.insert(pair.clone()));
        self.found.fields = fields;
    }

    /// Below a join its field `partner` holds items of another source.
    fn join(&mut self, partner: &Arc<str>, source: Option<&TypeSource>) {
        let is_partner = |origin: &str| *origin == **partner;
        let own = (self.found.rest && !self.without.contains(&**partner)).then(|| partner.to_string());
        let renamed = self.found.fields.iter().filter(|(_, origin)| is_partner(origin));
        let below: BTreeSet<String> = own.into_iter().chain(renamed.map(|(name, _)| name.clone())).collect();
        for name in below {
            let others = self.found.fields.iter().filter(|(known, _)| *known == name);
            let mut origins = others.map(|(_, origin)| &**origin).chain(self.found.rest.then_some(&*name));
            let is_alone = origins.all(is_partner);
            match source.filter(|_| is_alone).cloned() {
                Some(source) => self.found.partners.push(TypePartner { name: name.clone(), source }),
                None => drop(self.set.insert(name.clone())),
            }
            self.without.insert(name);
        }
        self.found.fields.retain(|(name, _)| !self.without.contains(name));
    }

    /// What was found; `None` for nothing.
    fn done(self) -> Option<TypeSource> {
        let Self { mut found, without, set, removed } = self;
        // The way went up.
        found.partners.reverse();
        let is_something = found.base.is_some() || !found.partners.is_empty();
        let list = |names: BTreeSet<String>| names.into_iter().collect();
        is_something.then(|| TypeSource {
            without: list(without),
            set: list(set),
            removed: list(removed),
            ..found
        })
    }
}

fn only_input(step: &Step) -> Option<StepId> {
    match step.from.as_slice() {
        [input] if !input.failed => Some(input.step),
        _ => None,
    }
}

fn passed_by(map_like: &MapLike) -> Option<Passed> {
    match map_like.kind {
        ResultShape::Filter => Some(Passed::all()),
        ResultShape::Map => passed(map_like.function.script()?.inline()?),
        ResultShape::FlatMap => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(text: &str, traced: &mut Traced) {
        traced.pass(passed(text).expect("it is passed on"));
    }

    /// `a=b` for a column that is `b` in the source, `*` for all others, `-a` for one that may be something else.
    fn shown(traced: &Traced) -> String {
        let fields = traced.found.fields.iter().map(|(name, origin)| format!("{name}={origin}"));
        let rest = traced.found.rest.then(|| "*".to_owned());
        let partners = traced.found.partners.iter().map(|partner| format!("+{}", partner.name));
        let without = traced.without.iter().map(|name| format!("-{name}"));
        fields.chain(rest).chain(partners).chain(without).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_are_followed_through_steps() {
        // From below.
        for (texts, expect) in [
            (vec!["return { x = item.b, y = item.gone }", "return { a = item.one, b = item.two }"], "x=two"),
            (vec!["return item", "return { a = item.one }"], "a=one"),
            (vec!["return { x = item.a }", "item.a = 1 return item"], "-x"),
            (vec!["item.a = 1 return item", "return { a = item.a, b = item.b }"], "b=b -a"),
            (vec!["if item.n then return { p = item.price } end return item"; 2], "p=price * "),
            (
                vec!["return { x = item.p }", "if item.n then return { p = item.price } end return item"],
                "x=price x=p",
            ),
            (
                vec![
                    "return { x = item.p }",
                    "if item.n then return { p = item.a } end item.p = 1 return item",
                ],
                "-x",
            ),
        ] {
            let mut traced = Traced::new();
            for text in &texts {
                pass(text, &mut traced);
            }
            assert_eq!(shown(&traced), expect.trim(), "{texts:?}");
        }
    }

    #[test]
    fn partners_are_known_by_the_names_that_they_get() {
        for (below, expect) in [
            ("return item", "* +r -r"),
            ("return { x = item.r, a = item.a }", "a=a +x -x"),
            ("return { x = item.r, y = item.r }", "+x +y -x -y"),
            ("item.r = 1 return item", "* -r"),
            ("return { a = item.a }", "a=a"),
            ("if item.n then return { x = item.r } end return { x = item.a }", "-x"),
        ] {
            let mut traced = Traced::new();
            pass(below, &mut traced);
            traced.join(&"r".into(), Some(&TypeSource::default()));
            assert_eq!(shown(&traced), expect, "{below}");
        }
    }
}
