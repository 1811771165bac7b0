//! These entries are functions and values that are in the VM before the host modules: they know the item, raise what
//! means something to the worker, or need what only the raw interface gives. Their code is in `raw` and `globals`.

use super::function::{Function, Module};

const FLOW: Module = Module("flow");
const LOG: Module = Module("log");
const JSON: Module = Module("json");
const UUID: Module = Module("uuid");
const GLOBAL: Module = Module("");

pub(super) const FLOW_FUNCTIONS: &[Function] = &[
    FLOW.given("skip", "(reason: string?): never").explained(
        "Leaves the item out: neither success nor failure.",
        r#"flow.skip("no text")"#,
        r#"error("no text", 0)"#,
    ),
    FLOW.given("fail", "(message: string, fields: table?): never").explained(
        "Fails the item, without another try; `fields` are its `error.fields` in `STEP.failed`.",
        r#"flow.fail("too old", {age = 99})"#,
        r#"error("too old", 0)"#,
    ),
    FLOW.given("retry", "(message: string, options: {after: number?, fields: table?}?): never").explained(
        "Fails the attempt and asks for another after so many seconds, at most `max_delay`; the next attempt finds \
         `fields` in `ctx.last.fields`.",
        r#"flow.retry("busy", {after = 1.5})"#,
        r#"error("busy", 0)"#,
    ),
    FLOW.given("spent", "(limit: string, amount: number)").explained(
        "Says how much of a rate limit of the step this attempt took in all, when that is known: it counts from the \
         attempt's start, in the place of the `cost`.",
        r#"flow.spent("tokens", 1200)"#,
        "",
    ),
];

pub(super) const LOG_FUNCTIONS: &[Function] = &[
    LOG.given("debug", "(message: string, fields: table?)").explained(
        "A line for `-v`.",
        r#"log.debug("read", {bytes = 10})"#,
        "",
    ),
    LOG.given("info", "(message: string, fields: table?)").explained(
        "A line for `-v`, as `print` writes it.",
        r#"log.info("read")"#,
        "",
    ),
    LOG.given("warn", "(message: string, fields: table?)").explained(
        "A line that is shown.",
        r#"log.warn("no title", {id = 7})"#,
        "",
    ),
    LOG.given("error", "(message: string, fields: table?)").explained(
        "A line that is shown; the item goes on.",
        r#"log.error("no text")"#,
        "",
    ),
];

pub(super) const JSON_FUNCTIONS: &[Function] = &[
    JSON.given("decode", "(s: string): any").explained(
        "The value of a JSON text of at most 512 levels; a byte order mark before it is left out.",
        r#"json.decode('{"a": [1, null]}')"#,
        "{a = {1, json.null}}",
    ),
    JSON.given("encode", "(value: any, options: {pretty: boolean?, sort_keys: boolean?}?): string")
        .explained(
            "The value as JSON text. Keys are always sorted.",
            "json.encode({b = 1, a = {json.null}})",
            r#"'{"a":[null],"b":1}'"#,
        ),
    JSON.given("null", ": userdata").explained(
        "JSON's null, nested or alone.",
        r#"json.decode("null") == json.null"#,
        "true",
    ),
    JSON.given("array", "(t: table?): table").explained(
        "A list, also where it is empty.",
        "json.encode({json.array(), {}})",
        r#""[[],{}]""#,
    ),
    JSON.given("object", "(t: table?): table").explained(
        "A map, also where it is empty.",
        "json.encode(json.object({}))",
        r#""{}""#,
    ),
    JSON.given("lines", "(s: string): {any}").explained(
        "The values of a text with one JSON value a line.",
        r#"json.lines('{"a":1}\n2\n')"#,
        "{{a = 1}, 2}",
    ),
];

pub(super) const UUID_FUNCTIONS: &[Function] = &[
    UUID.given("v4", "(): string").explained("A random UUID.", "#uuid.v4()", "36"),
    UUID.given("v7", "(): string").explained(
        "A UUID that sorts by time: the clock's milliseconds, then random bits.",
        "uuid.v7():sub(15, 15)",
        r#""7""#,
    ),
];

pub(super) const GLOBAL_FUNCTIONS: &[Function] = &[
    GLOBAL.given("print", "(...any)").explained(
        "Writes its arguments, with tabs between, as a line of the item's log.",
        r#"print("size", 10)"#,
        "",
    ),
    GLOBAL.given("int", "(value: string | number): number").explained(
        "The whole number, exact over 64 bits, of a text of decimal or (with `0x`) hexadecimal digits; numbers that are \
         written in Lua are exact up to 2^53 only. A whole number is itself.",
        r#"tostring(int("1234567890123456789") + 1)"#,
        r#""1234567890123456790""#,
    ),
    GLOBAL.given("require", "(name: string): any").explained(
        "What the `.lua` file of this name below the pipeline's folder returns: `lib.text` is `lib/text.lua`. It runs once for \
         each worker.",
        r#"require("lib.text")"#,
        r#"{greeting = "hello"}"#,
    ),
];
