//! `flowrun explain CODE` prints what a diagnostic means, an example of the mistake, and the way out.
//!
//! The floors that raise the codes list them and give their meaning in a line.

mod examples;

use std::fmt::Write as _;

use self::examples::EXAMPLES;
use super::args::ExplainArguments;
use super::console::put;
use super::exit::{Complaint, Exit, Fault};
use crate::data::Format;
use crate::plan::codes;
use crate::source::nearest;

/// One section a code.
const TEXTS: &str = include_str!("explain/texts.md");
/// Lines and characters of an example; the longer ones show nothing more.
const LINES_MAX: usize = 24;
const COLUMNS_MAX: usize = 120;

/// Explains one code, or lists all.
pub(super) fn command(arguments: &ExplainArguments) -> Result<Exit, Fault> {
    let text = match &arguments.code {
        None => list(),
        Some(code) => {
            let name = code.trim().trim_start_matches("flowrun::").to_lowercase().replace('-', "_");
            explanation(&name).ok_or_else(|| unknown(code, &name))?
        }
    };
    put(text.as_bytes())?;
    Ok(Exit::Success)
}

fn list() -> String {
    let codes = codes();
    let width = codes.iter().map(|(code, _)| code.len()).max().unwrap_or(0);
    let lines = codes.iter().map(|(code, meaning)| format!("{code:<width$}  {meaning}\n"));
    lines.chain(["\n`flowrun explain CODE` says more about one of them\n".to_owned()]).collect()
}

fn unknown(given: &str, name: &str) -> Complaint {
    let complaint = Complaint::new(format!("unknown code `{given}`"));
    match nearest(name, codes().iter().map(|(code, _)| *code)) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help("`flowrun explain` lists all codes"),
    }
}

/// The whole page about a code; `None`: there is no such code.
fn explanation(name: &str) -> Option<String> {
    let (code, meaning) = codes().into_iter().find(|(code, _)| *code == name)?;
    let (about, fix) = section(code)?;
    let example = EXAMPLES.iter().find(|example| example.code == code)?;
    let file = String::from_utf8_lossy(example.file);
    let mut page = format!("flowrun::{code}: {meaning}\n\n{about}\n\nExample\n\n");
    page.push_str(&excerpt(&file));
    page.push_str("\nwhich `flowrun check` answers with\n\n");
    page.push_str(&excerpt(example.said.trim_end()));
    let fix = fix.replace("{formats}", &Format::names());
    let _ = write!(page, "\nWhat to do\n\n{fix}\n");
    Some(page)
}

/// What the code means, and how to fix it.
fn section(code: &str) -> Option<(&'static str, &'static str)> {
    let found = TEXTS.split("## ").find(|section| section.lines().next() == Some(code))?;
    let (about, fix) = found.split_once('\n')?.1.split_once("\nFix: ")?;
    Some((about.trim(), fix.trim()))
}

/// The first lines of a text, indented.
fn excerpt(text: &str) -> String {
    let shorten = |line: &str| -> String {
        // What a terminal must not be told stands as what it is.
        let shown: String = line.chars().flat_map(shown).collect();
        match shown.char_indices().nth(COLUMNS_MAX) {
            Some((at, _)) => format!("    {}…", &shown[..at]),
            None => format!("    {shown}").trim_end().to_owned(),
        }
    };
    let mut lines: Vec<String> = text.lines().take(LINES_MAX).map(shorten).collect();
    if text.lines().count() > LINES_MAX {
        lines.push("    …".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}

/// A control character as its escape; a tab is one of the mistakes, and shown as itself.
fn shown(character: char) -> Vec<char> {
    if character.is_control() && character != '\t' {
        return character.escape_unicode().collect();
    }
    vec![character]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_and_nothing_else() {
        let codes: Vec<&str> = codes().into_iter().map(|(code, _)| code).collect();
        let explained: Vec<&str> =
            TEXTS.split("## ").skip(1).filter_map(|section| section.lines().next()).collect();
        assert_eq!(explained, codes, "src/cli/explain/texts.md has one section a code, sorted");
        let shown: Vec<&str> = EXAMPLES.iter().map(|example| example.code).collect();
        assert_eq!(shown, codes, "src/cli/explain/examples.rs has one line a code, sorted");
    }

    #[test]
    fn every_page_says_what_it_means_how_it_looks_and_what_to_do() {
        for (code, meaning) in codes() {
            let page = explanation(code).unwrap_or_else(|| panic!("{code} has a page"));
            let (about, fix) = section(code).expect("it has a section");
            assert!(about.len() > 40 && fix.len() > 10, "{code} is explained in whole sentences");
            assert!(about.ends_with('.') && fix.ends_with('.') && !fix.contains('\n'), "{code}");
            assert!(page.contains(meaning) && page.contains(&format!("flowrun::{code}")), "{page}");
            assert!(!page.contains('\u{1b}') && !page.contains('\u{7}'), "{code} speaks to the terminal");
        }
    }

    #[test]
    fn the_list_names_every_code() {
        let list = list();
        assert!(codes().iter().all(|(code, _)| list.lines().any(|line| line.starts_with(code))));
    }
}
