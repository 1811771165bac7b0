//! These tests write what people write who come from other languages: what is wrong is said before anything runs, with what was
//! meant.

use crate::project::Project;

/// A pipeline whose map is this Lua.
fn map(lua: &str) -> Project {
    let lua = lua.lines().map(|line| format!("      {line}\n")).collect::<Vec<_>>().concat();
    Project::with(&format!(
        "steps:\n  rows:\n    items: [{{ text: a }}]\n  work:\n    from: rows\n    map: |\n{lua}  save:\n    from: work\n    write: out.jsonl\n"
    ))
}

/// What `check` says, with its exit code.
fn checked(project: &Project) -> (i32, String) {
    let output = project.run(&["check", "pipeline.yaml"]);
    (output.code, output.stderr)
}

#[test]
fn functions_of_files_are_there_before_anything_runs() {
    let library = "local M = { limit = 3 }\nfunction M.typed(item) return item end\nreturn M\n";
    for (file, text, expect) in [
        ("lib.lua#typd", library, Some("did you mean `typed`?")),
        ("lib.lua", library, Some("name one of its functions: `lib.lua#typed`")),
        ("lib.lua#limit", library, Some("the table that the file returns has no function `limit`")),
        ("lib.lua#typed", library, None),
        ("lib.lua", "return function(item) return item end", None),
        ("lib.lua#f", "return function(item) return item end", Some("the file returns a function")),
        (
            "lib.lua",
            "return function() return item.x end",
            Some("add the parameter: `return function(item, index, ctx)`"),
        ),
        ("lib.lua", "return 'text'", Some("the file returns string, which is no function")),
        ("lib.lua", "local unused\nreturn unused", Some("the file returns nil, which is no function")),
        // What the file may do only when it runs is left to the run.
        ("lib.lua#f", "fs.write('x', 'y')\nreturn {}", None),
        ("lib.lua#f", "error('not yet')\nreturn {}", None),
    ] {
        let project = Project::with(&format!(
            "steps:\n  rows:\n    items: [1]\n  work:\n    from: rows\n    map:\n      file: {file}\n  save:\n    from: work\n    write: out.jsonl\n"
        ))
        .file("lib.lua", text);
        let (code, said) = checked(&project);
        match expect {
            Some(expect) => assert!(code == 65 && said.contains(expect), "{file} {text}: {code} {said}"),
            None => assert_eq!(code, 0, "{file} {text}: {said}"),
        }
        assert!(!project.path("x").exists());
    }
}

#[test]
fn modules_without_a_return_are_told_where_they_are_required() {
    let project = map("local lib = require('lib')\nreturn lib")
        .file("lib.lua", "local M = {}\nfunction M.f() return 1 end\n");
    let (code, said) = checked(&project);
    assert!(code == 0 && said.contains("the module `lib` has no `return`"), "{said}");
    let (_, said) = checked(&project.file("lib.lua", "return {}"));
    assert!(!said.contains("has no `return`"), "{said}");
}

