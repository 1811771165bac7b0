//! This module finds matches. Each search is linear, and stopped on its way where the text is long; between matches
//! there are checkpoints, because all matches of a pattern can take quadratic time.

use std::ops::Range;

use mlua::{IntoLua, MultiValue, Table, Value};

use super::pattern::pattern;
use super::search::{Groups, Search};
use crate::lua::host::call::Call;

/// Bytes searched between two checkpoints, if one in sixteen searches reads on to the end.
const CHECKPOINT_BYTES: usize = 1 << 16;

/// `re.match`
pub(in crate::lua::host) fn matched(call: &Call<'_>, (s, p): &(Value, Value)) -> mlua::Result<Option<Table>> {
    let bytes = call.bytes(1, s)?;
    let pattern = pattern(call, 2, p)?;
    let search = Search::new(call, &pattern, &bytes);
    search.captures_at(0)?.map(|groups| capture_table(call, &search, &groups)).transpose()
}

/// `re.find`
pub(in crate::lua::host) fn find(
    call: &Call<'_>,
    (s, p, init): &(Value, Value, Value),
) -> mlua::Result<(Option<usize>, Option<usize>)> {
    let bytes = call.bytes(1, s)?;
    let pattern = pattern(call, 2, p)?;
    let init = call.optional_integer(3, init)?.unwrap_or(1);
    let len = bytes.len() as i64;
    let from_front = if init < 0 { init.saturating_add(len + 1) } else { init };
    let start = from_front.max(1) as usize - 1;
    if start > bytes.len() {
        return Ok((None, None));
    }
    let found = Search::new(call, &pattern, &bytes).find_at(start)?;
    Ok((found.as_ref().map(|found| found.start + 1), found.map(|found| found.end)))
}

/// `re.find_all`
pub(in crate::lua::host) fn find_all(call: &Call<'_>, (s, p): &(Value, Value)) -> mlua::Result<Table> {
    let bytes = call.bytes(1, s)?;
    let pattern = pattern(call, 2, p)?;
    let search = Search::new(call, &pattern, &bytes);
    let mut list = call.list()?;
    let mut pace = Pace::new(call, bytes.len());
    if search.groups_len() == 1 {
        for found in search.matches() {
            let found = found?;
            pace.after(&found)?;
            list.push_bytes(&bytes[found])?;
        }
    } else {
        search.each_captures(usize::MAX, &mut |groups| {
            pace.after(&groups.whole())?;
            list.push(capture_table(call, &search, groups)?)
        })?;
    }
    list.finish()
}

/// `re.split`
pub(in crate::lua::host) fn split(
    call: &Call<'_>,
    (s, p, max): &(Value, Value, Value),
) -> mlua::Result<Table> {
    let bytes = call.bytes(1, s)?;
    let pattern = pattern(call, 2, p)?;
    let max = call.pieces_max(3, max)?;
    let mut list = call.list()?;
    let mut pace = Pace::new(call, bytes.len());
    let mut start = 0;
    let search = Search::new(call, &pattern, &bytes);
    let mut matches = search.matches();
    while list.len() + 1 < max
        && let Some(found) = matches.next().transpose()?
    {
        pace.after(&found)?;
        list.push_bytes(&bytes[start..found.start])?;
        start = found.end;
    }
    list.push_bytes(&bytes[start..])?;
    list.finish()
}

/// Compiles the pattern, for `re.compile`.
pub(in crate::lua::host) fn check(call: &Call<'_>, p: &Value) -> mlua::Result<()> {
    call.string(1, p)?;
    pattern(call, 1, p).map(drop)
}

/// One match for `re.gsub`, from byte `from` (from 0) on: its first and last byte, then its captures, or the whole
/// match when the pattern has no groups; nothing when there is no further match. `ended` is where the match before
/// ended, because an empty match directly behind another one does not count.
pub(in crate::lua::host) fn step(
    call: &Call<'_>,
    (s, p, from, ended): &(Value, Value, usize, Option<usize>),
) -> mlua::Result<MultiValue> {
    let bytes = call.bytes(1, s)?;
    let pattern = pattern(call, 2, p)?;
    let search = Search::new(call, &pattern, &bytes);
    let found = search.next(*from, *ended, |at| search.captures_at(at), Groups::whole)?;
    let Some(groups) = found else { return Ok(MultiValue::new()) };
    let (whole, len) = (groups.whole(), search.groups_len());
    let mut results = MultiValue::with_capacity(2 + len);
    results.push_back((whole.start + 1).into_lua(call.lua)?);
    results.push_back(whole.end.into_lua(call.lua)?);
    for number in usize::from(len > 1)..len {
        let group = groups.get(number);
        results.push_back(group.map_or(Ok(Value::Nil), |group| call.new_string(search.text(group)))?);
    }
    Ok(results)
}

/// Captures by number and by name.
fn capture_table(call: &Call<'_>, search: &Search<'_>, groups: &Groups) -> mlua::Result<Table> {
    let len = search.groups_len();
    let table = call.lua.create_table_with_capacity(len.max(2) - 1, 1)?;
    for (number, name) in search.names().enumerate() {
        let Some(group) = groups.get(number) else { continue };
        let text = call.lua.create_string(search.text(group))?;
        table.raw_set(number, &text)?;
        if let Some(name) = name {
            table.raw_set(name, &text)?;
        }
        if len == 1 {
            table.raw_set(1, &text)?;
        }
    }
    Ok(table)
}

/// Passes a checkpoint for every so many bytes that the search for matches may have looked at.
pub(super) struct Pace<'a> {
    call: &'a Call<'a>,
    len: usize,
    looked_at: usize,
}

impl<'a> Pace<'a> {
    pub(super) fn new(call: &'a Call<'a>, len: usize) -> Self {
        Self { call, len, looked_at: 0 }
    }

    /// A search that found this match may have read on to the end.
    pub(super) fn after(&mut self, found: &Range<usize>) -> mlua::Result<()> {
        self.looked_at += ((self.len - found.start) / 16).max(64);
        if self.looked_at < CHECKPOINT_BYTES {
            return Ok(());
        }
        self.looked_at = 0;
        self.call.checkpoint()
    }
}
