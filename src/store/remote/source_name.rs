//! The database knows a commit of an attempt by the name of that.

use crate::value::ShardId;

/// An attempt at a shard, `17+3/2`.
pub(super) fn source_name(shard: &ShardId, attempt: u32) -> String {
    format!("{shard}/{attempt}")
}
