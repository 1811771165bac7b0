//! Named policies lie between a step's own keys and the defaults.

use crate::project::Project;

use super::found;

const PIPELINE: &str = r#"
defaults: { map: { concurrency: 3, timeout: 7s, retries: { max: 1, delay: 10ms, when: err.kind == "none" } } }
policies:
  gentle: { concurrency: 2, retries: { max: 4, factor: 3 } }
  hasty: {}
params: { which: gentle }
steps:
  in: { items: [1] }
  plain: { from: in, map: return item }
  named: { from: in, map: { policy: gentle, lua: return item } }
  own: { from: in, map: { policy: "${{ params.which }}", concurrency: 9, retries: 5, lua: return item } }
  empty: { from: in, filter: { policy: hasty, lua: "true" } }
  out: { from: [plain, named, own, empty], write: out.jsonl }
"#;

/// What `plan` says of how a step works.
fn effort(project: &Project, step: &str) -> String {
    let said = project.run(&["plan", "pipeline.yaml"]).ok().stdout;
    let mut lines = said.lines().skip_while(|line| !line.split_whitespace().any(|word| word == step));
    lines.nth(1).expect("a line").trim().to_owned()
}

#[test]
fn a_step_goes_before_its_policy_and_that_before_the_defaults() {
    let project = Project::with(PIPELINE);
    let check = |step: &str, expect: &str| assert_eq!(effort(&project, step), expect, "{step}");
    check("plain", "concurrency 3 · retries 1 (after 10ms, if its `when` says so) · timeout 7s");
    check(
        "named",
        "concurrency 2 · retries 4 (after 10ms, each wait 3 times the last, up to 1m, if its `when` says so) · timeout 7s",
    );
    check(
        "own",
        "concurrency 9 · retries 5 (after 10ms, each wait 3 times the last, up to 1m, if its `when` says so) · timeout 7s",
    );
    check("empty", "concurrency 3 · retries 1 (after 10ms, if its `when` says so) · timeout 7s");
    let set = project.run(&["plan", "pipeline.yaml", "--set", "policies.gentle.concurrency=5"]).ok().stdout;
    assert!(set.contains("concurrency 5 · retries 4"), "{set}");
}

/// The lines of `plan -v` that say where the values of a step's policy come from.
fn origins(project: &Project, path: &str, step: &str, args: &[&str]) -> Vec<String> {
    let said = project.run(&[&["plan", "-v", path], args].concat()).ok().stdout;
    let lines = said.lines().skip_while(|line| !line.split_whitespace().any(|word| word == step));
    let own = lines.skip(1).take_while(|line| line.starts_with("      "));
    let lines = own.map(|line| line.trim().to_owned());
    lines.filter(|line| line.starts_with("of ") || line.starts_with("built in: ")).collect()
}

#[test]
fn the_plan_says_where_each_key_of_a_policy_comes_from() {
    let project = Project::with(PIPELINE);
    assert_eq!(
        origins(&project, "pipeline.yaml", "own", &["--set", "own.timeout=3s"]),
        [
            "of `--set own.timeout`: timeout 3s",
            "of the step: concurrency 9 · retries.max 5",
            "of the policy `gentle` (pipeline.yaml:4): retries.factor 3",
            "of `defaults` (pipeline.yaml:2): retries.delay 10ms · retries.when err.kind == \"none\"",
            "built in: retries.max_delay 1m · retries.jitter false · min_success_ratio 1 · fail_fast false · stop_early false · \
             memory 256MB · no resources, retries.budget, item_deadline, max_failures, rate_limit, breaker, slow_after",
        ]
    );
    let bare = Project::with(
        "steps: { in: { items: [1] }, one: { from: in, map: return item }, out: { from: one, write: o.jsonl } }",
    );
    assert_eq!(
        origins(&bare, "pipeline.yaml", "one", &[]),
        [
            "built in: concurrency 4 · retries 0 · min_success_ratio 1 · fail_fast false · stop_early false · memory 256MB · \
          no resources, timeout, item_deadline, max_failures, rate_limit, breaker, slow_after"
        ]
    );
}

