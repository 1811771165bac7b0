//! These are the codes of the findings of this floor. Each has a fixture in `tests/diagnostics`.

use crate::config;

/// A step that does not exist is named.
pub(super) const UNKNOWN_STEP: &str = "flowrun::unknown_step";
/// Steps wait for each other.
pub(super) const CYCLE: &str = "flowrun::cycle";
/// A step takes from one that yields nothing.
pub(super) const NO_OUTPUT: &str = "flowrun::no_output";
/// `.failed` of a step whose items cannot fail.
pub(super) const NO_FAILED_ITEMS: &str = "flowrun::no_failed_items";
/// Two things want to be one field of an item.
pub(super) const NAME_CLASH: &str = "flowrun::name_clash";
/// Nothing reads a step, and it writes nothing.
pub(super) const UNUSED_STEP: &str = "flowrun::unused_step";
/// An expression looks at the result of a step that need not have ended.
pub(super) const STEP_NOT_ENDED: &str = "flowrun::step_not_ended";
/// Two steps write one file.
pub(super) const WRITE_CONFLICT: &str = "flowrun::write_conflict";
/// A step writes over a file that another one reads.
pub(super) const WRITE_OVER_INPUT: &str = "flowrun::write_over_input";
/// Two steps want standard input or standard output.
pub(super) const STANDARD_STREAM: &str = "flowrun::standard_stream";
/// A file's name does not say its format.
pub(super) const UNKNOWN_FORMAT: &str = "flowrun::unknown_format";
/// A path is a URL, behind which nothing is read or written.
pub(super) const UNKNOWN_SCHEME: &str = "flowrun::unknown_scheme";
/// An option that does not fit the file's format.
pub(super) const BAD_OPTION: &str = "flowrun::bad_option";
/// A pattern of file names cannot be read.
pub(super) const BAD_PATTERN: &str = "flowrun::bad_pattern";
/// Lua that cannot be compiled.
pub(super) const LUA_SYNTAX: &str = "flowrun::lua_syntax";
/// A Lua file that cannot be used.
pub(super) const LUA_FILE: &str = "flowrun::lua_file";
/// A folder of `lua_path` that is none.
pub(super) const LUA_PATH: &str = "flowrun::lua_path";
/// A `${{ … }}` that cannot be evaluated.
pub(super) const EXPRESSION: &str = "flowrun::expression";
/// A parameter whose declaration contradicts itself.
pub(super) const BAD_PARAM: &str = "flowrun::bad_param";
/// Lua looks at a parameter or variable that the file does not declare.
pub(super) const UNDECLARED: &str = "flowrun::undeclared";
/// A file that cannot be included, or does not fit to another one.
pub(super) const BAD_INCLUDE: &str = "flowrun::bad_include";
/// A policy that does not exist is named.
pub(super) const UNKNOWN_POLICY: &str = "flowrun::unknown_policy";
/// A rate limit that does not exist is named.
pub(super) const UNKNOWN_RATE_LIMIT: &str = "flowrun::unknown_rate_limit";
/// A rate limit that no step names.
pub(super) const UNUSED_RATE_LIMIT: &str = "flowrun::unused_rate_limit";
/// A limit is named twice in one list.
pub(super) const REPEATED_RATE_LIMIT: &str = "flowrun::repeated_rate_limit";
/// The pauses of a breaker contradict each other.
pub(super) const BREAKER_PAUSES: &str = "flowrun::breaker_pauses";
/// A program that cannot be started.
pub(super) const PROGRAM: &str = "flowrun::program";
/// A secret that cannot be told from other text.
pub(super) const SHORT_SECRET: &str = "flowrun::short_secret";
/// Lua reaches for what the file does not grant.
pub(super) const NOT_PERMITTED: &str = "flowrun::not_permitted";
/// A number in Lua that is not exact.
pub(super) const BIG_LITERAL: &str = "flowrun::big_literal";
/// A name in Lua that can only be nil.
pub(super) const UNKNOWN_GLOBAL: &str = "flowrun::unknown_global";
/// An escape in a string that Lua does not know.
pub(super) const LUA_ESCAPE: &str = "flowrun::lua_escape";
/// A piece of Lua does something else than it looks like.
pub(super) const LUA_LOOKALIKE: &str = "flowrun::lua_lookalike";
/// `setup` reads a file whose path it computes.
pub(super) const UNSEEN_FILE: &str = "flowrun::unseen_file";
/// A policy stops at the first failure and bears failures.
pub(super) const FAIL_FAST_TOLERANCE: &str = "flowrun::fail_fast_tolerance";
/// A deadline can be missed although every item keeps its limits.
pub(super) const SHORT_DEADLINE: &str = "flowrun::short_deadline";
/// A request that is cut off is not tried again.
pub(super) const TIMEOUT_WITHOUT_RETRIES: &str = "flowrun::timeout_without_retries";
/// A rate limit never lets as many items run at once.
pub(super) const UNUSED_CONCURRENCY: &str = "flowrun::unused_concurrency";
/// A process is never sent as many items as it may have.
pub(super) const UNUSED_LANES: &str = "flowrun::unused_lanes";
/// Items may fail, and nothing reads those that did.
pub(super) const UNREAD_FAILURES: &str = "flowrun::unread_failures";
/// A sign in the path of a `write` that looks like more than text.
pub(super) const LITERAL_PATH: &str = "flowrun::literal_path";
/// `x-allow` names a code that does not exist.
pub(super) const UNKNOWN_CODE: &str = "flowrun::unknown_code";

