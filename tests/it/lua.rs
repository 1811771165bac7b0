//! These tests cover item functions: what they may do, what stops them, what becomes of their errors. Through the real
//! binary.

use crate::project::{Project, Summary};

/// A pipeline that maps `items` through `lua` under `policy`, tolerating every failure.
fn project(items: &str, policy: &str, lua: &str) -> Project {
    let lua = lua.lines().map(|line| format!("        {line}\n")).collect::<Vec<_>>().concat();
    Project::with(&format!(
        "steps:\n  list:\n    items: {items}\n  work:\n    from: list\n    map:\n      min_success_ratio: 0\n{policy}      \
         lua: |\n{lua}  save:\n    from: work\n    write: out.jsonl\n"
    ))
}

/// The one result of one item.
#[track_caller]
fn result(lua: &str) -> String {
    let project = project("[1]", "", lua);
    let summary = project.json(&[]);
    assert_eq!(summary.counts("work"), [1, 0, 0, 0], "{lua}: {}", summary.value);
    project.read("out.jsonl").trim_end().to_owned()
}

/// The message of the one item's failure.
#[track_caller]
fn failure(summary: &Summary) -> String {
    summary.step("work")["errors"]["1"]
        .as_str()
        .unwrap_or_else(|| panic!("no error in {}", summary.value))
        .to_owned()
}

#[test]
fn workers_have_a_stack_for_what_luau_compiles() {
    // A small default, so that workers without a stack of their own would lack room for this.
    let run = |project: &Project| {
        let mut command = project.command(&["pipeline.yaml", "-q"]);
        let output = command.env("RUST_MIN_STACK", "262144").output().expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        project.read("out.jsonl")
    };
    let nested = format!("return {}1{}", "(".repeat(900), ")".repeat(900));
    assert_eq!(run(&project("[1]", "", &nested)), "1\n");
    let reduce = Project::with(&format!(
        "steps:\n  list: {{items: [1]}}\n  sum:\n    from: list\n    reduce: {{init: 0, lua: \"{nested}\"}}\n  save: {{from: sum, write: out.jsonl}}\n"
    ));
    assert_eq!(run(&reduce), "1\n");
}

