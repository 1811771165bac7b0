//! This module checks the tests of a file: whether they can be run at all, and what each asks for. The command line
//! runs them.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::params::Declaration;
use super::places::{DocumentPart, PlacedDocument};
use super::step_index::StepIndex;
use super::{codes, listed};
use crate::config;
use crate::event::{StepId, Verb};
use crate::source::{Diagnostic, Span, nearest};

/// A test that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct TestCase {
    /// What it shows.
    pub name: Arc<str>,
    /// Whose function runs.
    pub step: StepId,
    /// The items, each as JSON.
    pub items: Vec<Value>,
    /// Whether they were written as `items`, so that what is expected is a list.
    pub many: bool,
    /// What shall come of them.
    pub expected: Expected,
    /// Parameters for this test alone.
    pub params: Map<String, Value>,
    /// Where it stands in the file.
    pub span: Span,
}

/// What shall come of the items of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// These results.
    Value(Value),
    /// Each fails.
    Error {
        /// With this kind.
        kind: Option<String>,
        /// With this in its message.
        message: Option<String>,
    },
    /// Each is left out.
    Skipped,
}

/// The tests of a file without faults.
pub(super) fn of(
    places: &PlacedDocument,
    step_index: &StepIndex,
    tests: &[config::TestCase],
) -> Vec<TestCase> {
    let of_one = |(at, test): (usize, &config::TestCase)| {
        let expected = match (&test.expect, &test.expect_error) {
            (Some(value), _) => Expected::Value(value.clone()),
            (None, Some(error)) => Expected::Error {
                kind: error.kind.map(|kind| kind.name().to_owned()),
                message: error.message.clone(),
            },
            (None, None) => Expected::Skipped,
        };
        let items = test.items.clone().or_else(|| test.item.clone().map(|item| vec![item]));
        Some(TestCase {
            name: test.name.as_str().into(),
            step: StepId(u32::try_from(step_index.find(&test.step)?).ok()?),
            items: items.unwrap_or_default(),
            many: test.items.is_some(),
            expected,
            params: test.params.clone(),
            span: places.find(&DocumentPart::Value(&format!("/tests/{at}"))).1,
        })
    };
    tests.iter().enumerate().filter_map(of_one).collect()
}

/// Finds tests that contradict themselves or the rest of the file. Works on the JSON value, whatever the schema says.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    declared: &Map<String, Value>,
    found: &mut Vec<Diagnostic>,
) {
    let Some(tests) = places.value().get("tests").and_then(Value::as_array) else { return };
    let mut names: HashMap<&str, usize> = HashMap::new();
    for (at, test) in tests.iter().enumerate() {
        let Some(test) = test.as_object() else { continue };
        let at = format!("/tests/{at}");
        let case = Case { places, step_index, declared, test, at: &at };
        case.check(found);
        if let Some(name) = test.get("name").and_then(Value::as_str) {
            *names.entry(name).or_default() += 1;
            if names[name] == 2 {
                let message = format!("two tests have the name `{name}`");
                let spot = format!("{at}/name");
                let label = "a test above has the same name";
                let warning =
                    places.warning(codes::SAME_TEST_NAME, message, &DocumentPart::Value(&spot), label);
                found.push(warning.help("reports tell tests apart by their names"));
            }
        }
    }
}

/// One test as written.
struct Case<'a> {
    places: &'a PlacedDocument,
    step_index: &'a StepIndex,
    declared: &'a Map<String, Value>,
    test: &'a Map<String, Value>,
    at: &'a str,
}

