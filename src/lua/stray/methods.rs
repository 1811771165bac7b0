//! This module knows what people mean by methods that they call on lists, maps and texts, which have none of these names.

/// What to write for a method, several of which mean the same.
const METHODS: &[(&str, &str)] = &[
    ("append push add push_back", "write `table.insert(list, value)`"),
    ("extend concat", "`table.move(other, 1, #other, #list + 1, list)` appends a list to another"),
    ("pop shift", "write `table.remove(list)`"),
    ("join", "write `table.concat(list, \",\")`"),
    ("sort", "write `table.sort(list)`, or `tbl.sort_by(list, \"field\")`"),
    ("sorted", "write `tbl.sort_by(list, \"field\")`"),
    ("keys", "write `tbl.keys(t)`"),
    ("values", "write `tbl.values(t)`"),
    ("items entries iteritems", "write `for key, value in t do … end`"),
    ("get", "a field is read by `t.name`, a path by `tbl.get(t, \"a.b\")`"),
    ("update", "write `tbl.merge(a, b)`"),
    ("copy clone", "write `tbl.clone(t)`"),
    ("map", "write `tbl.map(t, function(value) return … end)`"),
    ("filter", "write `tbl.filter(t, function(value) return … end)`"),
    ("reduce", "write `tbl.reduce(t, function(acc, value) return … end, start)`"),
    ("forEach each", "write `for key, value in t do … end`"),
    (
        "includes contains has",
        "`table.find(list, value)` looks into a list, `str.contains(text, part)` into a text",
    ),
    ("indexOf index", "write `table.find(list, value)`"),
    ("length size count len", "`#value` counts bytes or elements, `str.len(text)` characters"),
    ("group groups groupdict", "the captures of a match are in the table: `m[1]`, the whole is `m[0]`"),
    ("strip trim", "write `str.trim(text)`"),
    ("split", "write `str.split(text, \",\")`"),
    ("startswith startsWith", "write `str.starts_with(text, prefix)`"),
    ("endswith endsWith", "write `str.ends_with(text, suffix)`"),
    ("replace", "`re.gsub(text, pattern, replacement)` replaces"),
    ("toUpperCase", "write `str.upper(text)`"),
    ("toLowerCase", "write `str.lower(text)`"),
    ("toString", "write `tostring(value)`"),
    ("encode decode", "texts are bytes already; `codec` and `json` have functions of this name"),
];

/// What to write instead of a method of this name.
pub(super) fn of_value(name: &str) -> Option<&'static str> {
    let is_it = |names: &str| names.split(' ').any(|known| known == name);
    METHODS.iter().find(|(names, _)| is_it(names)).map(|(_, advice)| *advice)
}