#[test]
fn templates_nested_by_the_thousand_are_a_finding() {
    let open = "`{".repeat(20_000);
    let project = project("[1]", "", &format!("return {open}"));
    let ran = project.run(&["check", "pipeline.yaml"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stdout.contains("flowrun::lua_syntax") || ran.stderr.contains("flowrun::lua_syntax"));
}

/// What a pipeline of one step makes of a file of JSON lines.
#[track_caller]
fn lines_through(step: &str, lines: &str) -> String {
    let project = Project::with(&format!(
        "steps:\n  list: {{read: in.jsonl}}\n  work:\n    from: list\n    {step}\n  save: {{from: work, write: out.jsonl}}\n"
    ));
    let project = project.file("in.jsonl", lines);
    let ran = project.run(&["pipeline.yaml", "-q"]);
    assert_eq!(ran.code, 0, "{step}: {}", ran.stderr);
    project.read("out.jsonl")
}

#[test]
fn columns_of_small_and_big_integers_need_no_care() {
    let lines = "{\"id\":1704164645123456789}\n{\"id\":5}\n{\"id\":-9223372036854775808}\n";
    for (lua, expect) in [
        ("item.id % 16", ["5", "5", "0"]),
        ("item.id / 1e9 > 0", ["true", "true", "false"]),
        ("'id-' .. item.id", ["\"id-1704164645123456789\"", "\"id-5\"", "\"id--9223372036854775808\""]),
        (
            "string.format('%s|%d', item.id, item.id)",
            [
                "\"1704164645123456789|1704164645123456789\"",
                "\"5|5\"",
                "\"-9223372036854775808|-9223372036854775808\"",
            ],
        ),
        ("tbl.less(1000, item.id)", ["true", "false", "false"]),
        ("tonumber(item.id) > 1000", ["true", "false", "false"]),
        ("math.max(item.id, 0)", ["1704164645123456789", "5", "0"]),
        ("item.id == int('1704164645123456789')", ["true", "false", "false"]),
        ("item.id - 1 + 1", ["1704164645123456789", "5", "-9223372036854775808"]),
        (
            "(function() local t = {item.id, 7} table.sort(t) return table.concat(t, ' ') end)()",
            ["\"7 1704164645123456789\"", "\"5 7\"", "\"-9223372036854775808 7\""],
        ),
    ] {
        let got = lines_through(&format!("map: {{lua: \"return {}\"}}", lua.replace('"', "\\\"")), lines);
        assert_eq!(got.lines().collect::<Vec<_>>(), expect, "{lua}");
    }
}

#[test]
fn what_nothing_changes_leaves_as_it_came() {
    let lines = "{\"z\":1.0,\"m\":{\"q\":[1.50,-0],\"c\":{\"y\":1E3,\"b\":null}}}\n{\"m\":{\"b\":1,\"a\":{}},\"z\":2}\n";
    for step in [
        "map: return item",
        "filter: return true",
        "flat_map: return {item}",
        "sort: index",
        "map: {lua: 'time.sleep(0) return item'}",
    ] {
        assert_eq!(lines_through(step, lines), lines, "{step}");
    }
    // The last of equal keys counts; what nothing touches keeps both.
    let twice = "{\"a\":2,\"b\":{\"c\":1,\"c\":3},\"a\":1}\n{\"a\":1,\"a\":2}\n";
    assert_eq!(
        lines_through("filter: return item.a == 1 and item.b.c == 3", twice),
        "{\"a\":2,\"b\":{\"c\":1,\"c\":3},\"a\":1}\n"
    );
    assert_eq!(lines_through("map: return item", twice), "{\"a\":1,\"b\":{\"c\":3}}\n{\"a\":2}\n");
    assert_eq!(
        lines_through("sort: item.a", &format!("{}{twice}", "{\"a\":0,\"a\":3}\n")),
        format!("{twice}{}", "{\"a\":0,\"a\":3}\n")
    );
}

#[test]
fn nothing_outlives_its_timeout() {
    for body in [
        "while true do end",
        "pcall(function() while true do end end)",
        "while true do pcall(function() while true do end end) end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "coroutine.wrap(function() while true do end end)()",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "table.sort({ 3, 2, 1 }, function() while true do end end)",
        "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
        "string.gsub('aaa', 'a', function() while true do end end)",
        "string.find(('a'):rep(3000), '.-.-.-.-b')",
        "string.find(('a'):rep(2000000), ('a'):rep(1000000) .. 'b', 1, true) while true do end",
        "time.sleep(60)",
        "pcall(time.sleep, 60) time.sleep(60)",
        "coroutine.wrap(function() time.sleep(60) end)()",
        "table.sort({ 3, 2, 1 }, function() time.sleep(60) end)",
    ] {
        let lua = format!("if item == 1 then\n{body}\nend\nreturn item");
        let project = project("[1, 2, 3]", "      timeout: 100ms\n", &lua);
        let begun = std::time::Instant::now();
        let summary = project.json(&[]);
        assert_eq!(summary.counts("work"), [2, 1, 0, 0], "{body}: {}", summary.value);
        assert!(failure(&summary).contains("timeout"), "{body}: {}", failure(&summary));
        assert_eq!(project.read("out.jsonl"), "2\n3\n", "{body}");
        // Far more than the machine may need, far less than the 60 s that some of them would take.
        assert!(begun.elapsed().as_secs() < 20, "{body}");
    }
}

#[test]
fn whatever_a_function_does_is_its_own_failure() {
    for (body, expected) in [
        ("error(nil)", ""),
        ("error({})", ""),
        ("error({ message = 'from a table' })", "from a table"),
        ("error('\\255\\254')", ""),
        ("local function f() return f() + 1 end return f()", "stack overflow"),
        ("local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000) .. i end", "memory"),
        ("local s = 'x' while true do s = s .. s end", "memory"),
        ("return 0/0", ""),
        ("return math.huge", ""),
        ("return { a = { b = { 1, 2, print } } }", ".a.b[3]"),
        ("local t = {} t.t = t return t", ""),
        ("return { 1, nil, 3 }", ""),
        ("return { 1, x = 2 }", ""),
        ("local x = 1", "return"),
        ("_G.leak = 1", "readonly"),
        ("flow.fail('gone')", "gone"),
        ("return item.x.y", ""),
    ] {
        let lua = format!("if item == 1 then\n{body}\nelse return item end");
        let project = project("[1, 2]", "      memory: 64MB\n      timeout: 20s\n", &lua);
        let summary = project.json(&[]);
        assert_eq!(summary.counts("work"), [1, 1, 0, 0], "{body}: {}", summary.value);
        assert!(failure(&summary).contains(expected), "{body}: {}", failure(&summary));
        assert_eq!(project.read("out.jsonl"), "2\n", "{body}");
    }
}

#[test]
fn errors_carry_the_line_of_the_pipeline_file() {
    let project = project("[{}]", "", "local user = item.user\n\nreturn user.name");
    let ran = project.run(&["pipeline.yaml"]);
    assert!(ran.stderr.contains("pipeline.yaml:11"), "{}", ran.stderr);
}

#[test]
fn the_sandbox_has_no_way_out() {
    for name in [
        "io",
        "debug",
        "load",
        "loadstring",
        "dofile",
        "loadfile",
        "getfenv",
        "setfenv",
        "newproxy",
        "collectgarbage",
        "package",
    ] {
        assert_eq!(result(&format!("return _G.{name} == nil")), "true", "{name}");
    }
    for name in ["os.execute", "os.getenv", "os.remove", "os.exit", "string.dump"] {
        assert_eq!(result(&format!("return _G.{name} == nil")), "true", "{name}");
    }
    for name in [
        "os.time",
        "os.date",
        "os.clock",
        "bit32.band",
        "utf8.char",
        "coroutine.wrap",
        "math.floor",
        "table.concat",
    ] {
        assert_eq!(result(&format!("return type({name})")), "\"function\"", "{name}");
    }
    assert_eq!(result("return pcall(function() string.upper = nil end)"), "false");
}

#[test]
fn each_attempt_sees_a_fresh_copy_of_the_item() {
    let lua = "if ctx.attempt == 1 then item.n = 99 error('again') end return item";
    let project = project("[{ n: 1 }]", "      retries: { max: 1, delay: 1ms }\n", lua);
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "{\"n\":1}\n");
}

