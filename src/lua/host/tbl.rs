//! `tbl` holds functions on lists and maps. The `.luau` files of its folder do the work; here is only its entry in
//! the table of functions.

use super::function::{Function, Module};
use super::luau::Luau;
use crate::lua::own_code;

const TBL: Module = Module("tbl");

/// All functions of the module, in two sources.
pub(super) static LUAU: [Luau; 2] =
    [Luau::new("tbl", &own_code::TBL_LISTS, &[]), Luau::new("tbl", &own_code::TBL_RECORDS, &[])];

pub(super) const FUNCTIONS: &[Function] = &[
    TBL.luau("keys", "(t: table): {any}").explained(
        "The keys: numbers first, then strings in the order of their bytes.",
        "tbl.keys({b = 1, a = 2})",
        r#"{"a", "b"}"#,
    ),
    TBL.luau("values", "(t: table): {any}").explained(
        "The values, in the order of the keys.",
        "tbl.values({b = 1, a = 2})",
        "{2, 1}",
    ),
    TBL.luau("map", "(t: table, f: (value: any, key: any) -> any): table").explained(
        "Calls `f` on each value and collects the results, a list as a list and a map under the same keys; nil results \
         are left out.",
        "tbl.map({1, 2, 3}, function(n) return n * n end)",
        "{1, 4, 9}",
    ),
    TBL.luau("filter", "(t: table, f: (value: any, key: any) -> any): table").explained(
        "The values for which `f` gives neither nil nor false; a list closes up.",
        "tbl.filter({1, 2, 3, 4}, function(n) return n % 2 == 0 end)",
        "{2, 4}",
    ),
    TBL.luau("reduce", "(t: table, f: (acc: any, value: any, key: any) -> any, init: any?): any").explained(
        "Folds the values, in the order of the keys, into one; without `init` it starts with the first value.",
        "tbl.reduce({1, 2, 3}, function(sum, n) return sum + n end, 0)",
        "6",
    ),
    TBL.luau("sort_by", "(t: {any}, by: string | (value: any) -> any, order: (\"asc\" | \"desc\")?): {any}").explained(
        "A sorted copy of a list, by a field or a function of each value; equal ones keep their order, those without \
         a key come last. A function may return a list of keys.",
        r#"tbl.sort_by({{n = 2}, {n = 1}}, "n")"#,
        "{{n = 1}, {n = 2}}",
    ),
    TBL.luau("group_by", "(t: {any}, by: string | (value: any) -> any): {[any]: {any}}").explained(
        "The values of a list, in lists of their own by a field or a function of each value.",
        r#"tbl.group_by({"apple", "bean", "avocado"}, function(s) return s:sub(1, 1) end)"#,
        r#"{a = {"apple", "avocado"}, b = {"bean"}}"#,
    ),
    TBL.luau("merge", "(...table?): table").explained(
        "A new table with the fields of all tables, later ones first in rank; nil and null are passed over.",
        "tbl.merge({a = 1, b = 1}, {b = 2})",
        "{a = 1, b = 2}",
    ),
    TBL.luau("pick", "(t: table, keys: any, ...any): table").explained(
        "A new table with these keys only; the keys may also be given one by one.",
        r#"tbl.pick({a = 1, b = 2, c = 3}, {"a", "c"})"#,
        "{a = 1, c = 3}",
    ),
    TBL.luau("omit", "(t: table, keys: any, ...any): table").explained(
        "A new table without these keys; the keys may also be given one by one.",
        r#"tbl.omit({a = 1, b = 2, c = 3}, "b")"#,
        "{a = 1, c = 3}",
    ),
    TBL.luau("get", "(t: any, path: string, default: any?): any").explained(
        r#"The value at a path such as `a.b[1]` or `a["x.y"]`; the default where it or anything on the way is missing or null."#,
        r#"tbl.get({a = {b = {10, 20}}}, "a.b[2]")"#,
        "20",
    ),
    TBL.luau("set", "(t: table, path: string, value: any): table").explained(
        "Sets the value at a path, makes the tables on the way, and returns the table.",
        r#"tbl.set({}, "a.b[1]", 5)"#,
        "{a = {b = {5}}}",
    ),
    TBL.luau("equal", "(a: any, b: any): boolean").explained(
        "Whether two values are the same all the way down; numbers by their exact values.",
        "tbl.equal({1, {x = 2}}, {1, {x = 2}})",
        "true",
    ),
    TBL.given("less", "(a: any, b: any): boolean").explained(
        "Whether `a` comes before `b`, two numbers or two strings; exact also where one is an integer beyond 2^53, which \
         `<` compares with its like only.",
        r#"tbl.less(1000, int("1234567890123456789"))"#,
        "true",
    ),
    TBL.luau("clone", "(value: any): any").explained(
        "A copy all the way down; lists stay lists, shared and cyclic parts stay so.",
        "tbl.equal(tbl.clone({1, {x = 2}}), {1, {x = 2}})",
        "true",
    ),
];
