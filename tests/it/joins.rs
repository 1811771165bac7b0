//! These tests cover `join`, through the real binary.

use crate::project::{Project, Summary};

const CUSTOMERS: &str =
    "{\"id\":1,\"name\":\"Ada\"}\n{\"id\":2,\"name\":\"Bo\"}\n{\"id\":null,\"name\":\"none\"}\n";
const ORDERS: &str =
    "{\"n\":1,\"customer\":2}\n{\"n\":2,\"customer\":9}\n{\"n\":3}\n{\"n\":4,\"customer\":1.0}\n";

/// Orders with their customers; `join` stands behind `with`, `by` and `with_by`.
fn orders(join: &str) -> Project {
    Project::with(&format!(
        "steps:
  orders:
    read: orders.jsonl
  customers:
    read: customers.jsonl
  joined:
    from: orders
    join: {{ with: customers, by: item.customer, with_by: item.id{join} }}
  save:
    from: joined
    write: out.jsonl
"
    ))
    .file("customers.jsonl", CUSTOMERS)
    .file("orders.jsonl", ORDERS)
}

/// What an orders project writes.
#[track_caller]
fn written(project: &Project, arguments: &[&str]) -> Vec<String> {
    let summary = project.json(arguments);
    assert_eq!(summary.code, 0, "{} {}", summary.stderr, summary.value);
    project.read("out.jsonl").lines().map(str::to_owned).collect()
}

/// The reason for which `joined` fails.
#[track_caller]
fn reason(summary: &Summary) -> &str {
    assert_eq!((summary.code, summary.status("joined"), summary.status("save")), (1, "failed", "skipped"));
    summary.step("joined")["reason"].as_str().expect("a reason")
}

#[test]
fn every_way_to_join_keeps_the_order_and_compares_as_sort_does() {
    let (ada, bo) = ("{\"id\":1,\"name\":\"Ada\"}", "{\"id\":2,\"name\":\"Bo\"}");
    let with = |name: &str, one: &str, four: &str| {
        [
            format!("{{\"n\":1,\"customer\":2,\"{name}\":{one}}}"),
            format!("{{\"n\":4,\"customer\":1.0,\"{name}\":{four}}}"),
        ]
    };
    let [one, four] = with("customers", bo, ada);
    let two = "{\"n\":2,\"customer\":9,\"customers\":null}".to_owned();
    let three = "{\"n\":3,\"customers\":null}".to_owned();
    assert_eq!(written(&orders(""), &[]), [one.clone(), two, three, four.clone()]);
    assert_eq!(written(&orders(", how: inner"), &[]), [one, four]);
    assert_eq!(written(&orders(", how: inner, as: who"), &[]), with("who", bo, ada));
    let plain: Vec<&str> = ORDERS.lines().collect();
    assert_eq!(written(&orders(", how: semi"), &[]), [plain[0], plain[3]]);
    assert_eq!(written(&orders(", how: anti"), &[]), [plain[1], plain[2]]);
}

#[test]
fn the_report_of_a_join_counts_what_came_and_what_went() {
    let summary = orders(", how: inner").json(&[]);
    assert_eq!((summary.counts("joined"), summary.counts("customers")), ([4, 0, 0, 0], [3, 0, 0, 0]));
    let ran = orders(", how: inner").run(&["pipeline.yaml"]).ok();
    assert!(ran.stderr.contains("join joined") && ran.stderr.contains("4 items → 2 items"), "{}", ran.stderr);
}

#[test]
fn several_partners_are_what_many_says() {
    let twice = format!("{CUSTOMERS}{{\"id\":2,\"name\":\"Bob\"}}\n");
    let project = |many: &str| orders(many).file("customers.jsonl", &twice);
    assert_eq!(
        reason(&project("").json(&[])),
        "`join` failed at item 1: items 2 and 4 of `customers` are both its partners; `many: first` takes the first, `many: all` gives the item with each"
    );
    let names = |many: &str| {
        let lines = written(&project(many), &[]);
        let name = |line: &String| line.split("\"name\":").nth(1).map(str::to_owned);
        lines.iter().filter_map(name).collect::<Vec<_>>()
    };
    assert_eq!(names(", many: first"), ["\"Bo\"}}", "\"Ada\"}}"]);
    assert_eq!(names(", many: all"), ["\"Bo\"}}", "\"Bob\"}}", "\"Ada\"}}"]);
    // Those that nobody asks for may repeat.
    let project = project("").file("orders.jsonl", "{\"n\":4,\"customer\":1}\n");
    assert_eq!(written(&project, &[]).len(), 1);
}

