//! `template` renders Jinja templates of text and values. They reach no files: there is nothing to include from.

mod arguments;
mod charge;
mod cycler;
mod escape;
mod fields;
mod filters;
mod json;
mod kept;
mod list;
mod long;
mod methods;
mod names;
mod nesting;
mod objects;
mod python;
mod random;
mod rewrite;
mod shown;
mod texts;
mod tokens;
mod urlize;
mod values;
mod wrap;

use std::cell::RefCell;
use std::error::Error as _;
use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use mlua::Value;

use super::call::Call;
use super::compiled::Compiled;
use super::function::{Function, Module};
use crate::lua::host_error::HostError;

const TEMPLATE: Module = Module("template");

/// The name of every template.
const NAME: &str = "template";

/// Steps of one rendering, where a loop that writes nothing must end. Every 64 bytes that the engine makes cost one, so that
/// this bounds the memory too, to half a gigabyte.
const STEPS_MAX: u64 = 8_000_000;

/// Steps of a rendering that has hardly any room.
const STEPS_MIN: u64 = 1_000_000;

/// Templates and macros within each other.
const DEPTH_MAX: usize = 100;

pub(super) const FUNCTIONS: &[Function] = &[TEMPLATE
    .rust("render", "(src: string, vars: {[string]: any}?): string", |bind| bind.to(render))
    .explained(
        "Renders a Jinja template with these variables, as Jinja2 does with its own defaults, `break` and `continue`, and the \
         methods of Python's texts and lists, and those of maps that change nothing. The last line feed of the template is left out. Nothing \
         is escaped unless `|escape` says so; writing a variable that is not defined is an error, asking whether it is there is \
         not. Maps of Lua are in the order of their keys. Compiled once a worker. A template has at most \
         2 MiB, 300 levels of operators, filters, brackets and blocks, 4 million values in its variables, and 150 levels of \
         lists and maps in one; 200 subscripts and comparisons in one tag. A list or map becomes at most 64 MiB of text in one \
         go; `+`, `*` and `chain` make lists of up to 1,048,576 elements; `indent` takes at most 100, widths 10,000, and `slice` \
         and `batch` make at most 100,000 parts. `sum` adds numbers, or lists to a list, and there is no `debug`, no `varargs` \
         in macros, and no method that changes a map; `append`, `extend`, `insert`, `pop`, `remove`, `sort`, `reverse` and `clear` change a list, which cannot get into itself, and a loop goes through a list as it was when it began. `random` draws as `rand` does. What a template makes counts for `memory`.",
        r#"template.render("Hello {{ name.strip() }}!{% for n in list %} {{ n }}{% endfor %}\n", {name = " Ada ", list = {1, 2}})"#,
        r#""Hello Ada! 1 2""#,
    )];

fn render(call: &Call<'_>, (source, variables): &(Value, Value)) -> mlua::Result<Value> {
    let source = call.text(1, source)?;
    let (variables, _tally) = values::variables(call, variables)?;
    let compiled =
        call.state.kept::<Compiled<Template>>().get(&source, || Template::compile(call, &source))?;
    // Garbage is collected where it is that which takes the room.
    call.account()?;
    let room = call.room()?;
    let steps = steps(room);
    compiled.environment.borrow_mut().set_fuel(Some(steps));
    let environment = compiled.environment.borrow();
    if compiled.draws {
        random::begin(call)?;
    }
    let _rendering = objects::Rendering::begin(call.guard(), room);
    call.build(|out| {
        let mut stopped = None;
        let output = TemplateOutput { call, out, stopped: &mut stopped, writes: 0 };
        let rendered = environment
            .get_template(NAME)
            .and_then(|template| template.render_captured_to(variables, output).map(drop));
        call.end_when_due()?;
        match (stopped, rendered) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => Ok(()),
            (None, Err(_)) if objects::Rendering::is_full() => Err(call.too_much().into()),
            (None, Err(error)) if steps < STEPS_MAX && has_no_steps_left(&error) => {
                let what = "`template.render` takes too many steps: what they may make";
                Err(HostError::memory(call.memory().exceeded(what)).into())
            }
            (None, Err(error)) => Err(call.fail(&format!("failed: {}", explained(&compiled.source, &error)))),
        }
    })
}

/// Steps of a rendering that has so many bytes of room: it makes little more than fits.
fn steps(room: usize) -> u64 {
    (STEPS_MIN + (room / charge::STEP_BYTES) as u64).min(STEPS_MAX)
}

/// Whether it is about the steps, in a macro or wherever.
fn has_no_steps_left(error: &minijinja::Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref());
    error.kind() == ErrorKind::OutOfFuel || source.is_some_and(has_no_steps_left)
}

/// A template that is ready to be rendered.
struct Template {
    environment: RefCell<Environment<'static>>,
    /// What errors are about: the source as the engine reads it.
    source: String,
    /// Whether it may draw by chance.
    draws: bool,
}

impl Template {
    fn compile(call: &Call<'_>, source: &str) -> mlua::Result<Self> {
        if source.len() > nesting::SOURCE_BYTES_MAX {
            let most = nesting::SOURCE_BYTES_MAX;
            return Err(call.bad_because(1, &format!("a template of at most {most} bytes expected")));
        }
        if let Some(why) = nesting::refusal(source) {
            return Err(call.fail(&format!("cannot use the template: {why}")));
        }
        let own = names::START;
        if source.contains(own) {
            return Err(call.fail(&format!("cannot use the template: `{own}` can be in no name")));
        }
        let source = rewrite::rewritten(&rewrite::normalized(source));
        let environment = environment(&source).map_err(|error| {
            call.fail(&format!("cannot use the template: {}", explained(&source, &error)))
        })?;
        let draws = random::is_wanted(&source);
        Ok(Self { environment: RefCell::new(environment), source, draws })
    }
}

fn environment(source: &str) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_syntax(SyntaxConfig::builder().keep_trailing_newline(true).build()?);
    environment.set_recursion_limit(DEPTH_MAX);
    environment.set_debug(true);
    kept::install(&mut environment);
    filters::install(&mut environment);
    environment.add_template_owned(NAME, source.to_owned())?;
    Ok(environment)
}

/// What is wrong, with the words of the template that it is about.
fn explained(source: &str, error: &minijinja::Error) -> String {
    let what = match error.kind() {
        ErrorKind::OutOfFuel => "it takes too many steps".to_owned(),
        ErrorKind::TemplateNotFound => "templates cannot include others: there are no files".to_owned(),
        kind => match error.detail() {
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        },
    };
    let words =
        error.range().and_then(|range| source.get(range)).map(|words| rewrite::without_lists(words.trim()));
    let words = words.filter(|words| {
        !what.contains(words.as_str())
            && !words.contains(names::START)
            && !words.is_empty()
            && words.len() <= 80
            && !words.contains('\n')
    });
    match (words, error.line()) {
        (Some(words), Some(line)) => format!("{what} (`{words}`, line {line} of the template)"),
        (None, Some(line)) => format!("{what} (line {line} of the template)"),
        _ => what,
    }
}

/// Collects what is written, as long as there is room and time.
struct TemplateOutput<'a, 'c> {
    call: &'a Call<'c>,
    out: &'a mut Vec<u8>,
    stopped: &'a mut Option<mlua::Error>,
    writes: usize,
}

impl io::Write for TemplateOutput<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        let checked = self.call.room_for(self.out.len() + bytes.len());
        match checked.and_then(|()| self.call.checkpoint_each(self.writes)) {
            Ok(()) => {
                self.out.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Err(error) => {
                *self.stopped = Some(error);
                Err(io::Error::other("stopped"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
