//! These tests cover `flowrun lsp`, talked to as an editor talks to it.

pub(crate) mod client;
mod language;
mod lua_names;
mod protocol;
mod renaming;
mod shared_names;

/// A pipeline that uses everything that is completed or renamed.
const PIPELINE: &str = "\
params:
  size: 3
  größe: x
env:
  HOME: /
secrets:
  token: { env: TOKEN }
rate_limits:
  api: 20/s
steps:
  load:
    description: reads 𝄞
    read: data.jsonl
  clean:
    from: load
    map:
      rate_limit: api
      lua: |
        local t = str.trim(item.text)
        return t
  bad:
    from: [clean.failed, 'load']
    when: steps.clean.failures > 0 and steps[\"load\"].total > 0
    needs: clean
    write: bad-${{ params.size }}-${{ steps.clean.total }}.jsonl
  save:
    from: clean
    write: out.jsonl
tests:
  - step: clean
    item: { text: a }
    expect: a
";
