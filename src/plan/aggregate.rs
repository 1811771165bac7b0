//! This module turns `aggregate` as written into what it does, and finds what is wrong with its fields.

use std::collections::HashMap;
use std::sync::Arc;

use super::codes;
use super::collection::MEMORY;
use super::places::DocumentPart;
use super::resolve::{Built, Findings, StepBuilder};
use super::step::{Aggregate, Collect};
use crate::config::{self, Aggregated};
use crate::data::{AggregateField, AggregateKind, AggregateOptions};
use crate::lua::Script;
use crate::source::Diagnostic;
use crate::value::Ratio;

/// The field that holds the value of `by`.
const KEY: &str = "key";

impl StepBuilder<'_> {
    pub(super) fn aggregate(&self, at: &str, written: &config::Aggregate) -> Built<Collect> {
        let mut found = self.same_names(at, written);
        if written.by.is_none() && written.fields.is_empty() {
            let message = "this `aggregate` says nothing about its items".to_owned();
            let nothing = self.places.error(codes::BAD_OPTION, message, &DocumentPart::Key(at), "no field");
            found.push(nothing.help("add `count: n`, or `sum: {total: item.price}`"));
        }
        let mut scripts = Scripts::default();
        if written.by.is_some() {
            scripts.all.push(self.script(&format!("{at}/by"))?);
        }
        let has_key = written.by.is_some();
        let mut fields = Vec::new();
        for field in &written.fields {
            match self.field(at, field, &mut scripts, usize::from(has_key)) {
                Ok(field) => fields.push(field),
                Err(Findings(more)) => found.extend(more),
            }
        }
        if !found.is_empty() {
            return Err(Findings(found));
        }
        let memory =
            self.known(&format!("{at}/memory"), written.memory.as_ref())?.map_or(MEMORY, |size| size.0);
        let memory = usize::try_from(memory).unwrap_or(usize::MAX);
        let options = AggregateOptions::new(has_key, fields, memory);
        Ok(Collect::Aggregate(Box::new(Aggregate { scripts: scripts.all, has_key, options })))
    }

    fn field(
        &self,
        at: &str,
        field: &Aggregated,
        scripts: &mut Scripts,
        first: usize,
    ) -> Built<AggregateField> {
        let pointer = match field.key {
            "count" => format!("{at}/count"),
            key => format!("{at}/{key}/{}", config::escape_key(&field.name)),
        };
        let kind = match field.key {
            "count" => AggregateKind::Count,
            "sum" => AggregateKind::Sum,
            "mean" => AggregateKind::Mean,
            "min" => AggregateKind::Min,
            "max" => AggregateKind::Max,
            "first" => AggregateKind::First,
            "last" => AggregateKind::Last,
            "distinct" => AggregateKind::Distinct,
            _ => AggregateKind::Quantile(self.share(&pointer, field)?),
        };
        let value = match kind {
            AggregateKind::Count => 0,
            AggregateKind::Quantile(_) => scripts.place(self.script(&format!("{pointer}/0"))?) - first,
            _ => scripts.place(self.script(&pointer)?) - first,
        };
        Ok(AggregateField { name: field.name.clone(), kind, value })
    }

    /// The share of a quantile.
    fn share(&self, pointer: &str, field: &Aggregated) -> Built<Ratio> {
        let rule = field.quantile.as_ref();
        let share = rule.and_then(config::QuantileRule::share);
        // Minus zero is a number from 0, too.
        let parsed = share.and_then(|share| {
            if share.as_f64() == Some(0.0) { Some(Ratio::ZERO) } else { Ratio::parse(&share.to_string()) }
        });
        parsed.ok_or_else(|| {
            let (message, spot, label) = match share {
                Some(share) => (
                    format!("the share of quantile `{}` must be from 0 to 1, not {share}", field.name),
                    format!("{pointer}/1"),
                    "out of range",
                ),
                None => (
                    format!("quantile `{}` must be a list of an expression and a share", field.name),
                    pointer.to_owned(),
                    "not `[expression, share]`",
                ),
            };
            let found = self.places.error(codes::BAD_OPTION, message, &DocumentPart::Value(&spot), label);
            found.help(format!("`{}: [item.ms, 0.95]` is the value below which 95 % lie", field.name)).into()
        })
    }

    /// Fields that have one name.
    fn same_names(&self, at: &str, written: &config::Aggregate) -> Vec<Diagnostic> {
        let mut names: HashMap<&str, DocumentName> = HashMap::new();
        if written.by.is_some() {
            names.insert(KEY, DocumentName(format!("{at}/by"), true));
        }
        let mut found = Vec::new();
        for field in &written.fields {
            let own = match field.key {
                "count" => DocumentName(format!("{at}/count"), false),
                key => DocumentName(format!("{at}/{key}/{}", config::escape_key(&field.name)), true),
            };
            if let Some(other) = names.get(field.name.as_str()) {
                let message = format!("two things of this `aggregate` want to be the field `{}`", field.name);
                let clash = self.places.error(codes::NAME_CLASH, message, &own.part(), "this one");
                let clash = self.places.also(clash, &other.part(), "and this one");
                let is_key = field.name == KEY && written.by.is_some();
                let help =
                    if is_key { "`key` holds the value of `by`" } else { "give one of them another name" };
                found.push(clash.help(help));
            } else {
                names.insert(&field.name, own);
            }
        }
        found
    }
}

/// Where a field gets its name, and whether it is a key there.
struct DocumentName(String, bool);

impl DocumentName {
    fn part(&self) -> DocumentPart<'_> {
        if self.1 { DocumentPart::Key(&self.0) } else { DocumentPart::Value(&self.0) }
    }
}

/// The expressions of the fields, each once.
#[derive(Default)]
struct Scripts {
    all: Vec<Arc<Script>>,
    places: HashMap<Arc<str>, usize>,
}

impl Scripts {
    /// Where the expression is; the same one again is no further work.
    fn place(&mut self, script: Arc<Script>) -> usize {
        let text = Arc::clone(&script.block().text);
        *self.places.entry(text).or_insert_with(|| {
            self.all.push(script);
            self.all.len() - 1
        })
    }
}
