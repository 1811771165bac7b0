//! These tests evaluate `${{ … }}` before the run and at the start of a step.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use std::time::Duration;

use expect_test::expect;

use super::*;
use crate::data::Target;

#[test]
fn expressions_keep_their_type_or_become_text() {
    let text = "
params: {n: 3, dir: {type: path, default: data}, list: [1, 'a']}
env: {API: 'https://x'}
description: run ${{ run.id }}
steps:
  a: {items: '${{ params.list }}'}
  b: {from: a, deadline: '${{ params.n }}m', map: {lua: return 1, concurrency: '${{ params.n + 1 }}', retries: '${{ {max = 2, delay = \"5s\"} }}'}}
  c: {from: b, write: '${{ params.dir }}/${{ env.API:sub(1, 5) }}-${{ params.list }}.csv'}
  d: {items: [{x: '${{ params.n }}', y: [\"${{ params.n }}!\"]}]}
  e: {from: d, write: '-'}
";
    let plan = plan(text, &Inputs { run: "r7".into(), ..Inputs::default() });
    assert_eq!(plan.description.as_deref(), Some("run r7"));
    let items = |at: usize| match &plan.steps[at].body {
        Body::Ready(Verb::Items(Items::List(items))) => items.join(" "),
        other => panic!("{other:?}"),
    };
    assert_eq!((items(0), items(3)), (r#"1 "a""#.to_owned(), r#"{"x":3,"y":["3!"]}"#.to_owned()));
    let policy = &each(&plan, 1).policy;
    assert_eq!(
        (policy.concurrency, policy.retries.max, policy.retries.delay),
        (4, 2, Duration::from_secs(5))
    );
    assert_eq!(plan.steps[1].deadline, Some(Duration::from_secs(180)));
    let Body::Ready(Verb::Write(write)) = &plan.steps[2].body else { panic!("write") };
    assert_eq!(&*write.name, "data/https-[1,\"a\"].csv");
}

#[test]
fn expressions_without_a_value_or_with_a_wrong_one_are_placed() {
    check(
        "params: {n: 0, s: x, t: '${{ env.GONE.x }}'}
env: {API: '${{ params.n }}'}
steps:
  a: {items: '${{ params.s }}'}
  b: {from: a, map: {lua: return 1, concurrency: '${{ params.n }}', timeout: '${{ params.gone.x }}'}}
  c: {from: b, write: 'x${{ (function() while true do end end)() }}.csv'}
  d: {from: b, write: 'x${{ 1.csv'}
  e: {from: b, deadline: '${{ steps.b.total }}s', write: 'x${{ print }}.csv'}
",
        &expect![[r#"
            1:26 expression: this expression has no value | attempt to index nil with 'x'
            1:34 warning undeclared: `env.GONE` is nil: the file declares no variable `GONE` | no such variable | help: declare it at the top of the file: `env: { GONE: a default }`
            2:12 expression: `${{ … }}` cannot stand here | this value is needed before expressions are evaluated
            4:14 wrong_type: `items` of step `a` must be a list or `{lua: …}`, not a string | this gives "x" | help: Items written out here as a list, or `{lua: …}` that returns one.
            5:50 out_of_range: `concurrency` of step `b` must be at least 1 | this gives 0 | help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            5:79 expression: this expression has no value | attempt to index nil with 'x'
            5:90 warning undeclared: `params.gone` is nil: the file declares no parameter `gone` | no such parameter | help: declare it at the top of the file: `params: { gone: a default }`
            6:25 expression: this expression has no value | it runs longer than 1 s
            7:25 expression: an expression is not closed | `}}` is missing
            8:26 expression: `steps` cannot be used here | this value is needed before any step has ended
            8:60 expression: this expression has no value | the value is a function
        "#]],
    );
    check(
        "params: {n: 0, s: x}
steps:
  a: {items: '${{ params.s }}'}
  b: {from: a, map: {lua: return 1, concurrency: '${{ params.n }}', timeout: '${{ nil }}'}}
  c: {from: b, write: 'x.csv'}
",
        &expect![[r#"
            3:14 wrong_type: `items` of step `a` must be a list or `{lua: …}`, not a string | this gives "x" | help: Items written out here as a list, or `{lua: …}` that returns one.
            4:50 out_of_range: `concurrency` of step `b` must be at least 1 | this gives 0 | help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            4:78 wrong_type: `timeout` of step `b` must be a duration, not null | this gives null | help: Limit of one attempt; queueing and waits between tries do not count. The attempt is really stopped, and fails with kind `timeout`, which is retried like any other failure. Default: no limit.
        "#]],
    );
}

#[test]
fn a_check_leaves_open_what_only_a_run_can_give() {
    let text = "
params: {p: {required: true}, q: 1}
env: {KEY: {required: true}}
steps:
  a: {read: '${{ params.p }}/x.csv'}
  b: {from: a, map: {lua: return 1, concurrency: '${{ params.q - 1 }}', timeout: '${{ env.KEY }}'}}
  c: {from: b, write: 'x.csv'}
";
    check(
        text,
        &expect![[r#"
            6:50 out_of_range: `concurrency` of step `b` must be at least 1 | this gives 0 | help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
        "#]],
    );
    check_with(
        text,
        &Inputs::default(),
        &expect![[r#"
            6:50 out_of_range: `concurrency` of step `b` must be at least 1 | this gives 0 | help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            usage: environment variable `KEY` is not set | help: the pipeline requires it under `env`; set it with `KEY=… flowrun …`
            usage: parameter `p` is required and not given | help: give it with `-p p=…`
        "#]],
    );
}

#[test]
fn what_needs_results_of_steps_is_bound_when_the_step_starts() {
    let text = "
params: {n: 2}
steps:
  a: {items: [1]}
  b: {from: a, map: return 1}
  c: {from: b, when: steps.b.total > 0, map: {lua: return item, concurrency: '${{ steps.b.total * params.n }}', timeout: 3s}}
  d: {from: c, write: 'out-${{ steps.b.total }}.csv'}
";
    let plan = plan(text, &Inputs::default());
    assert!(plan.steps[2].when.is_some() && matches!(plan.steps[3].body, Body::Deferred(_)));
    let bound = plan.bind(StepId(2), r#"{"b":{"total":4}}"#).expect("it fits");
    let Verb::MapLike(each) = bound else { panic!("map") };
    assert_eq!((each.policy.concurrency, each.policy.timeout), (8, Some(Duration::from_secs(3))));
    let Ok(Verb::Write(write)) = plan.bind(StepId(3), r#"{"b":{"total":4}}"#) else { panic!("write") };
    assert_eq!(write.target, Target::File("/home/pipes/out-4.csv".into()));
    for (steps, expect) in [
        (
            r#"{"b":{"total":0}}"#,
            expect![[r#"
                6:78 out_of_range: `concurrency` of step `c` must be at least 1 | this gives 0 | help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            "#]],
        ),
        (
            "{}",
            expect![[r#"
        6:79 expression: this expression has no value | attempt to index nil with 'total'
    "#]],
        ),
    ] {
        let found = plan.bind(StepId(2), steps).expect_err("it does not fit");
        expect.assert_eq(&listed_findings(&found, &[]));
    }
}

#[test]
fn a_value_that_looks_like_an_expression_is_not_evaluated_again() {
    let text = "
params: {s: '$', t: '{{ 1 }}'}
steps:
  a: {items: ['${{ params.s .. params.t }}']}
  b: {from: a, write: '-'}
";
    let plan = plan(text, &Inputs::default());
    let Body::Ready(Verb::Items(Items::List(items))) = &plan.steps[0].body else { panic!("items") };
    assert_eq!(items.join(" "), r#""${{ 1 }}""#);
    check(
        "params: {s: '$', t: '{{ 1 }}'}\nsteps:\n  a: {items: [1]}\n  b: {from: a, map: {lua: return 1, timeout: '${{ params.s .. params.t }}'}}\n  c: {from: b, write: '-'}\n",
        &expect![[r#"
            4:46 expression: an expression gives another expression, `${{ 1 }}` | evaluated once only
        "#]],
    );
}
