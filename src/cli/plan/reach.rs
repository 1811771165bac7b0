//! This module says what Lua code of a pipeline may reach, for `flowrun plan -v`.

use std::fmt::Write as _;

use crate::lua::Permissions;
use crate::value::printable;

/// A line for each list of `permissions`, and one for what the system does about it.
pub(super) fn text(permissions: &Permissions) -> String {
    let mut text = String::from("\n  Lua code may reach\n");
    for (key, granted) in permissions.lists() {
        let granted = if granted.is_empty() {
            "nothing".to_owned()
        } else {
            printable(&granted.join(", ")).into_owned()
        };
        let _ = writeln!(text, "    {key:<12}{granted}");
    }
    let wall = match permissions.confinement() {
        Ok(()) => "active: Landlock keeps workers from opening files outside of that".to_owned(),
        Err(why) => format!("not active: {why}; flowrun itself still refuses what is outside of that"),
    };
    let _ = writeln!(text, "    second wall {wall}");
    text
}
