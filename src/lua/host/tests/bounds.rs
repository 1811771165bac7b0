//! These tests check that no call runs on after the interrupt, outgrows the VM's memory, or takes the process with
//! it.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mlua::{Lua, Value, VmState};

use super::{host_error, vm};
use crate::lua::guard::{Limits, Reason};
use crate::lua::raw::Current;
use crate::runtime::clock;

/// Bytes a VM may hold in these tests.
const MEMORY: usize = 64 << 20;

/// When the interrupt strikes.
const DEADLINE: Duration = Duration::from_millis(100);

/// Runs code with an interrupt that stops it after the deadline, as the watchdog does; also how long that took.
fn run(code: &str, deadline: Duration) -> (mlua::Result<String>, Duration) {
    let lua = vm(Path::new("."));
    lua.set_memory_limit(MEMORY).unwrap();
    let now = clock::now();
    let deadline_at = now.checked_add(deadline).map(|at| (at, Reason::Timeout));
    if let Some(current) = lua.app_data_ref::<Rc<Current>>() {
        current.guard.enter(&Limits { index: 1, started: now, deadline: deadline_at, notice: None });
    }
    let started = Instant::now();
    lua.set_interrupt(move |_: &Lua| {
        if started.elapsed() > deadline {
            Err(mlua::Error::runtime("overdue"))
        } else {
            Ok(VmState::Continue)
        }
    });
    let result = lua.load(code).eval::<Value>().and_then(|value| value.to_string());
    (result, started.elapsed())
}

fn is_stopped(code: &str) {
    let (result, elapsed) = run(code, DEADLINE);
    let Err(error) = result else { panic!("{code}: no error") };
    let is_stopped = ["overdue", "interrupted"].iter().any(|what| error.to_string().contains(what));
    assert!(is_stopped, "{code}: {error}");
    assert!(elapsed < Duration::from_secs(3), "{code}: stopped only after {elapsed:?}");
}

fn passes_the_memory_limit(code: &str) {
    let (result, elapsed) = run(code, Duration::MAX);
    let Err(error) = result else { panic!("{code}: no error") };
    let is_memory = host_error(&error).is_some_and(|error| error.kind == "memory")
        || error.to_string().contains("not enough memory")
        || error.to_string().contains("memory error");
    assert!(is_memory, "{code}: {error}");
    assert!(elapsed < Duration::from_secs(10), "{code}: failed only after {elapsed:?}");
}

#[test]
fn quadratic_work_is_stopped() {
    is_stopped("return str.distance(string.rep('ab', 200000), string.rep('ba', 200000))");
    is_stopped(
        "return re.find_all(string.rep('a', 1000000), '.*[^A-Z]|[A-Z]') and re.find_all(string.rep('a', 1000000), '.*b|a')",
    );
    // Searches that take seconds, each in one step: the automaton is built on with every byte, or cannot be used at all.
    let text =
        "local t = {} for i = 1, 2000 do t[i] = string.rep('a', i) .. 'b' end local s = table.concat(t) ";
    is_stopped(&format!("{text} return re.find(s, '(?:a|b)*a(?:a|b){{300}}c')"));
    is_stopped(&format!("{text} return re.match(s .. 'é', [[(\\b.){{3}}(?:.*x){{10}}$]])"));
    is_stopped(&format!("{text} return re.gsub(s .. 'c', '(?:(a)|(b)|(?:aa)+)*c', '$1')"));
    is_stopped("return html.text(string.rep('<div>', 200000))");
    is_stopped("return html.select(string.rep('<q>', 30000), 'b q')");
}

