//! This section shows which machines have worked on steps that were sent to workers.

use super::html::{self, Column, count, table, text};
use crate::report::account::{Account, NodeAccount};

/// The section; nothing when all of it ran in one process.
pub(super) fn section(out: &mut String, account: &Account) {
    let rows: Vec<Vec<String>> =
        account.steps.iter().flat_map(|step| step.nodes.iter().map(|node| row(&step.name, node))).collect();
    if rows.is_empty() {
        return;
    }
    out.push_str(
        "<section aria-labelledby=\"workers\"><h2 id=\"workers\">Workers</h2>\n<p class=\"about\">Of steps whose items ran in worker \
         processes: the parts that each machine has handed over. Attempts that came before the last one of a part were lost with their \
         workers, and with them the time since they had put something on the disk last.</p>\n",
    );
    let columns = [
        Column::Words("Step"),
        Column::Words("Node"),
        Column::Number("Shards"),
        Column::Number("Items"),
        Column::Number("Attempts"),
        Column::Number("Lost attempts"),
        Column::Number("Time"),
        Column::Number("Lost time"),
    ];
    table(out, "Workers by step and node", &columns, &rows);
    out.push_str("</section>\n");
}

fn row(step: &str, node: &NodeAccount) -> Vec<String> {
    vec![
        text(step),
        text(node.node.as_deref().unwrap_or("unknown")),
        count(node.shards),
        count(node.items),
        count(node.attempts),
        count(node.attempts.saturating_sub(node.shards)),
        html::duration(node.time),
        html::duration(node.lost),
    ]
}