#[test]
fn the_plan_names_the_file_of_an_included_policy() {
    let project = Project::new()
        .file("common.yaml", "rate_limits: { api: 9/s }\npolicies:\n  api: { rate_limit: [{ limit: api, cost: item }], breaker: { after: 3 } }\n")
        .file(
            "a/pipeline.yaml",
            "include: [../common.yaml]\nsteps:\n  in: { items: [1] }\n  one: { from: in, map: { policy: api, lua: return item } }\n  \
             out: { from: one, write: o.jsonl }\n",
        );
    let lines = origins(&project, "a/pipeline.yaml", "one", &[]);
    assert_eq!(
        lines[0],
        "of the policy `api` (common.yaml:3): rate_limit [{\"limit\":\"api\",\"cost\":\"item\"}] · breaker.after 3"
    );
    assert!(lines[1].contains("breaker.pause 1m · breaker.max_pause 10m"), "{lines:?}");
}

#[test]
fn the_condition_of_a_policy_says_which_failures_are_tried_again() {
    let pipeline = |when: &str| {
        format!(
            "policies: {{ p: {{ retries: {{ max: 2, delay: 1ms, when: {when} }} }} }}
steps:
  in: {{ items: [1] }}
  a: {{ from: in, map: {{ policy: p, min_success_ratio: 0, lua: error('no') }} }}
  failed: {{ from: a.failed, write: failed.jsonl }}
"
        )
    };
    assert_eq!(Project::with(&pipeline("attempt < 2")).failure().2, 2);
    assert_eq!(Project::with(&pipeline("attempt > 5")).failure().2, 1);
}

#[test]
fn names_that_no_policy_has_are_found_and_so_are_keys_of_steps() {
    let project = Project::with(
        "policies:
  api: { key: item.id, lua: return 1, retries: 2 }
  1a: {}
defaults: { map: { cache: true, policy: api } }
steps:
  in: { items: [1] }
  a: { from: in, map: { policy: apl, lua: return item } }
  b: { from: a, map: { policy: [api], lua: return item } }
  c: { from: b, map: { policy: a b, lua: return item } }
  d: { from: c, write: { path: out.jsonl, policy: api } }
",
    );
    assert_eq!(
        found(&project, "pipeline.yaml"),
        [
            "pipeline.yaml:2 unknown_key unknown key `key` in policy `api`",
            "pipeline.yaml:2 unknown_key unknown key `lua` in policy `api`",
            "pipeline.yaml:3 bad_name `1a` is not a name for a policy",
            "pipeline.yaml:4 unknown_key unknown key `cache` in `defaults.map`",
            "pipeline.yaml:4 unknown_key unknown key `policy` in `defaults.map`",
            "pipeline.yaml:7 unknown_policy unknown policy `apl`",
            "pipeline.yaml:8 wrong_type `policy` of step `b` must be text, not a list",
            "pipeline.yaml:9 bad_name `policy` of step `c` must be the name of a policy",
            "pipeline.yaml:10 unknown_key unknown key `policy` in `write` of step `d`",
        ]
    );
    let said = project.run(&["check", "pipeline.yaml"]).stderr;
    assert!(said.contains("did you mean `api`?"), "{said}");
}

#[test]
fn a_policy_that_the_results_of_others_name_is_found_when_the_step_starts() {
    let project = Project::with(
        "policies: { one: { retries: { max: 2, delay: 1ms } } }
steps:
  in: { items: [1, 2] }
  a: { from: in, map: return item }
  b:
    from: in
    needs: a
    map:
      policy: ${{ steps.a.total == 2 and 'one' or 'none' }}
      min_success_ratio: 0
      lua: if item == 1 then error('no') end return item
  c: { from: b.failed, write: failed.jsonl }
  d:
    from: in
    needs: a
    map: { policy: \"${{ steps.a.total == 3 and 'one' or 'other' }}\", lua: return item }
  e: { from: d, write: d.jsonl }
",
    );
    let ran = project.run(&["pipeline.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("unknown policy `other`"), "{}", ran.stderr);
    assert!(project.read("failed.jsonl").contains("\"attempts\":3"));
}