/// What people write in a map, and a part of what is said of it before anything runs.
const SLIPS: &[(&str, &str)] = &[
    ("return null", "Lua writes `nil`; the null of JSON is `json.null`"),
    ("return None", "Lua writes `nil`"),
    ("return undefined", "Lua writes `nil`"),
    ("return NULL", "Lua writes `nil`"),
    ("return { ok = True }", "Lua writes `true`"),
    ("return { ok = FALSE }", "Lua writes `false`"),
    ("return itme.text", "did you mean `item`?"),
    ("return Item.text", "did you mean `item`?"),
    ("return this.text", "the item is `item`"),
    ("return self.text", "the item is `item`"),
    ("return row.text", "the item is `item`"),
    ("return record.text", "the item is `item`"),
    ("return doc.text", "the item is `item`"),
    ("return it.text", "the item is `item`"),
    ("return context.attempt", "it is `ctx`"),
    ("return idx", "the item's position is `index`"),
    ("return i", "the item's position is `index`"),
    ("return len(item.text)", "`#value` counts bytes or elements"),
    ("return length(item.text)", "`#value` counts bytes or elements"),
    ("return count(item)", "`#value` counts bytes or elements"),
    ("console.log(item) return 1", "`print(…)` and `log.info(…)` write to the item's log"),
    ("printf('x') return 1", "`print(…)` and `log.info(…)` write to the item's log"),
    ("echo(item) return 1", "`print(…)` and `log.info(…)` write to the item's log"),
    ("logger.info('x') return 1", "`log.info(…)` writes to the item's log"),
    ("return float(item.text)", "`tonumber(…)` makes a number"),
    ("return parseInt(item.text)", "`tonumber(…)` makes a number"),
    ("return Number(item.text)", "`tonumber(…)` makes a number"),
    ("return String(index)", "`tostring(…)` makes a text"),
    ("return repr(index)", "`tostring(…)` makes a text"),
    ("for n in range(3) do print(n) end return 1", "write `for i = 1, n do … end`"),
    ("local d = dict() return d", "`{}` is a new table"),
    ("return JSON.parse(item.text)", "`json.decode(…)` and `json.encode(…)` are there"),
    ("return json.loads(item.text)", "did you mean `json.decode`?"),
    ("return json.dumps(item)", "did you mean `json.encode`?"),
    ("return json.stringify(item)", "did you mean `json.encode`?"),
    ("return re.search(item.text, 'a')", "did you mean `re.match`?"),
    ("return re.sub(item.text, 'a', 'b')", "did you mean `re.gsub`?"),
    ("return re.findall(item.text, 'a')", "did you mean `re.find_all`?"),
    ("return requests.get('x')", "`http.get(url)` and its kind make requests"),
    ("return fetch('x')", "`http.get(url)` and its kind make requests"),
    ("return http.fetch('x')", "did you mean `http.get`?"),
    ("return subprocess.run('x')", "`exec.run({"),
    ("return os.getenv('HOME')", "declare `env: { NAME: a default }`"),
    ("return os.execute('ls')", "`exec.run({"),
    ("return os.remove('x')", "did you mean `fs.remove`?"),
    ("return os.rename('x', 'y')", "did you mean `fs.move`?"),
    ("return os.tmpname()", "did you mean `fs.tempfile`?"),
    ("os.exit(1) return 1", "`flow.fail("),
    ("local f = io.open('x') return f", "`fs.read(path)` reads a file"),
    ("io.write('x') return 1", "write to the item's log"),
    ("return io.popen('ls')", "`exec.run({"),
    ("return io.lines('x')", "`fs.read(path)` reads a file"),
    ("print(debug.traceback()) return 1", "there is no `debug`"),
    ("return loadstring('return 1')()", "other Lua files are loaded by `require("),
    ("return dofile('x.lua')", "other Lua files are loaded by `require("),
    ("package.path = 'x' return 1", "other Lua files are loaded by `require("),
    ("collectgarbage() return 1", "there is none here"),
    ("return base64.encode(item.text)", "it is in `codec`"),
    ("return sha256(item.text)", "did you mean `hash.sha256`?"),
    ("return trim(item.text)", "did you mean `str.trim`?"),
    ("return string.trim(item.text)", "did you mean `str.trim`?"),
    ("return string.startswith(item.text, 'a')", "did you mean `str.starts_with`?"),
    ("return string.replace(item.text, 'a', 'b')", "`re.gsub(text, pattern, replacement)` replaces"),
    ("return string.join({ 'a' }, ',')", "did you mean `table.concat`?"),
    ("return str.strip(item.text)", "did you mean `str.trim`?"),
    ("return str.replace(item.text, 'a', 'b')", "`re.gsub(text, pattern, replacement)` replaces"),
    ("return str.length(item.text)", "did you mean `str.len`?"),
    ("return table.size(item)", "`#list` counts"),
    ("return table.keys(item)", "did you mean `tbl.keys`?"),
    ("local t = {} table.append(t, 1) return t", "did you mean `table.insert`?"),
    ("return math.inf", "did you mean `math.huge`?"),
    ("return math.mod(3, 2)", "did you mean `math.fmod`?"),
    ("return time.time()", "did you mean `time.now`?"),
    ("return time.strftime('%Y')", "did you mean `time.format`?"),
    ("return datetime.now()", "`time.now()`"),
    ("return sleep(1)", "did you mean `time.sleep`?"),
    ("return fs.open('x')", "did you mean `fs.read`?"),
    ("fs.append('x', 'y') return 1", "`fs.write(path, text, { append = true })` appends"),
    ("fs.delete('x') return 1", "did you mean `fs.remove`?"),
    ("return yaml.load(item.text)", "did you mean `yaml.decode`?"),
    ("return csv.parse(item.text)", "did you mean `csv.decode`?"),
    ("skip('x')", "did you mean `flow.skip`?"),
    ("return flow.error('x')", "did you mean `flow.fail`?"),
    ("return flow.skp('x')", "did you mean `flow.skip`?"),
    ("return ctx.retries", "`ctx.attempt` and `ctx.max_attempts` are there"),
    ("return ctx.atempt", "did you mean `ctx.attempt`?"),
    ("return ctx.index", "the item's position is `index`"),
    ("total = 1 return total", "write `local total`"),
    ("total += 1 return total", "write `local total`"),
    ("function clean(x) return x end return clean(item)", "write `local function clean(…)`"),
    ("do local inner = 1 end return inner", "the variable `inner` is not there yet, or no longer"),
    ("local name = item.text return naem", "did you mean `name`?"),
    ("return vars.limit", "parameters are in `params`"),
    ("return re.match(item.text, '\\d+')", "`\\d` in a string is no escape of Lua: it means `d`"),
    ("return re.match(item.text, \"a\\.b\")", "`\\.` in a string is no escape of Lua"),
    ("return re.match(item.text, `\\s`)", "`\\s` in a string is no escape of Lua"),
    ("local x = 1\nx++\nreturn x", "write `x += 1`"),
    ("local x = 1\nx--\nreturn x", "write `x -= 1`"),
    ("return item.a ? 1 : 2", "a choice is written `if condition then a else b`"),
    ("// a comment\nreturn 1", "a comment begins with `--`"),
    ("# a comment\nreturn 1", "a comment begins with `--`"),
    ("/* a comment */\nreturn 1", "a comment begins with `--`"),
    ("local x = 1 // a comment here\nreturn x", "a comment begins with `--`; `//` divides"),
    ("local x = 1 //a comment here\nreturn x", "a comment begins with `--`"),
    ("local x = 1 # a comment here\nreturn x", "a comment begins with `--`; `#list` counts"),
    ("retrun item", "did you mean `return`?"),
    ("locla x = 1\nreturn x", "did you mean `local`?"),
    ("fucntion f() end\nreturn 1", "did you mean `function`?"),
    ("try {\n  return 1\n}", "errors are caught by `local ok, err = pcall("),
    ("try:\n  return 1", "errors are caught by `local ok, err = pcall("),
    ("throw 'x'", "`flow.fail(\"why\")` fails the item"),
    ("throw new Error('x')", "`error(\"…\")` raises an error"),
    ("raise ValueError('x')", "`error(\"…\")` raises an error"),
    ("var x = 1\nreturn x", "a variable is made by `local x = …`"),
    ("let x = 1\nreturn x", "a variable is made by `local x = …`"),
    ("x := 1\nreturn x", "a variable is made by `local x = …`"),
    ("local f = (x) => x\nreturn f(1)", "a function is written `function(x) return … end`"),
    ("local f = lambda x: x\nreturn f(1)", "a function is written `function(x) return … end`"),
    ("def f(x):\n  return x", "a function is written `local function name(x) … end`"),
    ("return f\"{item.text}\"", "a text with values in it is written in backticks"),
    ("return { \"a\": 1 }", "fields of a table are written `{ name = value }`"),
    ("return { a: 1 }", "fields of a table are written `{ name = value }`"),
    ("return [1, 2]", "a list is written `{ 1, 2, 3 }`"),
    ("local t = []\nreturn t", "an empty list is `{}`"),
    ("if item.a != 1 then return 1 end\nreturn 2", "different is written `~=`"),
    ("if item.a !== 1 then return 1 end\nreturn 2", "different is written `~=`"),
    ("if item.a <> 1 then return 1 end\nreturn 2", "different is written `~=`"),
    ("if item.a === 1 then return 1 end\nreturn 2", "equal is written `==`"),
    ("if item.a && item.b then return 1 end\nreturn 2", "write `and`"),
    ("if item.a || item.b then return 1 end\nreturn 2", "write `or`"),
    ("if !item.a then return 1 end\nreturn 2", "write `not`"),
    ("if item.a is nil then return 1 end\nreturn 2", "equal is written `==`"),
    ("if 'a' not in item then return 1 end\nreturn 2", "what a list holds is told by `table.find"),
    ("if item.a then\n  return 1\nelse if item.b then\n  return 2\nend", "write `elseif`"),
    ("if item.a then\n  return 1\nelif item.b then\n  return 2\nend", "write `elseif`"),
    ("if (item.a) {\n  return 1\n}", "a condition is written `if … then … end`"),
    ("if item.a:\n  return 1", "a condition is written `if … then … end`"),
    ("while (true) {\n}", "a block has no braces: it ends with `end`"),
    ("while true:\n  print(1)", "a loop is written `while … do … end`"),
    ("for (i = 0; i < 3; i += 1) {\n}", "a loop is written `for i = 1, n do … end`"),
    ("for x in item:\n  print(x)", "a loop is written `for i = 1, n do … end`"),
    ("foreach (item as x) {\n}", "a loop is written `for key, value in list do … end`"),
    ("switch (item.a) {\n}", "write `if … then … elseif"),
    ("local x = item.a ?? 1\nreturn x", "write `or`"),
    ("local x = item?.a\nreturn x", "write `a and a.b`"),
    ("return 2 ** 3", "a power is written `a ^ b`"),
    ("return 1 << 3", "bits are moved by `bit32.lshift(a, n)`"),
    ("return 6 & 3", "bits are combined by `bit32.band(a, b)`"),
    ("import json\nreturn 1", "modules of flowrun are there"),
    ("from json import loads\nreturn 1", "modules of flowrun are there"),
    ("local d = new Date()\nreturn d", "nothing is made by `new`"),
    ("delete item.a\nreturn item", "a field is deleted by `t.field = nil`"),
    ("del item.a\nreturn item", "a field is deleted by `t.field = nil`"),
    ("print item\nreturn 1", "a call has brackets: `print(…)`"),
    ("return await http.get('x')", "nothing needs to be said to wait"),
    ("local s = \"\"\"a\nb\"\"\"\nreturn s", "a text over several lines is written `[[ … ]]`"),
    ("return item.end", "this name is a keyword"),
    ("return “text”", "quotes of texts are plain"),
    ("local x =\u{a0}1\nreturn x", "a space here that is none to Lua"),
    ("if item.a = 1 then return 1 end\nreturn 2", "`==` compares"),
    ("unless item.a then return 1 end", "write `if not … then … end`"),
    ("return item instanceof Date", "`type(x)` gives the type as a text"),
    ("pass\nreturn 1", "an empty block is just that"),
    ("async function f() return 1 end\nreturn f()", "nothing needs to be said to wait"),
    ("return string.format('%d', len)", "`#value` counts bytes or elements"),
    ("return require('json').decode(item.text)", "`json` is there without `require`"),
    ("return require('missing').f(item)", "there is no Lua file `missing.lua`"),
    ("return str.join({ 'a' }, ',')", "did you mean `table.concat`?"),
    ("return str.format('%d', 1)", "did you mean `string.format`?"),
    ("return tbl.contains({ 1 }, 1)", "did you mean `table.find`?"),
    ("return tbl.len({ 1 })", "`#list` counts"),
    ("return html.parse(item.text)", "did you mean `html.select`?"),
    ("return round(1.5)", "did you mean `math.round`?"),
    ("return max(1, 2)", "did you mean `math.max`?"),
    ("return min(1, 2)", "did you mean `math.min`?"),
    ("return abs(-1)", "did you mean `math.abs`?"),
    ("return sum({ 1 })", "`tbl.reduce(list, function(sum, n)"),
    ("return any({ 1 })", "look for one by a loop"),
    ("return sorted({ 1 })", "`tbl.sort_by(list, \"field\")`"),
    ("return isinstance(item, 1)", "`type(x)` gives the type as a text"),
    ("return bool(1)", "every value but nil and false is true"),
    ("return list(item)", "`{}` is a new table"),
    ("return str(1)", "`tostring(x)` makes a text"),
    ("log('x') return 1", "`log.info(…)` and `print(…)` write to the item's log"),
    ("return template('x', item)", "did you mean `template.render(text, values)`?"),
    ("return uuid()", "did you mean `uuid.v4()`?"),
    ("return { **item, a = 1 }", "maps are joined by `tbl.merge(a, b)`"),
    ("return {**item}", "maps are joined by `tbl.merge(a, b)`"),
    ("return {...item, a = 1}", "maps are joined by `tbl.merge(a, b)`"),
    ("return { a = item.c ? 1 : 2 }", "a choice is written `if condition then a else b`"),
    ("return item.c ? 'a' : 'b'", "a choice is written `if condition then a else b`"),
    ("try { foo() } catch (e) { bar() }\nreturn 1", "errors are caught by `local ok, err = pcall("),
    ("local x = 1\n// comment\nreturn x", "a comment begins with `--`"),
    ("if item.a then return 1 elif item.b then return 2 end", "write `elseif`"),
    ("return 1 if item.a else 2", "a choice is written `if condition then a else b`"),
    ("if item.a in { 1, 2 } then return 1 end\nreturn 2", "what a list holds is told by `table.find"),
    ("return \",\".join({ 1 })", "`table.concat(list, \",\")` joins a list"),
    ("return \"x {}\".format(1)", "texts with values in them are written in backticks"),
    ("return item.text[0:3]", "a part of a text is `str.sub(text, first, last)`"),
    ("return re.match(item.text, r'a')", "there are no raw strings"),
    ("return ${{ params.x }}", "this is Lua already, in which a name stands alone: `item.name`"),
    ("return {id: item.id}", "fields of a table are written `{ name = value }`"),
    ("for (let i = 0; i < 3; i++) { print(i) }", "a loop is written `for i = 1, n do … end`"),
    ("for x in item.tags do print(x) end\nreturn 1", "values are the second: `for _, value in list do`"),
    ("return item.tags[0]", "places count from 1"),
    ("return item.tags[-1]", "the last `list[#list]`"),
    ("return re.match('^a', item.text)", "the text comes first, then the pattern"),
];

