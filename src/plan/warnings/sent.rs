//! These warnings are of steps that are sent to an executor: of what means something else there than here.

use std::path::Path;

use serde_json::Value;

use super::governed::{PolicyStep, WarningContext, known};
use crate::data::{Compression, Format, TextEncoding, is_enterable_file};
use crate::event::Verb;
use crate::lua::{LiteralPath, Reached, literal_paths, reaches};
use crate::plan::codes;
use crate::plan::file_checks::path_of;
use crate::plan::inputs::SentTo;
use crate::plan::places::DocumentPart;
use crate::schedule::RateUse;
use crate::source::{Diagnostic, LineStarts, Span};

/// Folders that each machine has for itself.
const OWN_FOLDERS: [&str; 6] = ["/tmp", "/var/tmp", "/dev", "/run", "/proc", "/sys"];

const SHARED_HELP: &str = "workers on several machines write it at once: return what is to be kept and `write` it in a step of its \
                           own, make the path from the item, or say `local: true`";
const ONLY_HERE_HELP: &str = "keep the file where all machines see it, or say `local: true`";
const RATE_HELP: &str = "that is as it should be where the limit is the bottleneck; a limit of N starts in a second or a minute, \
                         without `cost`, is shared out to workers";

/// Warns of a step that may be sent.
pub(super) fn check(
    advice: &WarningContext<'_>,
    step: &PolicyStep<'_>,
    to: &SentTo,
    found: &mut Vec<Diagnostic>,
) {
    if known::<bool>(advice.places, &format!("{}/local", step.step.pointer)) == Some(true) {
        return;
    }
    if let Some(warning) = rate_here(advice, step) {
        // Then it is not sent.
        found.push(warning);
        return;
    }
    found.extend(queued_deadline(advice, step, to));
    for source in own_sources(advice, step, to) {
        // Several steps may take from it.
        if !found.iter().any(|known| known.message == source.message) {
            found.push(source);
        }
    }
    each_text(advice, step, &mut |text, place| {
        for path in literal_paths(text) {
            found.extend(file((advice, step), to, &path).map(|(code, message, label, help)| {
                place(path.span.clone(), code, message, label).help(help)
            }));
        }
    });
}

/// The files of sources that workers read where they lie, and cannot: other machines do not have them.
fn own_sources(advice: &WarningContext<'_>, step: &PolicyStep<'_>, to: &SentTo) -> Vec<Diagnostic> {
    if !to.has_queue {
        // Its workers are processes of this machine.
        return Vec::new();
    }
    let sources = step.step.from.iter().filter(|from| !from.failed).filter_map(|from| from.step);
    let sources =
        sources.map(|at| &advice.step_index.steps[at]).filter(|source| source.verb == Some(Verb::Read));
    let own = sources.filter_map(|source| {
        let (pointer, path) = path_of(advice.places.value(), &source.pointer, Verb::Read)?;
        let key = |name: &str| format!("{}/read/{name}", source.pointer);
        let format = known(advice.places, &key("format")).or_else(|| Format::of_path(&path).ok())?;
        let compression = known(advice.places, &key("compression"));
        let compression = compression.unwrap_or_else(|| Compression::of_path(&path));
        let encoding = known::<String>(advice.places, &key("encoding"));
        let encoding = encoding.and_then(|label| TextEncoding::of_label(&label).ok());
        // What other files hold is written down for workers.
        let is_read_there = is_enterable_file(format, compression, encoding);
        let is_own = is_read_there && path != "-" && !path.contains("${{") && is_own(to, advice.root, &path);
        let message = format!(
            "workers read the items of step `{}` where they lie, and each machine has a `{path}` of its own",
            source.name
        );
        let spot = DocumentPart::Value(&pointer);
        let found = || advice.places.warning(codes::ONLY_HERE, message, &spot, "not this machine's file");
        is_own.then(|| found().help(ONLY_HERE_HELP))
    });
    own.collect()
}

