//! A verb says in a word what a step does: the key of the file, and the name in reports and stores.

use std::fmt;

use crate::value::choice;

choice!(
    /// What a step does. With what, is for `config` and `plan` to say.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Verb: "the verbs are" {
        /// Items from files.
        Read = "read",
        /// Files as items.
        Glob = "glob",
        /// Items from the pipeline file.
        Items = "items",
        /// One result for each item.
        Map = "map",
        /// A list of results for each item.
        FlatMap = "flat_map",
        /// The items for which a function is true.
        Filter = "filter",
        /// All items to one value.
        Reduce = "reduce",
        /// Lists of neighbouring items.
        Batch = "batch",
        /// The first items.
        Take = "take",
        /// Items that are drawn.
        Sample = "sample",
        /// Items with their partners of another step.
        Join = "join",
        /// One item for each group of items.
        Aggregate = "aggregate",
        /// Items in the order of a value.
        Sort = "sort",
        /// The first item of each value.
        Unique = "unique",
        /// Items gathered by a value.
        GroupBy = "group_by",
        /// Items to a file.
        Write = "write",
    }
);

impl Verb {
    /// Whether it brings items in, and so takes no `from`.
    pub fn is_source(self) -> bool {
        matches!(self, Self::Read | Self::Glob | Self::Items)
    }

    /// Whether it calls a function on every item, under a policy.
    pub fn is_map_like(self) -> bool {
        matches!(self, Self::Map | Self::FlatMap | Self::Filter)
    }

    /// Whether it makes values of a whole collection, so that a test of it gives all items at once.
    pub fn is_tested_whole(self) -> bool {
        matches!(self, Self::Reduce | Self::Aggregate)
    }

    /// Whether it may have to put what it holds into temporary files.
    pub fn may_spill(self) -> bool {
        let sorts = matches!(self, Self::Sort | Self::Unique | Self::GroupBy | Self::Sample);
        sorts || matches!(self, Self::Join | Self::Aggregate)
    }

    /// Whether single items can fail while the step goes on, so that `ID.failed` has something to give.
    pub fn has_failed_items(self) -> bool {
        matches!(self, Self::Read | Self::Glob) || self.is_map_like()
    }

    /// Whether a text in the place of its options is Lua.
    pub fn is_short_for_lua(self) -> bool {
        self.is_map_like() || matches!(self, Self::Sort | Self::Unique | Self::GroupBy)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