#[test]
fn what_cannot_take_a_partner_fails_with_its_index() {
    let failed =
        |items: &str, join: &str| reason(&orders(join).file("orders.jsonl", items).json(&[])).to_owned();
    assert_eq!(
        failed("{\"customer\":1}\n{\"customer\":1,\"customers\":0}\n", ""),
        "`join` failed at item 2: it has a field `customers` already; `as` gives the partner another name"
    );
    assert_eq!(
        failed("{\"customer\":1,\"\\u0061\":0}\n", ", as: a"),
        "`join` failed at item 1: it has a field `a` already; `as` gives the partner another name"
    );
    let list = orders("").file("orders.jsonl", "[1]\n").json(&[]);
    assert_eq!(
        reason(&list),
        "`join` failed at item 1: it is no map, so that there is no place for `customers`"
    );
}

#[test]
fn lua_errors_name_the_expression_the_item_and_the_side() {
    let project = orders("").file("customers.jsonl", "{\"id\":1}\n3\n");
    let summary = project.json(&[]);
    assert!(
        reason(&summary).starts_with("`with_by` failed at item 2 of `customers`: pipeline.yaml:8"),
        "{}",
        summary.value
    );
    let project = orders("").file("orders.jsonl", "{}\n7\n");
    let summary = project.json(&[]);
    assert!(reason(&summary).starts_with("`by` failed at item 2: pipeline.yaml:8"), "{}", summary.value);
}

#[test]
fn a_deadline_stops_a_join() {
    let text = "steps:\n  a: { items: [1] }\n  b: { items: [2] }\n  joined:\n    from: a\n    deadline: 200ms\n    join: { with: b, by: '(function() while true do end end)()' }\n  save: { from: joined, write: out.jsonl }\n";
    assert_eq!(reason(&Project::with(text).json(&[])), "deadline");
}

#[test]
fn the_bytes_do_not_depend_on_memory_or_concurrency() {
    let pipeline = |memory: &str, concurrency: u32| {
        format!(
            "steps:
  made:
    items: {{ lua: 'local t = {{}} for i = 1, 3000 do t[i] = {{ id = i * 7 % 3001, group = i % 40, text = (\"x\"):rep(i % 90) }} end return t' }}
  left:
    from: made
    map: {{ concurrency: {concurrency}, lua: 'return {{ id = item.id, g = item.group }}' }}
  joined:
    from: left
    join: {{ with: made, by: item.id, as: one, memory: {memory} }}
  pairs:
    from: joined
    join: {{ with: few, by: item.g, with_by: item.group, as: other, many: all, memory: {memory} }}
  few:
    from: made
    take: 200
  save:
    from: pairs
    write: out.jsonl
"
        )
    };
    let bytes = |memory, concurrency| {
        let project = Project::with(&pipeline(memory, concurrency));
        assert_eq!(project.json(&["--no-state"]).code, 0);
        project.read("out.jsonl")
    };
    let expect = bytes("1GB", 4);
    assert_eq!(expect.lines().count(), 15_000);
    for (memory, concurrency) in [("2KB", 1), ("20KB", 8), ("100KB", 3)] {
        assert!(bytes(memory, concurrency) == expect, "{memory} {concurrency}");
    }
}

#[test]
fn a_limit_leaves_the_other_side_whole() {
    let text = "steps:
  orders:
    read: orders.jsonl
  customers:
    read: customers.jsonl
  named:
    from: customers
    filter: item.name ~= 'Ada'
  joined:
    from: orders
    join: { with: named, by: item.customer, with_by: item.id, as: who }
  save:
    from: joined
    write: out.jsonl
";
    let project = Project::with(text).file("customers.jsonl", CUSTOMERS).file("orders.jsonl", ORDERS);
    let summary = project.json(&["--limit", "1"]);
    assert_eq!((summary.counts("orders")[0], summary.counts("customers")[0]), (1, 3), "{}", summary.value);
    assert_eq!(project.read("out.jsonl"), "{\"n\":1,\"customer\":2,\"who\":{\"id\":2,\"name\":\"Bo\"}}\n");
}