#[test]
fn methods_of_templates_are_stopped_or_have_no_room() {
    for source in [
        "{% for i in range(99999) %}{% for j in range(99999) %}{{ s.split('a')|length }}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{{ s.count('ab') + s.rfind('ba') }}{{ s.title()|length }}{% endfor %}",
        "{% for i in range(99999) %}{{ (s|wordwrap(7))|length }}{{ (s|striptags)|length }}{% endfor %}",
        "{% for i in range(99999) %}{% continue %}{% endfor %}{% for i in range(99999) %}{{ l.count([1]) }}{% endfor %}",
        "{% for i in range(99999) %}{{ ('%s' % s)|length }}{{ '{0}'.format(s)|length }}{% endfor %}",
    ] {
        let lists = "local s, l = string.rep('ab <', 100000), {} for i = 1, 10000 do l[i] = {i} end ";
        let code = format!("{lists} return template.render([==[{source}]==], {{s = s, l = l}})");
        let (result, elapsed) = run(&code, DEADLINE);
        assert!(result.is_err(), "{source}");
        assert!(elapsed < Duration::from_secs(5), "{source}: {elapsed:?}");
    }
    for source in [
        "{{ s.replace('', s) }}",
        "{{ s.join(s) }}",
        "{{ ('{0}' * 10000).format(s) }}",
        "{{ ('%(s)s' * 10000)|format(s=s) }}",
        "{{ s|indent(s[:100], true) }}{{ s|replace('a', s) }}",
        "{{ s|wordwrap(1, true, s[:9999]) }}",
        "{{ s.expandtabs(9999) }}{{ ('\t' * 100000).expandtabs(9999) }}",
    ] {
        let code = format!("return template.render([==[{source}]==], {{s = string.rep('ab ', 100000)}})");
        let (result, elapsed) = run(&code, Duration::from_secs(5));
        assert!(result.is_err(), "{source}");
        assert!(elapsed < Duration::from_secs(8), "{source}: {elapsed:?}");
    }
}

#[test]
fn long_texts_are_stopped() {
    is_stopped("return html.strip(string.rep('&lt;b', 5000000))");
    is_stopped("return html.strip('<a ' .. string.rep('&lt;b', 5000000))");
    is_stopped("return html.unescape(string.rep('&notit;', 3000000))");
    is_stopped("return html.escape(string.rep('<', 8000000))");
}

#[test]
fn callbacks_and_loops_over_tables_are_stopped() {
    is_stopped("return table.move({}, 1, 2 ^ 28, -2 ^ 29, {})");
    is_stopped("return tbl.map({1}, function() while true do end end)");
    is_stopped("local t = table.create(1000000, 1) while true do tbl.clone(t) end");
    is_stopped("return tbl.sort_by({3, 2, 1}, function() while true do end end)");
    is_stopped("return re.gsub('a', 'a', function() while true do end end)");
    is_stopped("while true do pcall(str.distance, string.rep('a', 100), string.rep('b', 100)) end");
}

#[test]
fn results_that_explode_fail_before_they_are_built() {
    passes_the_memory_limit("return re.gsub(string.rep('a', 1000000), '', string.rep('b', 1000000))");
    passes_the_memory_limit("return re.gsub(string.rep('a', 1000000), '.+', string.rep('$0', 1000000))");
    passes_the_memory_limit("return html.escape(string.rep('\"', 16000000))");
    passes_the_memory_limit("return str.normalize(string.rep('\\u{fdfa}', 8000000), 'NFKC')");
}

#[test]
fn documents_that_explode_fail_before_they_are_built() {
    // Each paragraph opens all the formatting again that the one before left open.
    passes_the_memory_limit(
        "local tags = {} for i = 1, 3000 do tags[i] = '<b a' .. i .. '>' end
         return html.text('<p>' .. table.concat(tags) .. string.rep('</p><p>x', 100000))",
    );
}

