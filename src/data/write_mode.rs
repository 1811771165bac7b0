//! A mode says what becomes of what a place holds already when something is written there.

use crate::value::choice;

choice!(
    /// What becomes of what is there already.
    #[derive(Default)]
    pub enum WriteMode: "the modes are" {
        /// It goes.
        #[default]
        Replace = "replace",
        /// It stays, and the items come behind it.
        Append = "append",
        /// It stays, and an item takes the place of the row that is known by the same values.
        Upsert = "upsert",
    }
);
