//! This module writes what programs come to.

use super::beside::Beside;
use super::columns::{self, Columns};
use super::evaluate::{Outcome, Run};
use crate::lua::options::ResultShape;
use crate::lua::raw::encode;
use crate::lua::raw::items::{self, ChunkCursor};

/// Writes what a program came to; `false`, and nothing written, where Lua has to say what becomes of it.
#[inline]
pub(super) fn write_outcome<'v>(
    outcome: &Outcome<'v>,
    run: &mut Run<'v>,
    columns: &mut Columns,
    cursor: &mut ChunkCursor<'_>,
) -> bool {
    let length = cursor.out.len();
    let written = match (cursor.shape, outcome) {
        (ResultShape::Map, Outcome::Table(number, nodes)) => {
            let out = &mut *cursor.out;
            out.push(b'{');
            let mut table = columns.table(*number, run.fields);
            let all = table.all(|(column, present)| {
                let node = &nodes[usize::from(column.number)];
                columns::node_part(node, (column, present), run)
                    .is_some_and(|part| part.write_entry(&column.key, out))
            });
            encode::close_map(out);
            all
        }
        (ResultShape::Map, Outcome::Value(value)) => {
            columns::value_part(*value, Beside::Other, run).is_some_and(|part| part.write_whole(cursor.out))
        }
        (ResultShape::Filter, Outcome::Value(value)) => {
            if value.is_true() {
                items::emit_item(run.text, cursor.out);
                cursor.emitted += 1;
            }
            return true;
        }
        (_, Outcome::Over) | (ResultShape::Filter | ResultShape::FlatMap, _) => false,
    };
    if written {
        cursor.out.push(b'\n');
        cursor.emitted += 1;
    } else {
        cursor.out.truncate(length);
    }
    written
}