#[test]
fn failed_items_can_be_the_other_side_and_a_step_its_own() {
    let text = "steps:
  numbers:
    items: [{ n: 1 }, { n: 2 }, { n: 3 }]
  tried:
    from: numbers
    map: { min_success_ratio: 0, lua: \"if item.n == 2 then flow.fail('even') end return item\" }
  joined:
    from: numbers
    join: { with: tried.failed, by: item.n, with_by: item.item.n, how: inner }
  why:
    from: joined
    map: return { n = item.n, why = item.tried.error.message }
  again:
    from: why
    join: { with: why, by: item.n, as: me }
  save:
    from: again
    write: out.jsonl
";
    let project = Project::with(text);
    assert_eq!(project.json(&[]).code, 0);
    assert_eq!(project.read("out.jsonl"), "{\"n\":2,\"why\":\"even\",\"me\":{\"n\":2,\"why\":\"even\"}}\n");
    let plan = project.run(&["plan", "pipeline.yaml"]).ok().stdout;
    assert!(
        plan.contains(
            "takes numbers · `tried` is their partner in tried.failed, those without one go · 3 items"
        ),
        "{plan}"
    );
    let graph = project.run(&["graph", "pipeline.yaml"]).ok().stdout;
    assert!(graph.contains("← numbers, with tried.failed") && graph.contains("← why, with why"), "{graph}");
}

#[test]
fn a_side_that_failed_skips_the_join() {
    let project = orders("").file("customers.jsonl", "{\"id\":1}\nno json\n");
    let summary = project.json(&[]);
    assert_eq!(
        (summary.status("customers"), summary.status("joined")),
        ("failed", "cancelled"),
        "{}",
        summary.value
    );
    assert!(!project.has("out.jsonl"));
    let text = "steps:\n  a: { items: [{ n: 1 }] }\n  b: { from: a, map: error('no') }\n  joined: { from: a, join: { with: b, by: item.n } }\n  save: { from: joined, write: out.jsonl }\n";
    let summary = Project::with(text).json(&[]);
    assert_eq!(
        (summary.status("joined"), &summary.step("joined")["reason"]),
        ("skipped", &"`b` failed".into())
    );
    // What is selected brings both sides along.
    let selected = orders("").run(&["plan", "pipeline.yaml", "--only", "joined"]).ok().stdout;
    assert!(selected.contains("customers.jsonl") && selected.contains("orders.jsonl"), "{selected}");
}

#[test]
fn a_map_behind_a_join_is_reused_by_content() {
    let text = "steps:
  orders:
    read: orders.jsonl
  customers:
    read: customers.jsonl
  joined:
    from: orders
    join: { with: customers, by: item.customer, with_by: item.id, as: who }
  work:
    from: joined
    map: |
      if item.n == 3 then error('three') end
      return item.n
  save:
    from: work
    write: out.jsonl
";
    let project = Project::with(text).file("customers.jsonl", CUSTOMERS).file("orders.jsonl", ORDERS);
    assert_eq!(project.json(&[]).counts("work"), [3, 1, 0, 0]);
    // One customer has another name now; the order of orders is another one, and the third is gone.
    let project = project.file("customers.jsonl", CUSTOMERS.replace("Ada", "Eve")).file(
        "orders.jsonl",
        "{\"n\":4,\"customer\":1.0}\n{\"n\":2,\"customer\":9}\n{\"n\":1,\"customer\":2}\n",
    );
    let ran = project.run(&["resume", "--output", "json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one object");
    let steps = value["steps"].as_array().expect("steps is a list");
    let work = steps.iter().find(|step| step["id"] == "work").expect("the step ran");
    assert_eq!((&work["total"], &work["reuse"]["reused"]), (&3.into(), &2.into()), "{value}");
    assert_eq!(project.read("out.jsonl"), "4\n2\n1\n");
}

#[test]
fn a_preview_shows_items_with_their_partners() {
    let ran = orders("").run(&["preview", "pipeline.yaml", "joined", "--items", "1"]).ok();
    assert!(ran.stdout.contains("Bo"), "{}\n{}", ran.stdout, ran.stderr);
    let text = "steps:\n  orders: { read: orders.jsonl }\n  customers: { read: customers.jsonl }\n  joined: { from: orders, join: { with: customers, by: item.customer, with_by: item.id } }\n  names:\n    from: joined\n    map: return item.customers and item.customers.name\n  save: { from: names, write: out.jsonl }\n";
    let project = Project::with(text).file("customers.jsonl", CUSTOMERS).file("orders.jsonl", ORDERS);
    let ran = project.run(&["preview", "pipeline.yaml", "names", "--items", "1"]).ok();
    assert!(ran.stdout.contains("\"Bo\""), "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn a_check_finds_what_no_join_can_do() {
    let said = |join: &str| {
        let text = format!(
            "steps:\n  a: {{ items: [{{ n: 1 }}] }}\n  b: {{ items: [2] }}\n  dead: {{ from: a, write: x.jsonl }}\n  joined: {{ from: a, join: {{ {join} }} }}\n  save: {{ from: [joined, b], write: out.jsonl }}\n"
        );
        let ran = Project::with(&text).run(&["check", "pipeline.yaml"]);
        assert_eq!(ran.code, 65, "{join}: {}", ran.stderr);
        ran.stderr
    };
    for (join, expect) in [
        ("with: c, by: item.n", "step `joined` joins unknown step `c`"),
        ("with: dead, by: item.n", "step `joined` reads from `dead`, which yields no items"),
        ("with: b.failed, by: item.n", "step `joined` reads the failed items of `b`, which has none"),
        ("with: joined, by: item.n", "step `joined` waits for itself"),
        ("with: [b], by: item.n", "must be"),
        ("with: b", "needs the key `by`"),
        ("by: item.n", "needs the key `with`"),
        ("with: b, by: item.n, how: outer", "must be one of `left`, `inner`, `semi`, `anti`"),
        ("with: b, by: item.n, many: none", "must be one of `error`, `first`, `all`"),
        ("with: b, by: item.n, as: ''", "must not be empty"),
        ("with: b, by: item.n, memory: 1", "is not a size"),
        ("with: b, by: item.n, as: n", "step `joined` gives its items a second field `n`"),
        ("with: b, by: 'item.n ='", "cannot be compiled"),
        ("with: b, by: item.n, on: id", "unknown key `on`"),
    ] {
        let said = said(join);
        assert!(said.contains(expect), "{join}: {said}");
    }
}

#[test]
fn fields_that_clash_are_found_through_steps_that_pass_items_on() {
    let said = |steps: &str| {
        let text = format!("steps:\n{steps}  save: {{ from: z, write: out.jsonl }}\n");
        let ran = Project::with(&text).run(&["check", "pipeline.yaml"]);
        (ran.code, ran.stderr)
    };
    let join = "  z: { from: y, join: { with: a, by: item.n } }\n";
    for steps in [
        "  a: { items: [{ n: 1 }] }\n  x: { from: a, join: { with: a, by: item.n } }\n  y: { from: x, sort: item.n }\n",
        "  a: { items: [{ n: 1 }] }\n  y: { read: { path: x.csv, columns: [n, a] } }\n",
        "  a: { items: [{ n: 1 }] }\n  y: { read: { path: x.csv, columns: { a: string } } }\n",
        "  a: { items: [{ n: 1 }] }\n  y: { read: { path: x.csv, origin: { file: a } } }\n",
    ] {
        let (code, said) = said(&format!("{steps}{join}"));
        assert!(code == 65 && said.contains("flowrun::name_clash"), "{steps}: {said}");
    }
    let fine = "  a: { items: [{ n: 1 }] }\n  x: { from: a, join: { with: a, by: item.n } }\n  y: { from: x, map: return item }\n";
    assert_eq!(said(&format!("{fine}{join}")).0, 0);
    let anti =
        "  a: { items: [{ n: 1, a: 1 }] }\n  z: { from: a, join: { with: a, by: item.n, how: anti } }\n";
    assert_eq!(said(anti).0, 0);
}

#[test]
fn what_does_not_fit_in_memory_is_told_in_bytes() {
    let rows: String = (0..30_000).fold(String::new(), |all, n| all + &format!("{{\"id\":{n}}}\n"));
    let project = Project::with(
        "steps:\n  docs: { read: docs.jsonl }\n  sums:\n    from: docs\n    join: { with: docs, by: item.id, as: one, memory: 20KB }\n  \
         sorted: { from: docs, sort: item.id }\n  save: { from: sums, write: out.jsonl }\n  all: { from: sorted, write: all.jsonl }\n",
    )
    .file("docs.jsonl", rows);
    let summary = project.json(&[]);
    let spilled = summary.step("sums")["spilled"].as_u64().expect("it may spill");
    assert!(spilled > 500_000, "{spilled}");
    assert_eq!(summary.step("sorted")["spilled"], 0);
    assert!(summary.step("save").get("spilled").is_none());
    let shown = project.run(&["show", "latest", "--format", "json"]).ok().stdout;
    assert!(shown.contains(&format!("\"spilled\":{spilled}")), "{shown}");
    let told = project.run(&["pipeline.yaml"]).ok().stderr;
    assert!(told.lines().any(|line| line.contains("sums") && line.contains("in temporary files")), "{told}");
}