/// Whether each machine has this path for itself.
fn is_own(to: &SentTo, root: &Path, path: &str) -> bool {
    match &to.volume {
        Some(volume) => !root.join(path).starts_with(volume),
        None => OWN_FOLDERS.iter().any(|folder| Path::new(path).starts_with(folder)),
    }
}

/// A deadline that runs while jobs wait.
fn queued_deadline(advice: &WarningContext<'_>, step: &PolicyStep<'_>, to: &SentTo) -> Option<Diagnostic> {
    let pointer = format!("{}/deadline", step.step.pointer);
    advice.places.value().pointer(&pointer).filter(|_| to.has_queue)?;
    let message = format!(
        "the deadline of step `{}` runs while its jobs wait in the queue of `{}`",
        step.step.name, to.name
    );
    let label = "from the start of the step, not of its jobs";
    let found = advice.places.warning(codes::DEADLINE_QUEUE, message, &DocumentPart::Value(&pointer), label);
    Some(found.help("`item_deadline` and `timeout` bound the items themselves"))
}

/// Limits that cannot be shared out to workers.
fn rate_here(advice: &WarningContext<'_>, step: &PolicyStep<'_>) -> Option<Diagnostic> {
    let message =
        format!("the items of step `{}` are not sent: its limit cannot be shared out", step.step.name);
    if !step.policy.rate_limits.iter().all(RateUse::can_be_shared_out) {
        let label = ("rate_limit", "kept by this machine alone");
        return Some(step.warning(advice.places, codes::RATE_HERE, message, label).help(RATE_HELP));
    }
    let mut warning = None;
    each_text(advice, step, &mut |text, place| {
        let asks = |reach: &crate::lua::Reach| matches!(reach.what, Reached::AnyHost | Reached::Url(_));
        let has_limit = text.contains("limit =") || text.contains("limit=");
        if let Some(reach) = reaches(text).into_iter().find(|reach| has_limit && asks(reach)) {
            let label = "its requests take from a limit";
            warning = Some(place(reach.span, codes::RATE_HERE, message.clone(), label).help(RATE_HELP));
        }
    });
    warning
}

/// What is to be said of a file that is named in a function.
fn file(
    (advice, step): (&WarningContext<'_>, &PolicyStep<'_>),
    to: &SentTo,
    used: &LiteralPath,
) -> Option<(&'static str, String, &'static str, &'static str)> {
    let name = &step.step.name;
    if is_own(to, advice.root, &used.path) {
        let message = format!("step `{name}` is sent, and each machine has a `{}` of its own", used.path);
        return Some((codes::ONLY_HERE, message, "not this machine's file", ONLY_HERE_HELP));
    }
    used.is_written.then(|| {
        let message = format!("all workers of step `{name}` write one file, `{}`", used.path);
        (codes::SHARED_WRITE, message, "the same for every item", SHARED_HELP)
    })
}

/// How a finding in a text is made.
type Place<'p> = dyn Fn(std::ops::Range<usize>, &'static str, String, &str) -> Diagnostic + 'p;

/// Shows the Lua of a step's function, with a way to place findings in it.
fn each_text(advice: &WarningContext<'_>, step: &PolicyStep<'_>, show: &mut dyn FnMut(&str, &Place<'_>)) {
    for key in ["", "/lua", "/setup"] {
        let pointer = format!("{}{key}", step.at);
        // The block of the short form is that of its keys, too.
        let is_text = advice.places.value().pointer(&pointer).is_some_and(Value::is_string);
        let Some(block) = advice.places.block(&pointer).filter(|_| is_text) else { continue };
        let lines = LineStarts::of(&block.text);
        show(&block.text, &|span, code, message, label| {
            let (line, column) = lines.line_column(span.start);
            let spot = DocumentPart::Text(&pointer, line, column..column + span.len());
            advice.places.warning(code, message, &spot, label)
        });
    }
    let Some(script) = advice.scripts.get(&format!("{}/file", step.at)) else { return };
    let block = script.block();
    show(&block.text, &|span, code, message, label| {
        Diagnostic::warning(code, &block.file, message).label(Span::new(span.start, span.end), label)
    });
}