#[test]
fn values_go_through_exactly() {
    let items = "[9007199254740993, -9223372036854775808, 9223372036854775807, -0.0, 1.0, 0.1, 1e300, [], {}, null, \"\", true]";
    let project = project(items, "", "return item");
    project.run(&["pipeline.yaml"]).ok();
    let out = project.read("out.jsonl");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[..3], ["9007199254740993", "-9223372036854775808", "9223372036854775807"]);
    assert!(lines[3] == "-0.0" || lines[3] == "-0", "{}", lines[3]);
    assert!(lines[4] == "1" || lines[4] == "1.0", "{}", lines[4]);
    assert_eq!(lines[5], "0.1");
    assert_eq!(lines[6].parse(), Ok(1e300));
    assert_eq!(lines[7..], ["[]", "{}", "null", "\"\"", "true"]);
}

#[test]
fn yaml_is_read_as_its_standard_says() {
    let texts = [
        r#""&id name: &v x\n*v : [*id]\n? &n 1.50\n: {*n : 2}""#,
        r#""k: [a,\n b,\n ]\nq: \"c\n  d\"""#,
        r#""k: [a,\nb]""#,
        r#""q:\n  r: 'c\n  d'""#,
        r#""q: \"c\n\td\"""#,
    ];
    let project = project(&format!("[{}]", texts.join(", ")), "", "return yaml.decode(item)");
    let summary = project.json(&[]);
    assert_eq!(summary.counts("work"), [2, 3, 0, 0]);
    assert_eq!(
        project.read("out.jsonl"),
        "{\"1.50\":{\"1.50\":2},\"name\":\"x\",\"x\":[\"name\"]}\n{\"k\":[\"a\",\"b\"],\"q\":\"c d\"}\n"
    );
    let errors = summary.step("work")["errors"].to_string();
    for place in ["line 2, column 1", "line 3, column 3"] {
        let said = format!(
            "a line in brackets or quotes is not indented further than the key or `-` that it belongs to at {place}"
        );
        assert!(errors.contains(&said), "{errors}");
    }
    assert!(errors.contains("a tab is used for indentation at line 2, column 1"), "{errors}");
}

