//! The verbs are the keys that say what a step does.

/// The keys that say what a step does, in the order of the documentation.
pub const VERBS: [&str; 13] = [
    "read", "glob", "items", "map", "flat_map", "filter", "reduce", "batch", "take", "sort", "unique",
    "group_by", "write",
];

/// The verbs that bring items in; they take no `from`.
pub const SOURCES: [&str; 3] = ["read", "glob", "items"];
