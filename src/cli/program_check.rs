//! `flowrun program-check` tries a program as an item function, without a pipeline. The `program` module plays the scenes.

use std::path::PathBuf;

use super::args::{ProgramCheckArguments, ProgramVerb};
use super::console::put;
use super::exit::{Complaint, Exit, Fault};
use crate::program::{ItemProgram, Judgement, ProgramValue, Scene, Wanted, rehearse};
use crate::value::json::validate;
use crate::value::printable;

/// Items that are sent at once.
const SEVERAL: usize = 16;
/// Bytes of the long item.
const LONG: usize = 1_000_000;

/// Plays all scenes and prints a line for each; fails when one was failed.
pub(super) fn command(arguments: &ProgramCheckArguments) -> Result<Exit, Fault> {
    let here = std::env::current_dir()
        .map_err(|error| Complaint::new(format!("the current folder cannot be used: {error}")))?;
    for item in &arguments.items {
        validate(item.as_bytes())
            .map_err(|error| Complaint::new(format!("`--item {item}` is no JSON: {error}")))?;
    }
    let program = program(arguments, here);
    let wanted = match arguments.verb {
        ProgramVerb::Map => Wanted::Value,
        ProgramVerb::Filter => Wanted::Truth,
        ProgramVerb::FlatMap => Wanted::Values,
    };
    let (mut failed, mut are_words_told) = (0, false);
    let mut printed = Ok(());
    let mut each = |judgement: Judgement| {
        failed += usize::from(judgement.outcome.is_err());
        // What a program says when it fails is most often the same each time.
        let words = if are_words_told { &[] } else { &judgement.last_words[..] };
        are_words_told |= !words.is_empty();
        if printed.is_ok() {
            printed = put((line(&judgement) + &said(words)).as_bytes());
        }
    };
    rehearse(&program, &scenes(&arguments.items), (wanted, arguments.timeout), &mut each)
        .map_err(|why| Complaint::new(format!("`{}` cannot be started: {why}", program.shown())))?;
    printed?;
    Ok(if failed == 0 { Exit::Success } else { Exit::StepFailed })
}

fn program(arguments: &ProgramCheckArguments, here: PathBuf) -> ItemProgram {
    ItemProgram {
        words: arguments.program.clone(),
        root: here.clone(),
        folder: here,
        env: arguments.env.iter().cloned().map(|(name, value)| (name, ProgramValue::Text(value))).collect(),
        ready: arguments.ready,
        restart: 1,
    }
}

fn line(judgement: &Judgement) -> String {
    let (word, said) = match &judgement.outcome {
        Ok(said) => ("ok    ", said),
        Err(why) => ("wrong ", why),
    };
    format!("{word} {:<28} {}\n", judgement.name, printable(said))
}

/// The last lines of standard error, beneath what went wrong.
fn said(words: &[String]) -> String {
    let lines: Vec<String> = words.iter().map(|word| format!("       | {}\n", printable(word))).collect();
    lines.concat()
}

/// The user's own items first, then what programs stumble over.
fn scenes(own: &[String]) -> Vec<Scene> {
    let scene = |name: &str, items: Vec<String>| Scene { name: name.to_owned(), items, shown: false };
    let mut scenes: Vec<Scene> = own
        .iter()
        .enumerate()
        .map(|(at, item)| Scene {
            shown: true,
            ..scene(&format!("your item {}", at + 1), vec![item.clone()])
        })
        .collect();
    let like = |number: usize| {
        own.first().cloned().unwrap_or_else(|| format!(r#"{{"id":{number},"text":"a text"}}"#))
    };
    scenes.push(scene("an item", vec![like(1)]));
    scenes.push(scene(
        "text of all kinds",
        vec![r#"{"id":2,"text":"Grüße 🎈 \u2028 \"quoted\" \\ \n second line \u0000"}"#.to_owned()],
    ));
    let kinds =
        ["null", "true", "0", "-1.5e-7", "9223372036854775807", "\"\"", "[]", "{}", "[[1,{\"a\":null}]]"];
    scenes.extend(kinds.map(|item| scene(&format!("the item {item}"), vec![item.to_owned()])));
    scenes.push(scene("an item of a megabyte", vec![format!(r#"{{"id":3,"text":"{}"}}"#, "x".repeat(LONG))]));
    scenes.push(scene(&format!("{SEVERAL} items at once"), (0..SEVERAL).map(like).collect()));
    scenes
}