#[test]
fn texts_of_other_formats_that_explode_are_stopped() {
    passes_the_memory_limit(
        "local lines = {'x0: &x0 [lollollol]'} for i = 1, 12 do
         lines[i + 1] = 'x' .. i .. ': &x' .. i .. ' [' .. string.rep('*x' .. i - 1 .. ', ', 9) .. ']' end
         return yaml.decode(table.concat(lines, '\\n'))",
    );
    passes_the_memory_limit(
        "return yaml.decode('a: &a ' .. string.rep('x', 1000000) .. '\\nb: [' .. string.rep('*a, ', 1000) .. ']')",
    );
    is_stopped("return yaml.decode('[' .. string.rep('1, ', 3000000) .. ']')");
    is_stopped("return csv.decode(string.rep('a,b\\n', 5000000))");
    is_stopped("while true do pcall(toml.decode, 'a = ' .. string.rep('[', 100)) end");
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    let deep = "local t = {} for i = 1, 150000 do t = {t} end ";
    for call in ["tbl.clone(t)", "tbl.equal(t, {t})"] {
        // A VM's error or a result, but no crash.
        let (result, _) = run(&format!("{deep} return {call}"), Duration::MAX);
        drop(result);
    }
    for text in ["string.rep('[', 100000)", "string.rep('- ', 100000)", "string.rep('{a: ', 100000)"] {
        let (result, _) = run(&format!("return yaml.decode({text})"), Duration::MAX);
        let error = result.expect_err(text);
        let message = &host_error(&error).unwrap().message;
        assert!(message.starts_with("`yaml.decode`: "), "{message}");
    }
    for call in ["yaml.encode(t)", "toml.encode({t = t})", "csv.encode({t})"] {
        let (result, _) = run(&format!("{deep} return {call}"), Duration::MAX);
        assert!(
            host_error(&result.expect_err(call)).unwrap().message.contains("deeper than 512 levels"),
            "{call}"
        );
    }
    let (result, _) = run("return #html.select(string.rep('<i>', 500) .. 'x', 'i')", Duration::MAX);
    assert_eq!(result.unwrap(), "500");
    for groups in [1000, 1500] {
        let (result, _) = run(&format!("return re.compile(string.rep('(a)', {groups}))"), Duration::MAX);
        assert_eq!(result.is_err(), groups > 1000, "{groups}");
    }
    let (result, _) =
        run("return re.compile(string.rep('(', 30000) .. string.rep(')', 30000))", Duration::MAX);
    assert!(result.is_err());
}

/// Code that renders a template with `x`, which is what this Lua expression gives.
fn template(source: &str, x: &str) -> String {
    format!("local x = {x} return #template.render([==[{source}]==], {{x = x}})")
}

#[test]
fn templates_that_compute_are_stopped() {
    let text = "string.rep('é', 1500000)";
    for body in ["{% set z = x[1499999] %}", "{% if x[1499999] == 'a' %}{% endif %}", "{{ x[1499999] }}"] {
        is_stopped(&template(&format!("{{% for i in range(9000) %}}{body}{{% endfor %}}"), text));
    }
    is_stopped(&template(
        "{% macro m(a) %}{% endmacro %}{% for i in range(9000) %}{{ m(x[1499999]) }}{% endfor %}",
        text,
    ));
    is_stopped(&template(
        "{% set ns = namespace(x = [1, 2, 3]) %}{% for i in range(20000) %}{% set ns.x = ns.x + [1] %}{% endfor %}",
        "1",
    ));
}

#[test]
fn templates_that_explode_fail_before_they_are_built() {
    let text = "string.rep('\\0', 1000000)";
    for shown in [
        "|string",
        "|upper",
        "|tojson",
        "|pprint",
        "|join",
        " ~ ''",
        "|replace('a', 'b')",
        " in 'a'",
        "|trim",
    ] {
        passes_the_memory_limit(&template(&format!("{{{{ (([x] * 70){shown})|string|length }}}}"), text));
        passes_the_memory_limit(&template(
            &format!("{{{{ [{}]|map('list')|length ~ (([x, x] * 35){shown})|string }}}}", "x, ".repeat(3)),
            text,
        ));
    }
    passes_the_memory_limit(&template("{{ x|trim('b' * 9000 ~ 'a') }}", "string.rep('a', 200000)"));
    passes_the_memory_limit(&template("{% set a %}{{ [x] * 70 }}{% endset %}", text));
    for kept in ["{% set aN = x ~ '0' %}", "{% set aN = x * 2 %}", "{% set aN %}{{ x }}{% endset %}"] {
        let all: String = (0..200).map(|n| kept.replace('N', &n.to_string())).collect();
        passes_the_memory_limit(&template(&all, text));
    }
    let list = "tbl.map(table.create(20000, 1), function() return 'a' end)";
    let long = "{% set y = 'y' * 10000 %}";
    for grown in ["x|map('replace', 'a', y)|list|length", "x|join(y)|length", "x|join|replace('a', y)|length"]
    {
        passes_the_memory_limit(&template(&format!("{long}{{{{ {grown} }}}}"), list));
    }
}
