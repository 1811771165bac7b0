//! This module knows what people mean by names that are not there: those of other languages, of Lua's parts that the sandbox
//! leaves out, of other libraries.

use super::known;
use crate::lua::host::{MODULES, Meaning, NAMED, functions};
use crate::source::nearest;

/// What to write for a name, several of which mean the same.
const NAMES: &[(&str, &str)] = &[
    (
        "null None NULL Null Nil NIL undefined nothing none",
        "Lua writes `nil`; the null of JSON is `json.null`",
    ),
    ("True TRUE", "Lua writes `true`"),
    ("False FALSE", "Lua writes `false`"),
    ("NaN nan", "it is `math.nan`"),
    ("Infinity inf", "it is `math.huge`"),
    (
        "self this it row rec record doc document data value input obj object elem element",
        "the item is `item`",
    ),
    ("idx i", "the item's position is `index`"),
    ("context", "it is `ctx`"),
    ("console printf println puts echo", "`print(…)` and `log.info(…)` write to the item's log"),
    ("logger logging", "`log.info(…)` writes to the item's log"),
    ("len length count size", "`#value` counts bytes or elements, `str.len(text)` characters"),
    ("float Number number parseInt parseFloat to_number", "`tonumber(…)` makes a number"),
    ("String str_ to_string repr", "`tostring(…)` makes a text"),
    ("range enumerate xrange", "write `for i = 1, n do … end`, or `for i, value in list do … end`"),
    ("dict list array Object Array Map Set", "`{}` is a new table"),
    ("JSON cjson dkjson simplejson", "`json.decode(…)` and `json.encode(…)` are there without `require`"),
    ("regex Regex RegExp pattern", "`re.match(text, pattern)` and its kind are there"),
    ("requests fetch axios curl urllib", "`http.get(url)` and its kind make requests"),
    ("subprocess system popen shell", "`exec.run({\"program\", \"argument\"})` runs programs"),
    ("datetime moment Date", "`time.now()`, `time.parse(text)` and `time.format(seconds)` are there"),
    (
        "getenv environ process ENV",
        "declare `env: { NAME: a default }` at the top of the file and write `env.NAME`",
    ),
    ("raise throw exit die abort panic", "`flow.fail(\"why\")` fails the item"),
    ("io", "files are read by `fs.read(path)` and written by `fs.write(path, text)`"),
    ("debug", "there is no `debug`; `error(\"…\")` says where it was raised"),
    (
        "load loadstring dofile loadfile package module import include",
        "other Lua files are loaded by `require(\"name\")`, below the folders of `lua_path`",
    ),
    ("collectgarbage gcinfo setfenv getfenv newproxy", "there is none here"),
    ("base64 hex gzip zstd", "it is in `codec`: `codec.base64.encode(…)`"),
    ("switch match case", "write `if … then … elseif … then … end`, or look it up in a table"),
    ("new", "nothing is made by `new`: call the function, or write a table, `{ … }`"),
    ("f", "a text with values in it is written in backticks: `…{value}…`"),
    ("try catch except finally", "errors are caught by `local ok, err = pcall(function() … end)`"),
    ("isinstance", "`type(x)` gives the type as a text"),
    (
        "bool boolean Boolean",
        "`x ~= nil and x ~= false` is a boolean; in conditions every value but nil and false is true",
    ),
    ("sorted", "`tbl.sort_by(list, \"field\")` gives a sorted copy, `table.sort(list)` sorts"),
    ("sum", "`tbl.reduce(list, function(sum, n) return sum + n end, 0)` sums"),
    ("any all some every", "look for one by a loop: `for _, x in list do if … then return true end end`"),
    ("filter map reduce", "`tbl.filter`, `tbl.map` and `tbl.reduce` take the list first, then the function"),
    ("zip", "write a loop: `for i, x in a do local y = b[i] … end`"),
    ("update assign", "`tbl.merge(a, b)` joins maps"),
    ("join", "did you mean `table.concat`?"),
    (
        "format",
        "did you mean `string.format`? Texts with values in them are written in backticks: `…{value}…`",
    ),
    ("upper lower", "did you mean `str.upper`, `str.lower`?"),
    ("vars args argv opts config settings parameters", "parameters are in `params`"),
];

