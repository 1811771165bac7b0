//! These tests check that nothing that a worker says shows a secret, and that what a function returns is not touched.

use super::*;
use crate::value::Secrets;

fn with_secrets() -> WorkerOptions {
    let secrets = Secrets::new([("token".to_owned(), "hush-hush".to_owned())].into());
    WorkerOptions { scope: Scope { secrets, ..scope() }, ..options() }
}

/// The ending of one item, or the last line of its log.
fn said(options: &WorkerOptions, lua: &str) -> String {
    let mut bench = bench(&script(lua), options);
    let end = run(&mut bench, &["1"]);
    match bench.worker.take_logs().pop() {
        Some(line) => format!("{} {}", line.message, line.fields.unwrap_or_default()),
        None => end.trim_end().to_owned(),
    }
}

#[test]
fn a_result_is_data() {
    assert_eq!(said(&with_secrets(), "return secrets.token"), "\"hush-hush\"");
    assert_eq!(said(&with_secrets(), "local all = 0\nfor _ in secrets do all += 1 end\nreturn all"), "1");
}

#[test]
fn no_ending_and_no_log_line_shows_a_secret() {
    for (lua, expect) in [
        ("error(secrets.token)", "1! error at p.yaml:5: ***"),
        ("error({ message = 'a ' .. secrets.token })", "1! error at p.yaml:5: a ***"),
        ("error({ a = secrets.token })", "1! error at p.yaml:5: {\"a\":\"***\"}"),
        ("flow.skip(secrets.token)", "1! skipped ***"),
        (
            "flow.fail('x', { [secrets.token] = secrets.token })",
            "1! error at p.yaml:5: x {\"***\":\"***\"} (for good)",
        ),
        ("flow.retry(secrets.token)", "1! error at p.yaml:5: ***"),
        ("log.info(secrets.token, { a = secrets.token })", "*** {\"a\":\"***\"}"),
        ("print('a', secrets.token)", "a\t*** "),
    ] {
        assert_eq!(said(&with_secrets(), lua), expect, "{lua}");
    }
    for lua in [
        "return { [secrets.token] = print }",
        "error(string.rep('x', 16 * 1024 - 3) .. secrets.token)",
        "log.info(string.rep('x', 64 * 1024 - 3) .. secrets.token)",
        "return { a = { [secrets.token] = 0 / 0 } }",
        "return item[secrets.token]",
        "return nil + secrets.token",
    ] {
        let said = said(&with_secrets(), lua);
        assert!(!said.contains("hus"), "{lua}: {}", &said[said.len().saturating_sub(200)..]);
    }
}

#[test]
fn a_setup_that_fails_and_an_expression_hide_them_too() {
    let file = source("steps:\n");
    let setup = block(&file, 1, "error('x ' .. secrets.token)");
    let error = try_bench(&script("return 1").with_setup(setup), &with_secrets(), None).err();
    assert_eq!(error.expect("it fails").message, "x ***");
    let scope = Scope { env: "{\"A\":\"hush-hush\"}".into(), shows_secrets: false, ..with_secrets().scope };
    let evaluate = |lua: &str| {
        let script = Script::expression(block(&file, 1, lua), ".".into());
        crate::lua::evaluate(&script, &scope, Duration::from_secs(5)).map_err(|error| error.message)
    };
    assert_eq!(evaluate("error(env.A)"), Err("***".to_owned()));
    assert_eq!(evaluate("secrets == nil"), Ok("true".to_owned()));
}

#[test]
fn an_unknown_secret_is_an_error_that_names_the_nearest() {
    let expect = "1! error at p.yaml:5: there is no `secrets.tokn`: did you mean `token`? (for good)";
    check_with(&with_secrets(), "return secrets.tokn", &["1"], expect);
    let expect = "1! error at p.yaml:5: there is no `secrets.token` (for good)";
    check("return secrets.token", &["1"], expect);
    let expect = "1! error at p.yaml:5: attempt to modify a readonly table";
    check_with(&with_secrets(), "secrets.token = 'x'", &["1"], expect);
}
