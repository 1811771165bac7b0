//! The console holds the process as it was found: environment, terminal, standard streams. The rest of the program is
//! told these and never asks for them.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};

use super::args::ColorChoice;
use super::diagnostic::{self, TextForm, TextOptions};
use super::exit::{Complaint, Exit, Fault};
use super::{redact, stdout};
use crate::source::Diagnostic;
use crate::value::printable;

/// Columns of text where there is no terminal to ask.
const WIDTH: usize = 100;

/// The process's surroundings.
#[derive(Debug)]
pub(super) struct Console {
    /// The environment; variables that are not UTF-8 are left out.
    pub(super) env: BTreeMap<String, String>,
    /// Whether standard output is a terminal.
    pub(super) stdout_is_terminal: bool,
    /// Whether standard error is a terminal that can move its cursor.
    pub(super) stderr_is_terminal: bool,
    width: usize,
}

impl Console {
    /// Asks the operating system.
    pub(super) fn of_process() -> Self {
        let env: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let dumb = env.get("TERM").is_some_and(|term| term == "dumb");
        Self {
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal() && !dumb,
            width: columns(),
            env,
        }
    }

    /// Whether text for people is coloured.
    pub(super) fn color(&self, choice: ColorChoice) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => self.wants_color().unwrap_or(self.stderr_is_terminal),
        }
    }

    /// Whether what people read on standard output is coloured.
    pub(super) fn stdout_color(&self, choice: ColorChoice) -> bool {
        match choice {
            ColorChoice::Auto => self.wants_color().unwrap_or(self.stdout_is_terminal),
            choice => self.color(choice),
        }
    }

    /// Characters of a line.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Writes diagnostics for people to standard error.
    pub(super) fn show(&self, diagnostics: &[Diagnostic], color: ColorChoice) {
        let format = diagnostic::Format::Text(self.text_options(color));
        // There is nobody left to tell when standard error is gone.
        let _ = io::stderr().lock().write_all(redact::text(&rendered(format, diagnostics)).as_bytes());
    }

    pub(super) fn text_options(&self, color: ColorChoice) -> TextOptions {
        TextOptions { width: self.width, color: self.color(color), form: self.text_form() }
    }

    /// Says why a command did not do its work, and how the process ends then.
    pub(super) fn explain(&self, fault: &Fault, color: ColorChoice) -> Exit {
        match fault {
            Fault::Usage(complaints) => {
                self.complain(complaints, color);
                Exit::Usage
            }
            Fault::Invalid(diagnostics, complaints) => {
                self.show(diagnostics, color);
                if let Some(summary) = diagnostic::summary(diagnostics) {
                    say(&format!("{summary}; nothing has run"));
                }
                self.complain(complaints, color);
                Exit::Invalid
            }
            Fault::Internal(message) => {
                self.complain(&[Complaint::new(message)], color);
                Exit::Internal
            }
        }
    }

    pub(super) fn complain(&self, complaints: &[Complaint], color: ColorChoice) {
        let (red, plain) = if self.color(color) { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
        for complaint in complaints {
            say(&format!("{red}error:{plain} {}", printable(&complaint.message)));
            if let Some(help) = &complaint.help {
                say(&format!("  help: {}", printable(help)));
            }
        }
    }

    fn text_form(&self) -> TextForm {
        if self.is_set("NO_GRAPHICS") {
            return TextForm::Narrated;
        }
        // As in setlocale(3): the first of these that is set counts; none at all says nothing about the terminal.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| self.env.get(*name).filter(|v| !v.is_empty()));
        let speaks_unicode = locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        if speaks_unicode { TextForm::Unicode } else { TextForm::Ascii }
    }

    /// What the environment says about colours. Who wants none comes first; then those who want them also where nothing is a
    /// terminal, as in the logs of test machines.
    fn wants_color(&self) -> Option<bool> {
        if self.is_set("NO_COLOR") {
            return Some(false);
        }
        let asked = |name: &str| self.env.get(name).filter(|value| !value.is_empty());
        let is_yes = |value: &String| !matches!(value.as_str(), "0" | "false");
        asked("FORCE_COLOR").map(is_yes).or_else(|| asked("CLICOLOR_FORCE").map(is_yes).filter(|yes| *yes))
    }

    /// Set and not empty, as `NO_COLOR` is defined.
    fn is_set(&self, name: &str) -> bool {
        self.env.get(name).is_some_and(|value| !value.is_empty())
    }
}