/// What to write for a field of a module, several of which mean the same. The first word is the module.
const FIELDS: &[(&str, &str)] = &[
    ("io open lines read input", "`fs.read(path)` reads a file, `fs.write(path, text)` writes one"),
    ("io write stdout stderr output", "`print(…)` and `log.info(…)` write to the item's log"),
    ("io popen", "`exec.run({\"program\", \"argument\"})` runs programs"),
    ("os getenv", "declare `env: { NAME: a default }` at the top of the file and write `env.NAME`"),
    ("os execute", "`exec.run({\"program\", \"argument\"})` runs programs"),
    ("os exit", "`flow.fail(\"why\")` fails the item"),
    ("os remove", "did you mean `fs.remove`?"),
    ("os rename", "did you mean `fs.move`?"),
    ("os tmpname", "did you mean `fs.tempfile`?"),
    ("table size len length count", "`#list` counts"),
    ("math inf infinity Infinity", "did you mean `math.huge`?"),
    ("math mod", "did you mean `math.fmod`? `a % b` is the remainder too"),
    ("json loads parse load read", "did you mean `json.decode`?"),
    ("json dumps stringify dump write", "did you mean `json.encode`?"),
    ("csv loads parse reader read", "did you mean `csv.decode`?"),
    ("csv dumps stringify writer write", "did you mean `csv.encode`?"),
    ("yaml load safe_load parse", "did you mean `yaml.decode`?"),
    ("yaml dump safe_dump stringify", "did you mean `yaml.encode`?"),
    ("re search test fullmatch exec", "did you mean `re.match`?"),
    ("re sub replace", "did you mean `re.gsub`?"),
    ("re findall gmatch matchall finditer", "did you mean `re.find_all`?"),
    ("http fetch", "did you mean `http.get`?"),
    ("time strftime", "did you mean `time.format`?"),
    ("time strptime", "did you mean `time.parse`?"),
    ("time time", "did you mean `time.now`?"),
    ("fs open readfile read_file load", "did you mean `fs.read`?"),
    ("fs save writefile write_file", "did you mean `fs.write`?"),
    ("fs append", "`fs.write(path, text, { append = true })` appends"),
    ("fs delete unlink rm", "did you mean `fs.remove`?"),
    ("fs rename mv", "did you mean `fs.move`?"),
    ("fs cp", "did you mean `fs.copy`?"),
    ("fs ls dir readdir", "did you mean `fs.list`?"),
    ("str strip", "did you mean `str.trim`?"),
    ("str lstrip", "did you mean `str.ltrim`?"),
    ("str rstrip", "did you mean `str.rtrim`?"),
    ("str startswith startsWith", "did you mean `str.starts_with`?"),
    ("str endswith endsWith", "did you mean `str.ends_with`?"),
    ("str includes", "did you mean `str.contains`?"),
    ("str length", "did you mean `str.len`?"),
    ("str join concat", "did you mean `table.concat`?"),
    ("str format", "did you mean `string.format`?"),
    ("str find index indexOf", "did you mean `string.find`?"),
    ("str match", "did you mean `re.match`?"),
    ("str gsub", "did you mean `re.gsub`?"),
    ("tbl contains includes has find index indexOf", "did you mean `table.find`?"),
    ("tbl len length count size", "`#list` counts"),
    ("tbl insert append push add", "did you mean `table.insert`?"),
    ("tbl remove pop", "did you mean `table.remove`?"),
    ("tbl sort sorted", "did you mean `tbl.sort_by`?"),
    ("tbl concat join", "did you mean `table.concat`?"),
    ("tbl copy", "did you mean `tbl.clone`?"),
    ("tbl update extend assign", "did you mean `tbl.merge`?"),
    ("html parse find query querySelector", "did you mean `html.select`?"),
    ("str replace", "`re.gsub(text, pattern, replacement)` replaces"),
    ("string strip", "did you mean `str.trim`?"),
    ("string startswith startsWith", "did you mean `str.starts_with`?"),
    ("string endswith endsWith", "did you mean `str.ends_with`?"),
    ("string replace", "`re.gsub(text, pattern, replacement)` replaces"),
    ("string join", "did you mean `table.concat`?"),
    ("table join", "did you mean `table.concat`?"),
    ("table append push add", "did you mean `table.insert`?"),
    ("table pop", "did you mean `table.remove`?"),
    ("flow error raise", "did you mean `flow.fail`?"),
    ("steps succeeded success ok", "did you mean `steps.successes`?"),
    ("steps failed failure errors_count", "did you mean `steps.failures`?"),
    ("steps count items length size", "did you mean `steps.total`?"),
    ("steps ratio", "did you mean `steps.success_ratio`?"),
    ("ctx index", "the item's position is `index`"),
    ("ctx item", "the item is `item`"),
    ("ctx deadline timeout", "`ctx.remaining()` gives the seconds until the deadline"),
    ("ctx retries retry attempts", "`ctx.attempt` and `ctx.max_attempts` are there"),
    ("ctx previous prev error err", "`ctx.last` is how the attempt before failed, nil at the first"),
    ("ctx params", "parameters are in `params`"),
];

