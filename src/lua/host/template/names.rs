//! These are the names of the functions that are put into a source. No template has such names.

/// What all of them begin with.
pub(super) const START: &str = "__flowrun";
/// Looks at a value that a variable keeps.
pub(super) const KEPT: &str = "__flowrun_kept";
/// Looks at a value that a namespace keeps.
pub(super) const KEPT_IN: &str = "__flowrun_kept_in";
/// Makes a list that can be changed.
pub(super) const NEW: &str = "__flowrun_new";
/// Looks at the deadline.
pub(super) const LOOK: &str = "__flowrun_look";
/// Looks at how much text a value becomes.
pub(super) const SHOWN: &str = "__flowrun_shown";
/// Looks at how long a list is.
pub(super) const LIST: &str = "__flowrun_list";
/// Looks at how much is compared.
pub(super) const WHOLE: &str = "__flowrun_whole";
/// Puts values into a text with `%` fields.
pub(super) const FORMAT: &str = "__flowrun_format";