/// Columns of the terminal now: people make windows wider and narrower.
pub(super) fn columns() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(WIDTH, |(width, _)| usize::from(width.0))
}

/// Diagnostics as text.
pub(super) fn rendered(format: diagnostic::Format, diagnostics: &[Diagnostic]) -> String {
    let mut text = Vec::new();
    // A vector takes all that it is given.
    let _ = diagnostic::write(&mut text, format, diagnostics);
    String::from_utf8_lossy(&text).into_owned()
}

/// A line for people.
pub(super) fn say(line: &str) {
    // There is nobody left to tell when standard error is gone.
    let _ = io::stderr().lock().write_all(format!("{}\n", redact::text(line)).as_bytes());
}

/// Bytes to standard output. A reader that has gone away has got what it wanted.
pub(super) fn put(bytes: &[u8]) -> Result<(), Fault> {
    stdout::demand("the result")?;
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Complaint::new(format!("cannot write to standard output: {error}")).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(env: &[(&str, &str)], stderr_is_terminal: bool) -> Console {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Console { env, stdout_is_terminal: false, stderr_is_terminal, width: WIDTH }
    }

    #[test]
    fn colours_follow_the_terminal_unless_told() {
        for (env, terminal, choice, expect) in [
            (&[][..], true, ColorChoice::Auto, true),
            (&[][..], false, ColorChoice::Auto, false),
            (&[("NO_COLOR", "1")][..], true, ColorChoice::Auto, false),
            (&[("NO_COLOR", "")][..], true, ColorChoice::Auto, true),
            (&[("NO_COLOR", "1")][..], false, ColorChoice::Always, true),
            (&[][..], true, ColorChoice::Never, false),
            (&[("FORCE_COLOR", "1")][..], false, ColorChoice::Auto, true),
            (&[("FORCE_COLOR", "3")][..], false, ColorChoice::Auto, true),
            (&[("FORCE_COLOR", "0")][..], true, ColorChoice::Auto, false),
            (&[("FORCE_COLOR", "")][..], false, ColorChoice::Auto, false),
            (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")][..], true, ColorChoice::Auto, false),
            (&[("FORCE_COLOR", "1")][..], false, ColorChoice::Never, false),
            (&[("CLICOLOR_FORCE", "1")][..], false, ColorChoice::Auto, true),
            (&[("CLICOLOR_FORCE", "0")][..], false, ColorChoice::Auto, false),
            (&[("CLICOLOR_FORCE", "0")][..], true, ColorChoice::Auto, true),
        ] {
            assert_eq!(console(env, terminal).color(choice), expect, "{env:?} {terminal} {choice:?}");
        }
    }

    #[test]
    fn drawings_follow_the_locale_and_screen_readers_get_none() {
        for (env, expect) in [
            (&[][..], TextForm::Unicode),
            (&[("LANG", "de_DE.UTF-8")][..], TextForm::Unicode),
            (&[("LANG", "de_DE.utf8"), ("LC_ALL", "C")][..], TextForm::Ascii),
            (&[("LC_ALL", ""), ("LANG", "C.UTF-8")][..], TextForm::Unicode),
            (&[("NO_GRAPHICS", "1"), ("LANG", "C")][..], TextForm::Narrated),
        ] {
            assert_eq!(console(env, true).text_form(), expect, "{env:?}");
        }
    }
}