#[test]
fn keys_come_in_the_items_order_then_sorted() {
    let lua = "return { zeta = 1, b = item.b, new = 2, a = item.a, inner = { z = 1, y = { c = 1, b = 2 } } }";
    let project = project("[{ b: 1, a: 2 }]", "", lua);
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(
        project.read("out.jsonl"),
        "{\"b\":1,\"a\":2,\"inner\":{\"y\":{\"b\":2,\"c\":1},\"z\":1},\"new\":2,\"zeta\":1}\n"
    );
}

#[test]
fn setup_require_and_files_make_functions() {
    let project = Project::with(
        "steps:
  list:
    items: [1, 2]
  a:
    from: list
    map:
      setup: |
        local lib = require('lib.double')
        local base = 10
      lua: return base + lib.double(item)
  b:
    from: a
    map:
      file: lua/add.lua
  c:
    from: b
    map:
      file: lua/lib.lua#negate
  save:
    from: c
    write: out.jsonl
",
    )
    .file("lib/double.lua", "local m = {}\nfunction m.double(x) return 2 * x end\nreturn m\n")
    .file("lua/add.lua", "return function(item) return item + 100 end\n")
    .file("lua/lib.lua", "return { negate = function(item) return -item end }\n");
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "-112\n-114\n");
}

#[test]
fn flat_map_and_filter_shape_their_results() {
    let project = Project::with(
        "steps:
  list:
    items: [3, 0, 2]
  many:
    from: list
    flat_map: |
      local out = {}
      for i = 1, item do out[i] = { n = item, i = i } end
      return out
  some:
    from: many
    filter: item.i ~= 2
  save:
    from: some
    write: out.jsonl
",
    );
    let summary = project.json(&[]);
    assert_eq!((summary.counts("many"), summary.counts("some")), ([3, 0, 0, 0], [5, 0, 0, 0]));
    assert_eq!(project.read("out.jsonl"), "{\"i\":1,\"n\":3}\n{\"i\":3,\"n\":3}\n{\"i\":1,\"n\":2}\n");
}

#[test]
fn a_name_that_a_module_does_not_have_is_named_with_the_nearest() {
    for (lua, message) in [
        ("return str['squeese']('a')", "there is no `str.squeese`: did you mean `squeeze`?"),
        ("return flow['stop']()", "there is no `flow.stop`, only `fail`, `retry`, `skip`, `spent`"),
        ("return log['warning']('a')", "there is no `log.warning`, only `debug`, `error`, `info`, `warn`"),
        ("return pcall(function() return html.select() end)", ""),
    ] {
        let summary = project("[1]", "      retries: 3\n", lua).json(&[]);
        if message.is_empty() {
            assert_eq!(summary.counts("work"), [1, 0, 0, 0], "{lua}");
        } else {
            assert_eq!(failure(&summary), message, "{lua}");
        }
    }
}

