//! This module finds a column that holds the values of two: one of nothing but nulls is of the other's type, numbers become as
//! wide as both need, and maps have the keys of both.

use std::sync::Arc;

use parquet::basic::{ConvertedType, Repetition, Type as Physical};
use parquet::schema::types::{Type, TypePtr};

use super::kind::{IntegerKind, Kind};
use super::nodes::{Change, changed};

/// A part of a schema, and what the values of its leaves mean.
type Part<'a> = (&'a TypePtr, &'a [Kind]);

/// The part that holds the values of both; `None` where none does.
pub(super) fn union(one: Part<'_>, other: Part<'_>) -> Option<(TypePtr, Vec<Kind>)> {
    if one == other {
        return Some((Arc::clone(one.0), one.1.to_vec()));
    }
    if is_null(other) || is_null(one) {
        let (node, kinds) = if is_null(other) { one } else { other };
        return Some((nullable(node)?, kinds.to_vec()));
    }
    match (one.0.is_group(), other.0.is_group()) {
        (true, true) => groups(one, other),
        (false, false) => leaves(one, other),
        _ => None,
    }
}

fn is_null((node, kinds): Part<'_>) -> bool {
    !node.is_group() && kinds == [Kind::Null]
}

fn nullable(node: &TypePtr) -> Option<TypePtr> {
    match node.get_basic_info().repetition() {
        Repetition::OPTIONAL => Some(Arc::clone(node)),
        Repetition::REQUIRED => changed(node, Change::Nullable),
        Repetition::REPEATED => None,
    }
}

fn repetition(one: &Type, other: &Type) -> Option<Repetition> {
    let both = [one, other].map(|node| node.get_basic_info().repetition());
    match both.iter().filter(|one| **one == Repetition::REPEATED).count() {
        2 => Some(Repetition::REPEATED),
        1 => None,
        _ if both.contains(&Repetition::OPTIONAL) => Some(Repetition::OPTIONAL),
        _ => Some(Repetition::REQUIRED),
    }
}

/// Two groups that mean the same.
fn groups(one: Part<'_>, other: Part<'_>) -> Option<(TypePtr, Vec<Kind>)> {
    let (info, other_info) = (one.0.get_basic_info(), other.0.get_basic_info());
    let meaning = |info: &parquet::schema::types::BasicTypeInfo| {
        (info.logical_type_ref().cloned(), info.converted_type())
    };
    if info.name() != other_info.name() || meaning(info) != meaning(other_info) {
        return None;
    }
    let repetition = repetition(one.0, other.0)?;
    let (mut nodes, mut kinds) = (Vec::new(), Vec::new());
    for (node, new) in fields(one, other)? {
        nodes.push(node);
        kinds.extend(new);
    }
    let (logical, converted) = meaning(info);
    let group = Type::group_type_builder(info.name())
        .with_repetition(repetition)
        .with_logical_type(logical)
        .with_converted_type(converted)
        .with_fields(nodes);
    Some((Arc::new(group.build().ok()?), kinds))
}

/// The fields of both groups. Those of lists and maps with any keys are the same in number; of others one may have more.
fn fields(one: Part<'_>, other: Part<'_>) -> Option<Vec<(TypePtr, Vec<Kind>)>> {
    let info = one.0.get_basic_info();
    let is_plain = info.logical_type_ref().is_none()
        && info.converted_type() == ConvertedType::NONE
        && info.repetition() != Repetition::REPEATED;
    let (fields, others) = (parts(one), parts(other));
    let find = |among: &[Part<'_>], name: &str| among.iter().position(|(node, _)| node.name() == name);
    let mut all = Vec::new();
    for field in &fields {
        all.push(match find(&others, field.0.name()) {
            Some(at) => union(*field, others[at])?,
            None => (nullable(field.0)?, field.1.to_vec()),
        });
    }
    let new = others.iter().filter(|(node, _)| find(&fields, node.name()).is_none());
    for (node, kinds) in new {
        all.push((nullable(node)?, kinds.to_vec()));
    }
    (is_plain || (all.len() == fields.len() && all.len() == others.len())).then_some(all)
}

/// The parts below a group.
fn parts<'a>((group, kinds): Part<'a>) -> Vec<Part<'a>> {
    let mut from = 0;
    let part = |node: &'a TypePtr| {
        let start = from;
        from += leaf_count(node);
        (node, &kinds[start..from])
    };
    group.get_fields().iter().map(part).collect()
}