#[test]
fn what_people_of_other_languages_write_is_said_before_anything_runs() {
    let mut wrong = Vec::new();
    for (lua, expect) in SLIPS {
        let (_, said) = checked(&map(lua));
        // What is too long for a line goes on in the next.
        let flat = said.replace("\n        ", " ").replace("\n  │ ", " ");
        if !flat.contains(expect) {
            wrong.push(format!("{lua}\n  must say: {expect}\n  says: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), SLIPS.len(), wrong.join("\n"));
    assert!(SLIPS.len() >= 155);
}

#[test]
fn a_file_that_cannot_be_read_names_the_one_that_is_meant() {
    let project = Project::with("steps:\n  a: { items: [1] }\n  b: { from: a, write: o.jsonl }\n")
        .file("slow.yaml", "steps:\n  a: { items: [1] }\n  b: { from: a, write: p.jsonl }\n")
        .file("other.yaml", "services: {}\n");
    for (argument, expect) in [
        ("slow.yml", "did you mean `slow.yaml`?"),
        ("slow", "did you mean `flowrun slow.yaml`?"),
        ("slwo.yaml", "did you mean `slow.yaml`?"),
        ("slow.toml", "did you mean `slow.yaml`?"),
        (
            ".",
            "name a file of it: `flowrun pipeline.yaml`, `flowrun slow.yaml`; `flowrun check` takes folders",
        ),
    ] {
        let ran = project.run(&[argument]);
        assert_eq!(ran.code, 2, "{argument}");
        assert!(ran.stderr.contains(expect), "{argument}: {}", ran.stderr);
    }
    let empty = Project::new();
    let ran = empty.run(&["."]);
    assert!(ran.code == 2 && ran.stderr.contains("`flowrun init` makes one"), "{}", ran.stderr);
}

/// Whatever there is of a step that has ended is known to the check, and nothing else.
#[test]
fn what_expressions_see_of_a_step_is_what_the_check_knows() {
    let pipeline = "steps:\n  a:\n    items: [1]\n  b:\n    from: a\n    map: 'flow.fail(\"x\")'\n    EXTRA\n  names:\n    needs: b\n    items:\n      lua: \"local all = steps.b.results and steps.b.errors and tbl.keys(steps.b) return all\"\n  c: { from: names, write: names.jsonl }\n";
    let project = Project::with(
        &pipeline
            .replace("    EXTRA\n", "")
            .replace("map: 'flow.fail(\"x\")'", "map: { lua: 'flow.fail(\"x\")', min_success_ratio: 0 }"),
    );
    project.run(&["pipeline.yaml"]).ok();
    let names: Vec<String> =
        project.read("names.jsonl").lines().map(|line| line.trim_matches('"').to_owned()).collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        let text = format!(
            "steps:\n  a: {{ items: [1] }}\n  b: {{ from: a, needs: a, when: steps.a.{name} ~= nil, write: o.jsonl }}\n"
        );
        let (code, said) = checked(&Project::with(&text));
        assert_eq!(code, 0, "{name}: {said}");
    }
    let (code, said) = checked(&Project::with(
        "steps:\n  a: { items: [1] }\n  b: { from: a, when: steps.a.totl > 0, write: o.jsonl }\n",
    ));
    assert!(code == 65 && said.contains("did you mean `steps.a.total`?"), "{said}");
}

#[test]
fn shares_in_percent_name_the_share() {
    for (given, expect) in
        [("90", "did you mean `0.9`?"), ("99.5", "did you mean `0.995`?"), ("900", "too large")]
    {
        let text = format!(
            "steps:\n  a: {{ items: [1] }}\n  b: {{ from: a, map: {{ lua: return 1, min_success_ratio: {given} }} }}\n  c: {{ from: b, write: o.jsonl }}\n"
        );
        let (code, said) = checked(&Project::with(&text));
        assert!(code == 65 && said.contains(expect), "{given}: {said}");
    }
}

#[test]
fn a_test_needs_the_parameters_that_its_step_sees_and_no_others() {
    let pipeline = |step: &str| {
        format!(
            "params:\n  day: {{ type: string, required: true }}\n  share: {{ type: number, required: true, min: 2 }}\n  factor: 2\nsteps:\n  \
             a: {{ read: \"in-${{{{ params.day }}}}.jsonl\" }}\n  b: {{ from: a, map: return item * params.factor }}\n  \
             c: {{ from: b, map: return item .. params.day }}\n  d: {{ from: c, write: \"out-${{{{ params.day }}}}.jsonl\" }}\n\
             tests:\n  - {{ name: one, step: {step}, items: [1], expect: [EXPECT] }}\n"
        )
    };
    let project = Project::with(&pipeline("b").replace("EXPECT", "2"));
    let ran = project.run(&["test", "pipeline.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let project = Project::with(&pipeline("c").replace("EXPECT", "1x"));
    let ran = project.run(&["test", "pipeline.yaml"]);
    assert!(ran.code == 2 && ran.stderr.contains("parameter `day` is required"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("`share`"), "{}", ran.stderr);
    let ran = project.run(&["test", "pipeline.yaml", "-p", "day=x"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}