/// What a name that is nothing should probably be; `others` are the variables of the text.
pub(super) fn of_name(name: &str, others: &[String]) -> Option<String> {
    if others.iter().any(|other| other == name) {
        return Some(format!("the variable `{name}` is not there yet, or no longer"));
    }
    if let Some((_, advice)) = NAMES.iter().find(|(names, _)| names.split(' ').any(|known| known == name)) {
        return Some((*advice).to_owned());
    }
    let known = MODULES.iter().map(|(name, _)| *name);
    let of_lua = known::MODULES.iter().map(|(name, _)| *name);
    let known = known.chain(of_lua).chain(known::GLOBALS.iter().copied()).chain(known::OF_THE_RUN);
    let globals = functions().iter().filter(|function| function.module.is_empty());
    let known = known
        .chain(globals.map(|function| function.name))
        .chain(["item", "index", "ctx", "nil", "true", "false"]);
    let of_math = known::MODULES.iter().find(|(module, names)| {
        *module == "math" && name.len() > 1 && names.split(' ').any(|known| known == name)
    });
    let of_math = of_math.map(|_| format!("did you mean `math.{name}`?"));
    of_math.or_else(|| elsewhere(name)).or_else(|| {
        let near = nearest(name, known.chain(others.iter().map(String::as_str)))?;
        Some(format!("did you mean `{near}`?"))
    })
}

/// What a field that a module does not have should probably be.
pub(super) fn of_field(module: &str, field: &str) -> Option<String> {
    let is_it = |words: &str| {
        let mut words = words.split(' ');
        words.next() == Some(module) && words.any(|known| known == field)
    };
    if let Some((_, advice)) = FIELDS.iter().find(|(words, _)| is_it(words)) {
        return Some((*advice).to_owned());
    }
    let fields = fields(module);
    let near = nearest(field, fields.iter().map(String::as_str));
    near.map(|near| format!("did you mean `{module}.{near}`?")).or_else(|| elsewhere(field))
}

/// The function of this name in some module of ours.
fn elsewhere(name: &str) -> Option<String> {
    let is_function = |module: &str| module.starts_with(|first: char| first.is_ascii_lowercase());
    let mut known = functions().iter().filter(|function| is_function(function.module));
    let found = known.find(|function| function.name == name)?;
    Some(format!("did you mean `{}.{}`?", found.module, found.name))
}

/// What is in a module of this name; empty: there is none.
pub(super) fn fields(module: &str) -> Vec<String> {
    if module == known::CONTEXT {
        let context = NAMED.iter().find(|named| named.name == "Context");
        let Some(Meaning::Fields(fields)) = context.map(|named| named.meaning) else { return Vec::new() };
        return fields.iter().map(|field| field.name.to_owned()).collect();
    }
    if module == known::STEPS {
        return known::STEP_FIELDS.split(' ').map(str::to_owned).collect();
    }
    if let Some((_, names)) = known::MODULES.iter().find(|(name, _)| *name == module) {
        return names.split(' ').map(str::to_owned).collect();
    }
    let mut found = Vec::new();
    for function in functions() {
        if function.module == module {
            found.push(function.name.to_owned());
        } else if let Some(inner) =
            function.module.strip_prefix(module).and_then(|rest| rest.strip_prefix('.'))
            && !found.iter().any(|name| name == inner)
        {
            found.push(inner.to_owned());
        }
    }
    found
}

/// What to write where a module itself is called.
pub(super) fn of_called_module(module: &str) -> String {
    let known = match module {
        "str" | "string" => "`tostring(x)` makes a text",
        "log" => "`log.info(…)` and `print(…)` write to the item's log",
        "template" => "did you mean `template.render(text, values)`?",
        "uuid" => "did you mean `uuid.v4()`?",
        "time" => "did you mean `time.now()`?",
        "json" => "did you mean `json.encode(value)` or `json.decode(text)`?",
        "http" => "did you mean `http.get(url)`?",
        "re" => "did you mean `re.match(text, pattern)`?",
        "exec" => "did you mean `exec.run({ \"program\", \"argument\" })`?",
        "rand" | "math" => "did you mean `rand.float()` or `rand.int(first, last)`?",
        "table" | "tbl" => "`{}` is a new table",
        _ => return format!("call one of its functions: {}", listed(&fields(module))),
    };
    known.to_owned()
}

/// Names with commas between them.
pub(super) fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