/// How many leaves a part of a schema has.
pub(super) fn leaf_count(node: &Type) -> usize {
    if node.is_group() { node.get_fields().iter().map(|field| leaf_count(field)).sum() } else { 1 }
}

/// Two columns of numbers.
fn leaves(one: Part<'_>, other: Part<'_>) -> Option<(TypePtr, Vec<Kind>)> {
    use IntegerKind::{Signed, Unsigned};
    let ([kind], [other_kind]) = (one.1, other.1) else { return None };
    let (physical, kind) = match (kind, other_kind) {
        (Kind::Integer(Signed | Unsigned), Kind::Integer(Signed | Unsigned)) => {
            // Those beyond 63 bits go with their like alone.
            let is_long = |(node, kinds): &Part<'_>| {
                kinds == &[Kind::Integer(Unsigned)] && node.get_physical_type() == Physical::INT64
            };
            if let Some((long, kinds)) = [one, other].into_iter().find(is_long) {
                let is_null = repetition(one.0, other.0)? == Repetition::OPTIONAL;
                let node = if is_null { nullable(long)? } else { Arc::clone(long) };
                return (kind == other_kind).then(|| (node, kinds.to_vec()));
            }
            (Physical::INT64, Kind::Integer(Signed))
        }
        (Kind::Integer(Signed | Unsigned) | Kind::Float(_), Kind::Float(_))
        | (Kind::Float(_), Kind::Integer(Signed | Unsigned)) => (Physical::DOUBLE, Kind::FLOAT),
        _ => return None,
    };
    let node =
        Type::primitive_type_builder(one.0.name(), physical).with_repetition(repetition(one.0, other.0)?);
    (one.0.name() == other.0.name()).then_some((Arc::new(node.build().ok()?), vec![kind]))
}

#[cfg(test)]
mod tests {
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::printer::print_schema;

    use super::super::stored_column::StoredColumn;
    use super::*;

    fn column(text: &str) -> StoredColumn {
        let end = if text.ends_with('}') { "" } else { ";" };
        let schema = parse_message_type(&format!("message m {{ {text}{end} }}")).expect("a schema");
        StoredColumn::of_node(Type::clone(&schema.get_fields()[0])).expect("a column")
    }

    fn shown(one: &str, other: &str) -> String {
        let (one, other) = (column(one), column(other));
        let Some((node, kinds)) = union((&one.node, &one.kinds), (&other.node, &other.kinds)) else {
            return "-".to_owned();
        };
        let mut text = Vec::new();
        print_schema(&mut text, &node);
        let text = String::from_utf8(text).expect("UTF-8");
        let text: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(kinds.len(), leaf_count(&node));
        text.join(" ").to_lowercase().replace("byte_array", "binary")
    }

    #[test]
    fn a_column_holds_the_values_of_both() {
        for (one, other, expect) in [
            ("optional int32 v (unknown)", "required double v", "optional double v;"),
            ("optional binary v (string)", "optional int32 v (unknown)", "optional binary v (string);"),
            ("optional int64 v", "optional double v", "optional double v;"),
            ("optional float v", "required int32 v (integer(8,true))", "optional double v;"),
            ("required int32 v", "required int64 v", "required int64 v;"),
            ("required int32 v (integer(32,false))", "optional int64 v", "optional int64 v;"),
            (
                "required int64 v (integer(64,false))",
                "optional int32 v (integer(8,false))",
                "optional int64 v (integer(64,false));",
            ),
            ("required int64 v (integer(64,false))", "optional int64 v", "-"),
            ("optional int64 v", "optional binary v (string)", "-"),
            ("optional boolean v", "optional double v", "-"),
            ("optional int32 v (unknown)", "repeated double v", "-"),
            (
                "optional group v (list) { repeated group list { optional int32 element (unknown); } }",
                "optional group v (list) { repeated group list { required double element; } }",
                "optional group v (list) { repeated group list { optional double element; } }",
            ),
            (
                "required group v { required int64 a; optional int32 b (unknown); }",
                "optional group v { optional binary b (string); required boolean c; }",
                "optional group v { optional int64 a; optional binary b (string); optional boolean c; }",
            ),
        ] {
            assert_eq!(shown(one, other), expect, "{one} and {other}");
        }
    }
}