/// A test that cannot be run, or expects what cannot be.
pub(super) const BAD_TEST: &str = "flowrun::bad_test";
/// Two tests with one name.
pub(super) const SAME_TEST_NAME: &str = "flowrun::same_test_name";

/// A function that is sent uses a file that only this machine has.
pub(super) const ONLY_HERE: &str = "flowrun::only_here";
/// All workers of a step that is sent write one file.
pub(super) const SHARED_WRITE: &str = "flowrun::shared_write";
/// A deadline runs while jobs wait.
pub(super) const DEADLINE_QUEUE: &str = "flowrun::deadline_queue";
/// A step is not sent because of its rate limit.
pub(super) const RATE_HERE: &str = "flowrun::rate_here";

/// A fault of flowrun itself; no file brings it about.
pub(super) const INTERNAL: &str = "flowrun::internal";

/// All codes that a file can bring about, with what each is for.
pub const CODES: [(&str, &str); 48] = [
    (UNKNOWN_STEP, "a step that does not exist is named"),
    (CYCLE, "steps wait for each other"),
    (NO_OUTPUT, "a step takes from one that yields nothing"),
    (NO_FAILED_ITEMS, "`.failed` of a step whose items cannot fail"),
    (NAME_CLASH, "two things want to be one field of an item"),
    (UNUSED_STEP, "nothing reads a step, and it writes nothing"),
    (STEP_NOT_ENDED, "an expression looks at the result of a step that need not have ended"),
    (WRITE_CONFLICT, "two steps write one file"),
    (WRITE_OVER_INPUT, "a step writes over a file that another one reads"),
    (STANDARD_STREAM, "two steps want standard input or standard output"),
    (UNKNOWN_FORMAT, "a file's name does not say its format"),
    (UNKNOWN_SCHEME, "a path is a URL, behind which nothing is read or written"),
    (BAD_OPTION, "an option that does not fit the file's format"),
    (BAD_PATTERN, "a pattern of file names cannot be read"),
    (LUA_SYNTAX, "Lua that cannot be compiled"),
    (LUA_FILE, "a Lua file that cannot be used"),
    (LUA_PATH, "a folder of `lua_path` is not there"),
    (EXPRESSION, "a `${{ … }}` that cannot be evaluated"),
    (BAD_PARAM, "a parameter whose declaration contradicts itself"),
    (UNDECLARED, "Lua looks at a parameter or variable that the file does not declare"),
    (BAD_INCLUDE, "a file cannot be included, or does not fit to another that is"),
    (UNKNOWN_POLICY, "a policy that does not exist is named"),
    (UNKNOWN_RATE_LIMIT, "a rate limit that does not exist is named"),
    (UNUSED_RATE_LIMIT, "a rate limit that no step names"),
    (REPEATED_RATE_LIMIT, "one step names a rate limit twice"),
    (BREAKER_PAUSES, "the longest pause of a breaker is shorter than its first"),
    (PROGRAM, "a program that cannot be started"),
    (SHORT_SECRET, "a secret that cannot be told from other text"),
    (NOT_PERMITTED, "Lua reaches for what the file does not grant"),
    (BIG_LITERAL, "a whole number in Lua is beyond 2^53, where it is rounded"),
    (UNKNOWN_GLOBAL, "a name in Lua can only be nil"),
    (LUA_ESCAPE, "an escape in a string of Lua means nothing"),
    (LUA_LOOKALIKE, "a piece of Lua does something else than it looks like"),
    (UNSEEN_FILE, "`setup` reads a file whose path it computes, and a change of it goes unnoticed"),
    (FAIL_FAST_TOLERANCE, "a policy stops at the first failure and bears failures"),
    (SHORT_DEADLINE, "a deadline can be missed although every item keeps its limits"),
    (TIMEOUT_WITHOUT_RETRIES, "a request that is cut off is not tried again"),
    (UNUSED_CONCURRENCY, "a rate limit never lets as many items run at once"),
    (UNUSED_LANES, "a process of a program is never sent as many items as its `lanes` allow"),
    (UNREAD_FAILURES, "items may fail, and nothing reads those that did"),
    (ONLY_HERE, "with `--on`: a step that is sent uses a file that only this machine has"),
    (SHARED_WRITE, "with `--on`: all workers of a step that is sent write one file"),
    (DEADLINE_QUEUE, "with `--on`: a deadline runs while jobs wait in a queue"),
    (RATE_HERE, "with `--on`: a step is not sent because its limit cannot be shared out"),
    (LITERAL_PATH, "a sign in the path of a `write` looks like more than text, and is text"),
    (UNKNOWN_CODE, "`x-allow` names a code that does not exist"),
    (BAD_TEST, "a test cannot be run, or expects what cannot be"),
    (SAME_TEST_NAME, "two tests have one name"),
];

/// Every code of a finding with its meaning in a line, sorted; without the prefix that all have.
pub fn codes() -> Vec<(&'static str, &'static str)> {
    let all = config::CODES.iter().chain(&CODES);
    let mut codes: Vec<_> =
        all.map(|(code, meaning)| (code.trim_start_matches("flowrun::"), *meaning)).collect();
    codes.sort_unstable();
    codes
}
