//! These methods cut a text into pieces.

use minijinja::{Error, State, Value};

use super::super::arguments::{Given, refusal};
use super::super::{objects, python};

/// A list of pieces; each is paid for.
fn pieces<'t>(state: &State, pieces: impl Iterator<Item = &'t str>) -> Result<Vec<Value>, Error> {
    let mut list = Vec::new();
    for piece in pieces {
        objects::look_each()?;
        state.consume_fuel(1)?;
        list.push(Value::from(piece));
    }
    Ok(list)
}

pub(super) fn split(state: &State, text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let given = Given::of(arguments, &["sep", "maxsplit"])?;
    let most = given
        .integer(1)?
        .and_then(|most| usize::try_from(most).ok())
        .map_or(usize::MAX, |most| most.saturating_add(1));
    let is_left = method == "split";
    let mut list = match given.text(0)? {
        Some(by) if by.is_empty() => return Err(refusal("the separator is empty")),
        Some(by) if is_left => return Ok(Value::from(pieces(state, text.splitn(most, &*by))?)),
        Some(by) => pieces(state, text.rsplitn(most, &*by))?,
        None if is_left => return Ok(Value::from(pieces(state, words(text, most))?)),
        None => pieces(state, words_from_right(text, most))?,
    };
    list.reverse();
    Ok(Value::from(list))
}

/// Words, the last of them with all that is left.
fn words(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_start();
    let mut count = 0;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        count += 1;
        let end =
            if count >= most { rest.len() } else { rest.find(char::is_whitespace).unwrap_or(rest.len()) };
        let word = &rest[..end];
        rest = rest[end..].trim_start();
        Some(word)
    })
}

fn words_from_right(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_end();
    let mut count = 0;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        count += 1;
        let space = rest.char_indices().rev().find(|(_, sign)| sign.is_whitespace());
        let start = if count >= most { 0 } else { space.map_or(0, |(at, sign)| at + sign.len_utf8()) };
        let word = &rest[start..];
        rest = rest[..start].trim_end();
        Some(word)
    })
}

pub(super) fn split_lines(state: &State, text: &str, arguments: &[Value]) -> Result<Value, Error> {
    let keeps = Given::of(arguments, &["keepends"])?.truth(0)?;
    let lines = python::lines(text);
    let mut at = 0;
    let ends = lines.iter().map(|(line, end)| {
        let start = at;
        at += line.len() + end.len();
        if keeps { &text[start..at] } else { *line }
    });
    Ok(Value::from(pieces(state, ends)?))
}