impl Case<'_> {
    fn check(&self, found: &mut Vec<Diagnostic>) {
        let verb = self.verb(found);
        let is_whole = verb.is_some_and(Verb::is_tested_whole);
        self.check_items(is_whole, found);
        if let Some(verb) = verb.filter(|_| is_whole) {
            self.check_whole(verb, found);
        }
        self.check_expectation(verb, found);
        let given = self.test.get("params").and_then(Value::as_object);
        for (name, value) in given.into_iter().flatten() {
            found.extend(self.param_problem(name, value));
        }
    }

    fn has(&self, key: &str) -> bool {
        self.test.contains_key(key)
    }

    /// `key` empty: the test as a whole.
    fn bad(&self, message: &str, key: &str, label: &str) -> Diagnostic {
        let name = self.test.get("name").and_then(Value::as_str).unwrap_or_default();
        let message = format!("test `{name}` {message}");
        if key.is_empty() {
            let spot = if self.has("name") { format!("{}/name", self.at) } else { self.at.to_owned() };
            return self.places.error(codes::BAD_TEST, message, &DocumentPart::Value(&spot), label);
        }
        let pointer = format!("{}/{key}", self.at);
        self.places.error(codes::BAD_TEST, message, &DocumentPart::Key(&pointer), label)
    }

    /// The verb of the step that is tested.
    fn verb(&self, found: &mut Vec<Diagnostic>) -> Option<Verb> {
        let name = self.test.get("step")?.as_str()?;
        let pointer = format!("{}/step", self.at);
        let Some(step) = self.step_index.find(name) else {
            let label = match nearest(name, self.step_index.names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "no step has this name".to_owned(),
            };
            let message = format!("a test runs unknown step `{name}`");
            let help = format!("the steps of this file: {}", listed(self.step_index.names()));
            let unknown =
                self.places.error(codes::UNKNOWN_STEP, message, &DocumentPart::Value(&pointer), &label);
            found.push(unknown.help(help));
            return None;
        };
        let verb = self.step_index.steps[step].verb?;
        if !verb.is_map_like() && !verb.is_tested_whole() {
            let label = format!("`{name}` is a `{verb}` step");
            let message = format!("runs step `{name}`, which has no function");
            let bad = self.bad(&message, "step", &label);
            let help = "tests run the functions of `map`, `flat_map` and `filter` steps, and `reduce` and `aggregate` over items";
            found.push(bad.help(help));
            return None;
        }
        Some(verb)
    }

    /// What a test of a step over a collection cannot say.
    fn check_whole(&self, verb: Verb, found: &mut Vec<Diagnostic>) {
        if self.has("item") {
            let label = format!("`{verb}` takes all items at once");
            let bad = self.bad(&format!("gives `{verb}` one item"), "item", &label);
            found.push(bad.help("write `items:` with the list of them"));
        }
        if self.test.get("expect_skipped") == Some(&Value::Bool(true)) {
            let bad = self.bad(&format!("expects `{verb}` to skip its items"), "expect_skipped", "it cannot");
            found.push(bad.help("write `expect:` with what it gives, or `expect_error:`"));
        }
    }

    fn check_items(&self, is_whole: bool, found: &mut Vec<Diagnostic>) {
        match (self.has("item"), self.has("items")) {
            (true, true) => found.push(
                self.bad("has both `item` and `items`", "items", "the test has an `item` already")
                    .help("keep one of them"),
            ),
            (false, false) => {
                let help =
                    "write `item:` with the item that the function gets, or `items:` with a list of them";
                found.push(self.bad("has no item", "", "no `item` and no `items`").help(help));
            }
            (false, true) if !is_whole && self.count().is_some_and(|count| count == 0) => {
                let help = "write at least one item";
                found.push(self.bad("has no item", "items", "the list is empty").help(help));
            }
            _ => {}
        }
    }

    /// How many `items` there are.
    fn count(&self) -> Option<usize> {
        self.test.get("items")?.as_array().map(Vec::len)
    }

    fn check_expectation(&self, verb: Option<Verb>, found: &mut Vec<Diagnostic>) {
        let skipped = self.test.get("expect_skipped").is_some_and(|flag| *flag != Value::Bool(false));
        let given: Vec<&str> = ["expect", "expect_error", "expect_skipped"]
            .into_iter()
            .filter(|key| self.has(key) && (*key != "expect_skipped" || skipped))
            .collect();
        match given.as_slice() {
            [] => {
                let help = "write `expect:` with the result, `expect_error:` or `expect_skipped: true`";
                found.push(self.bad("expects nothing", "", "nothing says what shall come of it").help(help));
            }
            [_] => {
                let of_items = verb.filter(|verb| !verb.is_tested_whole());
                found.extend(of_items.and_then(|verb| self.value_problem(verb)));
            }
            [first, second, ..] => {
                let message = format!("has both `{first}` and `{second}`");
                let label = format!("the test has `{first}` already");
                found.push(
                    self.bad(&message, second, &label).help("an item ends in one way: keep one of them"),
                );
            }
        }
    }

    /// Why the results of a step with this verb can never be what `expect` says.
    fn value_problem(&self, verb: Verb) -> Option<Diagnostic> {
        let expect = self.test.get("expect")?;
        let (many, list) = (self.has("items"), expect.as_array());
        match list {
            None if many => Some(
                self.bad("expects one value of several items", "expect", "no list")
                    .help("with `items`, `expect` is the list of their results in order"),
            ),
            None if verb == Verb::FlatMap => Some(
                self.bad("expects one value of a `flat_map` step", "expect", "no list")
                    .help("a `flat_map` gives a list of results, which may be empty"),
            ),
            Some(list)
                if many && verb == Verb::Map && self.count().is_some_and(|count| list.len() > count) =>
            {
                let label = format!("{} results", list.len());
                let message = format!("expects more results than its {} items give", self.count()?);
                let help = "a `map` gives one result for each item that is not skipped";
                Some(self.bad(&message, "expect", &label).help(help))
            }
            _ => None,
        }
    }

    fn param_problem(&self, name: &str, value: &Value) -> Option<Diagnostic> {
        let key = format!("params/{}", crate::config::escape_key(name));
        let Some(declaration) = self.declared.get(name) else {
            let label = match nearest(name, self.declared.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "the file declares no such parameter".to_owned(),
            };
            return Some(self.bad(&format!("sets unknown parameter `{name}`"), &key, &label));
        };
        let problem = Declaration::read(name, declaration)?.problem(value)?;
        Some(self.bad(
            &format!("sets parameter `{name}`, which {problem}"),
            &key,
            "does not fit the declaration",
        ))
    }
}
