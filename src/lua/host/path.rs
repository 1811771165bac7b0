//! `path` treats paths as text. It touches no file system; `/` separates, on every system.

use mlua::{Value, Variadic};

use super::call::Call;
use super::function::{Function, Module};
use super::tally::Tally;

const PATH: Module = Module("path");

pub(super) const FUNCTIONS: &[Function] = &[
    PATH.rust("join", "(...string): string", |bind| bind.to(join)).explained(
        "The parts with `/` between them; an absolute part starts anew, empty ones do not count.",
        r#"path.join("out", "2024", "a.txt")"#,
        r#""out/2024/a.txt""#,
    ),
    PATH.rust("dir", "(p: string): string", |bind| bind.to(dir)).explained(
        "The folder a path is in; `.` when it names none.",
        r#"path.dir("raw/cats/a.jpg")"#,
        r#""raw/cats""#,
    ),
    PATH.rust("base", "(p: string): string", |bind| bind.to(base)).explained(
        "The last part.",
        r#"path.base("raw/cats/a.jpg")"#,
        r#""a.jpg""#,
    ),
    PATH.rust("stem", "(p: string): string", |bind| bind.to(stem)).explained(
        "The last part without its extension.",
        r#"path.stem("raw/a.tar.gz")"#,
        r#""a.tar""#,
    ),
    PATH.rust("ext", "(p: string): string", |bind| bind.to(ext)).explained(
        "The extension without the dot; empty when there is none.",
        r#"path.ext("raw/a.tar.gz")"#,
        r#""gz""#,
    ),
    PATH.rust("with_ext", "(p: string, ext: string): string", |bind| bind.to(with_ext)).explained(
        "The path with another extension, with or without its dot; an empty one takes it off.",
        r#"path.with_ext("raw/a.jpg", "png")"#,
        r#""raw/a.png""#,
    ),
    PATH.rust("relative", "(p: string, from: string?): string", |bind| bind.to(relative)).explained(
        "The way to `p` from a folder, from the pipeline's if none is given.",
        r#"path.relative("out/a.txt", "raw/cats")"#,
        r#""../../out/a.txt""#,
    ),
    PATH.rust("absolute", "(p: string): string", |bind| bind.to(absolute)).explained(
        "The path from the root, with `.` and `..` resolved; relative ones start in the pipeline's folder.",
        r#"path.absolute("/data/./raw/../a.txt")"#,
        r#""/data/a.txt""#,
    ),
];

fn join(call: &Call<'_>, parts: &Variadic<Value>) -> mlua::Result<Value> {
    let mut joined = Vec::new();
    let mut tally = call.tally();
    for (at, part) in parts.iter().enumerate() {
        let part = call.bytes(at + 1, part)?;
        if part.starts_with(b"/") {
            joined.clear();
        } else if !part.is_empty() && !joined.is_empty() && !joined.ends_with(b"/") {
            joined.push(b'/');
        }
        // One string may be given many times.
        tally.add(part.len() + 1)?;
        joined.extend_from_slice(&part);
    }
    call.new_string(joined)
}

fn dir(call: &Call<'_>, p: &Value) -> mlua::Result<Value> {
    let path = call.bytes(1, p)?;
    let path = without_end_slashes(&path);
    let dir = match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => without_end_slashes(&path[..=slash]),
        None => b".",
    };
    call.new_string(dir)
}

fn base(call: &Call<'_>, p: &Value) -> mlua::Result<Value> {
    call.new_string(last_part(&call.bytes(1, p)?))
}

fn stem(call: &Call<'_>, p: &Value) -> mlua::Result<Value> {
    call.new_string(stem_and_ext(last_part(&call.bytes(1, p)?)).0)
}

fn ext(call: &Call<'_>, p: &Value) -> mlua::Result<Value> {
    call.new_string(stem_and_ext(last_part(&call.bytes(1, p)?)).1)
}

fn with_ext(call: &Call<'_>, (p, ext): &(Value, Value)) -> mlua::Result<Value> {
    let path = call.bytes(1, p)?;
    let ext = call.bytes(2, ext)?;
    if ext.contains(&b'/') {
        return Err(call.bad_because(2, "an extension expected, got a path"));
    }
    let path = without_end_slashes(&path);
    let part = last_part(path);
    if matches!(part, b"" | b"/" | b"." | b"..") {
        return Err(call.bad_because(1, "a path to a file expected"));
    }
    let (stem, _) = stem_and_ext(part);
    let mut changed = path[..path.len() - part.len() + stem.len()].to_vec();
    let ext = ext.strip_prefix(b".").unwrap_or(&ext);
    if !ext.is_empty() {
        changed.push(b'.');
        changed.extend_from_slice(ext);
    }
    call.new_string(changed)
}

fn absolute(call: &Call<'_>, p: &Value) -> mlua::Result<Value> {
    let path = call.bytes(1, p)?;
    let (root, mut tally) = (call.state.root.to_string_lossy(), call.tally());
    call.new_string(as_text(&resolved(&root, &path, &mut tally)?))
}

fn relative(call: &Call<'_>, (p, from): &(Value, Value)) -> mlua::Result<Value> {
    let path = call.bytes(1, p)?;
    let from = call.optional_string(2, from)?.map(mlua::LuaString::as_bytes);
    let (root, mut tally) = (call.state.root.to_string_lossy(), call.tally());
    let to = resolved(&root, &path, &mut tally)?;
    let from = resolved(&root, from.as_deref().unwrap_or_default(), &mut tally)?;
    let common = to.iter().zip(&from).take_while(|(a, b)| a == b).count();
    tally.add((from.len() - common) * (PART_BYTES + b"../".len()) + path.len())?;
    let mut way: Vec<&[u8]> = vec![b".."; from.len() - common];
    way.extend_from_slice(&to[common..]);
    call.new_string(if way.is_empty() { b".".to_vec() } else { way.join(&b'/') })
}

/// The parts of a path from the root, without `.` and `..`.
fn resolved<'p>(root: &'p str, path: &'p [u8], tally: &mut Tally<'_>) -> mlua::Result<Vec<&'p [u8]>> {
    let start = if path.starts_with(b"/") { &[][..] } else { root.as_bytes() };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in start.split(|&byte| byte == b'/').chain(path.split(|&byte| byte == b'/')) {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            _ => {
                tally.add(PART_BYTES)?;
                parts.push(part);
            }
        }
    }
    Ok(parts)
}

/// What a part of a path takes: its place in a list that doubles.
const PART_BYTES: usize = 2 * size_of::<&[u8]>();

fn as_text(parts: &[&[u8]]) -> Vec<u8> {
    let mut text = vec![b'/'];
    text.extend(parts.join(&b'/'));
    text
}

fn without_end_slashes(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte != b'/').map_or(1, |last| last + 1);
    &path[..end.min(path.len())]
}

fn last_part(path: &[u8]) -> &[u8] {
    let path = without_end_slashes(path);
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) if path.len() > 1 => &path[slash + 1..],
        _ => path,
    }
}

/// A dot at the start makes a hidden file, not an extension.
fn stem_and_ext(part: &[u8]) -> (&[u8], &[u8]) {
    match part.iter().rposition(|&byte| byte == b'.') {
        Some(dot) if dot > 0 && part != b".." => (&part[..dot], &part[dot + 1..]),
        _ => (part, b""),
    }
}
