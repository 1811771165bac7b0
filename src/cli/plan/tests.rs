//! These tests compare whole plans as text.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};

use super::*;
use crate::cli::tests::fixture::{plan, step};
use crate::data::ReadOptions;
use crate::event::{self, StepId};
use crate::lua::{Block, ResultShape, Script};
use crate::plan::{Body, Expression, Glob, Input, ItemFunction, Items, MapLike, Read, SourcePolicy, Verb};
use crate::schedule::{Breaker, FailFast, Jitter, Policy, RateUse, Resources, Retries};
use crate::source::{SourceFile, Span};
use crate::value::{Rate, Ratio};

fn check(plan: &Plan, selected: &[bool], limit: Option<u64>, expect: &Expect) {
    let mut plan = plan.clone();
    plan.steps.iter_mut().filter(|step| step.verb.is_source()).for_each(|step| step.limit = limit);
    let slices = Slices::of(&plan, None, selected);
    let console = Console::of_process();
    let sending = Sending::to(None, &console);
    expect.assert_eq(&text(&plan, selected, false, (&Reuse::default(), &slices, &sending)));
}

fn script() -> Arc<Script> {
    let file = SourceFile::new("p.yaml", "p.yaml", String::new());
    Arc::new(Script::body(Block { file, line: 1, text: Arc::from("return item") }, "".into()))
}

fn each(kind: ResultShape, policy: Policy) -> Body {
    Body::Ready(Verb::MapLike(Box::new(MapLike {
        kind,
        function: ItemFunction::Lua(script()),
        retry_when: None,
        key: None,
        cache: false,
        uses: [].into(),
        policy,
        resources: Resources::default(),
        costs: Vec::new(),
        limits: Arc::default(),
        origins: [].into(),
    })))
}

fn read(path: &str) -> Body {
    let options = ReadOptions { validate: false, ..ReadOptions::of(path, Path::new("")) };
    Body::Ready(Verb::Read(Box::new(Read { options, policy: SourcePolicy::STRICT })))
}

fn list(items: usize) -> Body {
    Body::Ready(Verb::Items(Items::List((0..items).map(|item| Arc::from(item.to_string())).collect())))
}

#[test]
fn steps_come_in_order_with_what_they_read_and_write() {
    let policy = Policy {
        concurrency: 8,
        retries: Retries { max: 1, ..Retries::default() },
        timeout: Some(Duration::from_secs(10)),
        min_success_ratio: Ratio::parse("0.95").expect("a ratio"),
        ..Policy::default()
    };
    let mut plan = plan(vec![
        Step { verb: event::Verb::Read, body: read("data/docs.jsonl"), ..step("docs", &[]) },
        Step { verb: event::Verb::Map, body: each(ResultShape::Map, policy), ..step("clean", &[0]) },
        step("save", &[1]),
    ]);
    plan.description = Some("Takes the tags out.".to_owned());
    check(
        &plan,
        &[true; 3],
        None,
        &expect![[r#"
            clean-docs · p.yaml · 3 steps in this order
              Takes the tags out.

               read docs      reads data/docs.jsonl
                map clean     takes docs
                              concurrency 8 · retries 1 (after 1s) · timeout 10s
                              needs 95 % to succeed
                              at worst 21s an item
              write save      takes clean · writes out/save.jsonl (jsonl)
        "#]],
    );
}

#[test]
fn counts_follow_the_items_as_far_as_they_are_known() {
    let failed = Input { step: StepId(1), failed: true };
    let steps = vec![
        Step { verb: event::Verb::Items, body: list(10), ..step("numbers", &[]) },
        Step {
            verb: event::Verb::Map,
            body: each(ResultShape::Map, Policy::default()),
            ..step("double", &[0])
        },
        Step {
            verb: event::Verb::FlatMap,
            body: each(ResultShape::FlatMap, Policy::default()),
            ..step("parts", &[1, 0])
        },
        step("save", &[2]),
        Step { from: vec![failed], ..step("dead", &[]) },
    ];
    check(
        &plan(steps.clone()),
        &[true; 5],
        None,
        &expect![[r#"
            clean-docs · p.yaml · 5 steps in this order

                 items numbers   a list in the file · 10 items
                   map double    takes numbers · 10 items
                                 concurrency 4
                                 needs 100 % to succeed, 10 of 10 items
                                 no limit of time
              flat_map parts     takes double, numbers · up to 20 items
                                 concurrency 4
                                 needs 100 % to succeed
                                 no limit of time
                 write save      takes parts · writes out/save.jsonl (jsonl)
                 write dead      takes double.failed · writes out/dead.jsonl (jsonl) · up to 10 items
        "#]],
    );
    check(
        &plan(steps),
        &[true, true, false, false, false],
        Some(3),
        &expect![[r#"
            clean-docs · p.yaml · 2 steps in this order

              items numbers   a list in the file · 3 items
                map double    takes numbers · 3 items
                              concurrency 4
                              needs 100 % to succeed, 3 of 3 items
                              no limit of time

              3 steps left out by `--only` and `--until`
        "#]],
    );
}

fn limit(name: &str, count: u32, weighted: bool) -> RateUse {
    RateUse { name: Some(name.into()), rate: Rate { count, period: Duration::from_secs(1) }, weighted }
}

#[test]
fn a_policy_is_told_whole() {
    let policy = Policy {
        retries: Retries { max: 3, jitter: Jitter::Half, budget: Some(100), ..Retries::default() },
        item_deadline: Some(Duration::from_secs(90)),
        max_failures: Some(2),
        fail_fast: FailFast::Drain,
        stop_early: true,
        rate_limits: vec![limit("api", 20, false), limit("tokens", 90_000, true)],
        breaker: Some(Breaker::default()),
        ..Policy::default()
    };
    let when = Expression { script: script(), span: Span::new(6, 21) };
    let work = Step {
        verb: event::Verb::Filter,
        body: each(ResultShape::Filter, policy),
        needs: vec![StepId(0)],
        when: Some(when),
        deadline: Some(Duration::from_secs(300)),
        description: Some("keeps the\nlong ones".to_owned()),
        ..step("long", &[1])
    };
    let options = crate::data::GlobOptions {
        pattern: "no/such/*.png".to_owned(),
        root: std::env::temp_dir(),
        by: crate::data::GlobBy::Modified,
        limit: None,
    };
    let glob = Glob { options, policy: SourcePolicy::STRICT };
    let plan = plan(vec![
        step("setup", &[]),
        Step { verb: event::Verb::Glob, body: Body::Ready(Verb::Glob(glob)), ..step("images", &[]) },
        work,
    ]);
    check(
        &plan,
        &[true; 3],
        None,
        &expect![[r#"
            clean-docs · p.yaml · 3 steps in this order

               write setup     writes out/setup.jsonl (jsonl)
                glob images    lists no/such/*.png · 0 items
              filter long      takes images · 0 items
                               concurrency 4 · retries 3, 100 in all (after 1s, each wait 2 times the last, up to 1m, with jitter) · item deadline 1m30s · at most 20/s, shared as `api` · at most 90000/s, shared as `tokens`, each attempt by its cost · pauses 1m after 20 failures in a row, up to 10m
                               needs 100 % to succeed, 0 of 0 items · at most 2 failed · starts nothing after the first failure · stops when that is out of reach
                               at worst 1m30s an item, 0s in all
                               after setup · only when params.deep > 1 · deadline 5m
                               keeps the long ones
        "#]],
    );
}