#[test]
fn random_numbers_are_the_items_own_whatever_the_concurrency() {
    let project = |concurrency: u32, key: &str| {
        Project::with(&format!(
            "steps:\n  items:\n    items: {{ lua: \"local all = {{}} for n = 1, 200 do all[n] = {{ id = n // 2, n = n }} end return all\" }}\n  \
             draw:\n    from: items\n    map:\n      concurrency: {concurrency}\n{key}      lua: |\n        \
             return {{ item.id, rand.int(1, 1000000000), uuid.v4(), math.random() }}\n  save:\n    from: draw\n    write: out.jsonl\n"
        ))
    };
    let run = |concurrency, key| {
        let project = project(concurrency, key);
        project.run(&["pipeline.yaml", "--seed", "5"]).ok();
        project.read("out.jsonl")
    };
    let (alone, many) = (run(1, ""), run(8, ""));
    assert_eq!(alone, many);
    // With a key of its own, an item draws what its key says, and nothing else of it counts.
    let keyed = run(8, "      key: item.id\n");
    let lines: Vec<&str> = keyed.lines().collect();
    assert_eq!(lines[1], lines[2]);
    assert_ne!(lines[2], lines[3]);
    let lines: Vec<&str> = alone.lines().collect();
    assert_ne!(lines[1], lines[2]);
}

#[test]
fn a_byte_order_mark_before_json_is_left_out() {
    for (lua, expect) in [
        ("json.decode('\\u{feff}{\"a\":1}')", "{\"a\":1}"),
        ("json.decode('\\u{feff} ' .. json.encode({string.rep('x', 100000)}))[1]:sub(1, 1)", "\"x\""),
        ("json.lines('\\u{feff}1\\n2\\n')", "[1,2]"),
        ("(pcall(json.decode, '\\u{feff}\\u{feff}1'))", "false"),
        ("(pcall(json.decode, '\\u{feff}'))", "false"),
        ("(pcall(json.decode, '[\\u{feff}1]'))", "false"),
    ] {
        assert_eq!(result(&format!("return {lua}")), expect, "{lua}");
    }
    let step = "map: return item";
    assert_eq!(lines_through(step, "\u{feff}{\"a\":1}\n2\n"), "{\"a\":1}\n2\n");
}

#[test]
fn dates_of_the_standard_library_are_in_utc_wherever_the_machine_is() {
    let lua = "local t = os.date('*t', 1709265909)\n\
               return {os.date('%c', 1709265909), os.date('!%H', 1709265909), t.hour, os.time(t), (os.date():gsub('%d', '0')),\n\
               \x20 (pcall(os.date, {})), os.date('', 0)}";
    let project = project("[1]", "", lua);
    let mut command = project.command(&["pipeline.yaml", "-q"]);
    let output = command.env("TZ", "Asia/Tokyo").output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let line = project.read("out.jsonl");
    assert!(line.starts_with("[\"Fri Mar  1 04:05:09 2024\",\"04\",4,1709265909,\""), "{line}");
    assert!(line.ends_with(",false,\"\"]\n"), "{line}");
}

#[cfg(feature = "image")]
#[test]
fn a_webp_file_that_takes_too_long_ends_at_the_deadline() {
    let project = Project::with(
        "steps:
  list: { items: [1] }
  work:
    from: list
    map:
      timeout: 50ms
      retries: 0
      min_success_ratio: 0
      setup: |
        local dot = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
        local img = image.decode(codec.base64.decode(dot)):resize(1400, 1400)
      lua: |
        for at = 1, 1000 do img:encode('webp') end
        return 1
  bad: { from: work.failed, write: failed.jsonl }
",
    );
    let (kind, message, _) = project.failure();
    assert_eq!((kind.as_str(), message.as_str()), ("timeout", "timeout after 50ms"));
}

#[test]
fn an_expression_may_hold_a_function_that_returns() {
    let pipeline = "steps:
  n: { items: [{n: 4}, {n: 5}] }
  w: { from: n, filter: '(function() return item.n > 4 end)()' }
  save: { from: w, write: out.jsonl }
";
    let project = Project::with(pipeline);
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "{\"n\":5}\n");
}
