//! Every function of the registry × arguments that are far too large or too odd, under a small `memory` and `timeout`: each item
//! ends, those behind it run, the process ends by itself, and its memory stays bounded. How fast things are is left to the benches.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use super::measured;
use crate::project::Project;

/// Megabytes that the process may take with a worker of 64 MB: what it holds, and copies on the way in and out.
const PEAK_MAX: u64 = 400;

/// Calls by the function of the registry. `S` stands for a large string, `T` for a large table, `N` for an extreme number.
const CALLS: &[(&str, &[&str])] = &[
    ("print", &["print(S, S)"]),
    ("require", &["require(S)"]),
    ("flow.skip", &["flow.skip(S)"]),
    ("flow.fail", &["flow.fail(S)", "flow.fail('x', T)"]),
    ("flow.retry", &["flow.retry(S)", "flow.retry('x', {after = N})"]),
    ("log.debug", &["log.debug(S)"]),
    ("log.info", &["log.info('x', T)"]),
    ("log.warn", &["log.warn(S, {s = S})"]),
    ("log.error", &["log.error('x', {s = S})"]),
    (
        "json.decode",
        &["json.decode(S)", "json.decode('[' .. S:gsub('.', '1,') .. '1]')", "json.decode(json.encode(T))"],
    ),
    (
        "json.encode",
        &["json.encode(S)", "json.encode(T)", "json.encode(T, {pretty = true})", "json.encode(N)"],
    ),
    ("json.null", &["json.encode({json.null, S})"]),
    ("json.array", &["json.array(T)"]),
    ("json.object", &["json.encode(json.object(T))"]),
    ("json.lines", &["json.lines(S)", "json.lines(S:gsub('.', '1\\n'))"]),
    ("csv.decode", &["csv.decode(S)", "csv.decode(S, {header = false})", "csv.decode(('a,'):rep(#S // 2))"]),
    ("csv.encode", &["csv.encode(T)", "csv.encode({{S, S}})", "csv.encode({T})"]),
    (
        "yaml.decode",
        &["yaml.decode(S)", "yaml.decode('[' .. ('1, '):rep(#S // 3) .. ']')", "yaml.decode(json.encode(S))"],
    ),
    ("yaml.encode", &["yaml.encode(T)", "yaml.encode(S)", "yaml.encode(N)"]),
    ("toml.decode", &["toml.decode(S)", "toml.decode('a=[' .. ('1,'):rep(#S // 2) .. ']')"]),
    ("toml.encode", &["toml.encode({x = T})", "toml.encode({x = S})", "toml.encode({x = N})"]),
    ("str.trim", &["str.trim(S)", "str.trim((' '):rep(#S))"]),
    ("str.ltrim", &["str.ltrim((' '):rep(#S))"]),
    ("str.rtrim", &["str.rtrim((' '):rep(#S))"]),
    ("str.split", &["str.split(S)", "str.split(S, '')", "str.split(S, ',', N)"]),
    ("str.lines", &["str.lines(S)"]),
    ("str.squeeze", &["str.squeeze(S)"]),
    ("str.starts_with", &["str.starts_with(S, S)"]),
    ("str.ends_with", &["str.ends_with(S, S)"]),
    ("str.contains", &["str.contains(S, 'b' .. S:sub(1, #S // 2))"]),
    ("str.len", &["str.len(S)"]),
    ("str.sub", &["str.sub(S, -N, N)", "str.sub(S, N)"]),
    ("str.lower", &["str.lower(S)", "str.lower('İ' .. S)"]),
    ("str.upper", &["str.upper(S)", "str.upper(('ΐ'):rep(#S // 2))"]),
    ("str.normalize", &["str.normalize(S, 'NFKD')", "str.normalize(('\\u{fdfa}'):rep(#S // 3), 'NFKC')"]),
    ("str.slug", &["str.slug(S)", "str.slug(('\\u{fdfa}'):rep(#S // 3))"]),
    ("str.truncate", &["str.truncate(S, N)", "str.truncate(S, 5, S)"]),
    ("str.words", &["str.words(S)"]),
    ("str.distance", &["str.distance(S, 'x' .. S .. 'y')", "str.distance(S, S:reverse())"]),
    ("tbl.keys", &["tbl.keys(T)"]),
    ("tbl.values", &["tbl.values(T)"]),
    ("tbl.map", &["tbl.map(T, function(v) return {v} end)"]),
    ("tbl.filter", &["tbl.filter(T, function(v) return v end)"]),
    ("tbl.reduce", &["tbl.reduce(T, function(a, b) return b end, 0)"]),
    ("tbl.sort_by", &["tbl.sort_by(T, function(v) return tostring(v) end)"]),
    ("tbl.group_by", &["tbl.group_by(T, function(v) return tostring(v) end)"]),
    ("tbl.merge", &["tbl.merge(T, T)"]),
    ("tbl.pick", &["tbl.pick(T, T)"]),
    ("tbl.omit", &["tbl.omit(T, T)"]),
    ("tbl.get", &["tbl.get(T, S)", "tbl.get(T, T)"]),
    ("tbl.set", &["tbl.set({}, ('a.'):rep(#S // 2), 1)"]),
    ("tbl.equal", &["tbl.equal(T, tbl.clone(T))"]),
    ("tbl.clone", &["tbl.clone(T)"]),
    ("rand.int", &["rand.int(N, N)", "rand.int(0, N)", "rand.int(-N, N)"]),
    ("rand.float", &["rand.float(N, N)", "rand.float(-N, N)"]),
    ("rand.pick", &["rand.pick(T)"]),
    ("rand.shuffle", &["rand.shuffle(T)"]),
    ("uuid.v4", &["uuid.v4(S)"]),
    ("uuid.v7", &["uuid.v7(N)"]),
    ("time.now", &["time.now(N)"]),
    ("time.parse", &["time.parse(S)", "time.parse('2024', S)"]),
    ("time.format", &["time.format(N)", "time.format(0, S)"]),
    ("time.iso", &["time.iso(N)"]),
    ("time.sleep", &["time.sleep(N)"]),
    ("time.duration", &["time.duration(S)", "time.duration(N)"]),
    ("path.join", &["path.join(S, S, S, S, S, S, S, S)"]),
    ("path.dir", &["path.dir(S)"]),
    ("path.base", &["path.base(S)"]),
    ("path.stem", &["path.stem(S)"]),
    ("path.ext", &["path.ext(S)"]),
    ("path.with_ext", &["path.with_ext(S, 'a')", "path.with_ext('a', S)"]),
    ("path.relative", &["path.relative(S, ('a/'):rep(#S // 2))", "path.relative('/', ('a/'):rep(#S // 2))"]),
    ("path.absolute", &["path.absolute(('a/'):rep(#S // 2))", "path.absolute(S)"]),
    ("hash.sha256", &["hash.sha256(S)"]),
    ("hash.sha1", &["hash.sha1(S)"]),
    ("hash.md5", &["hash.md5(S)"]),
    ("hash.blake3", &["hash.blake3(S)"]),
    ("hash.xxh3", &["hash.xxh3(S)"]),
    ("hash.file", &["hash.file('sparse')", "hash.file(S)", "hash.file('sparse', S)"]),
    ("hash.hmac", &["hash.hmac('sha256', S, S)", "hash.hmac(S, 'k', 'x')"]),
    ("fs.read", &["fs.read('sparse')", "fs.read(S)"]),
    ("fs.write", &["fs.write('written', S)", "fs.write(S, 'x')", "fs.write('written', S, {atomic = true})"]),
    ("fs.exists", &["fs.exists(S)"]),
    ("fs.stat", &["fs.stat(S)"]),
    ("fs.list", &["fs.list(S)"]),
    ("fs.glob", &["fs.glob(S)", "fs.glob(('{a,'):rep(20) .. ('}'):rep(20))"]),
    ("fs.mkdir", &["fs.mkdir(S)", "fs.mkdir(('a/'):rep(#S // 2))"]),
    ("fs.copy", &["fs.copy('sparse', S)", "fs.copy(S, 'to')"]),
    ("fs.move", &["fs.move(S, 'to')"]),
    ("fs.remove", &["fs.remove(S)"]),
    ("fs.tempfile", &["fs.tempfile(S)"]),
    ("codec.base64.encode", &["codec.base64.encode(S)", "codec.base64.encode('x', S)"]),
    ("codec.base64.decode", &["codec.base64.decode(S)", "codec.base64.decode(('A'):rep(#S))"]),
    ("codec.hex.encode", &["codec.hex.encode(S)"]),
    ("codec.hex.decode", &["codec.hex.decode(('0'):rep(#S))", "codec.hex.decode(S)"]),
    ("codec.url.encode", &["codec.url.encode(S)"]),
    ("codec.url.decode", &["codec.url.decode(S)", "codec.url.decode(('%41'):rep(#S // 3))"]),
    ("codec.gzip.encode", &["codec.gzip.encode(S, 9)", "codec.gzip.encode('x', N)"]),
    (
        "codec.gzip.decode",
        &["codec.gzip.decode(codec.gzip.encode(('\\0'):rep(#S)))", "codec.gzip.decode(bomb.gz)"],
    ),
    ("codec.zstd.encode", &["codec.zstd.encode(S, 19)", "codec.zstd.encode('x', N)"]),
    (
        "codec.zstd.decode",
        &["codec.zstd.decode(codec.zstd.encode(('\\0'):rep(#S)))", "codec.zstd.decode(bomb.zst)"],
    ),
    ("url.parse", &["url.parse('http://a/' .. S)"]),
    (
        "url.build",
        &[
            "url.build({scheme = 'http', host = 'a', path = S, query = {a = {S, S, S, S}}})",
            "url.build({scheme = 'http', host = 'a', query = T})",
        ],
    ),
    ("url.join", &["url.join('http://a/', S)"]),
    ("url.encode", &["url.encode(S)", "url.encode(T)"]),
    ("url.decode", &["url.decode(S)"]),
    (
        "http.get",
        &[
            "http.get('http://127.0.0.1:1/' .. S)",
            "http.get('http://127.0.0.1:1/', {query = T})",
            "http.get('http://127.0.0.1:1/', {headers = {a = S}})",
        ],
    ),
    (
        "http.post",
        &["http.post('http://127.0.0.1:1/', {body = S})", "http.post('http://127.0.0.1:1/', {json = T})"],
    ),
    ("http.put", &["http.put('http://127.0.0.1:1/', {form = T})"]),
    (
        "http.delete",
        &[
            "http.delete('http://127.0.0.1:1/', {timeout = N})",
            "http.delete('http://127.0.0.1:1/', {max_bytes = N})",
        ],
    ),
    ("http.request", &["http.request({url = S})", "http.request({url = 'http://127.0.0.1:1/', method = S})"]),
    (
        "exec.run",
        &[
            "exec.run({'cat'}, {stdin = S, max_output = 1e12})",
            "exec.run({'head', '-c', tostring(#S), '/dev/zero'}, {max_output = 1e12})",
            "exec.run({'true', S})",
            "exec.run(tbl.merge({'true'}, T))",
            "exec.run({'true'}, {env = {A = S}})",
            "exec.run({'true'}, {timeout = N, max_output = N})",
        ],
    ),
    ("image.open", &["image.open('sparse')", "image.open('huge.png')", "image.open(S)"]),
    ("image.decode", &["image.decode(S)", "image.decode(fs.read('huge.png'))"]),
    ("Image:resize", &["image.open('a.png'):resize(N, N)", "image.open('a.png'):resize(5000, 5000)"]),
    ("Image:crop", &["image.open('a.png'):crop(N, N, N, N)"]),
    ("Image:rotate", &["image.open('a.png'):rotate(N)"]),
    ("Image:grayscale", &["image.open('a.png'):resize(3000, 3000):grayscale()"]),
    ("Image:save", &["image.open('a.png'):save(S)"]),
    (
        "Image:encode",
        &[
            "image.open('a.png'):resize(3000, 3000):encode('png')",
            "image.open('a.png'):resize(3000, 3000):encode('gif')",
            "image.open('a.png'):resize(3000, 3000):encode('webp')",
            "image.open('a.png'):resize(3000, 3000):encode('tiff')",
            "image.open('a.png'):encode(S)",
            "image.open('a.png'):encode('jpeg', {quality = N})",
        ],
    ),
    ("string.rep", &["string.rep(S, N)", "string.rep('ab', N)"]),
    ("string.find", &["string.find(S, 'b' .. S:sub(1, #S // 2), 1, true)", "string.find(S, S)"]),
    ("string.split", &["string.split(S, ',')", "string.split(S, '')"]),
    ("string.format", &["string.format('%s%s', S, S)"]),
    ("table.concat", &["table.concat({S, S, S, S})"]),
    ("result", &["{S, S, S, S, S, S, S, S, S, S}", "T", "N"]),
];

/// Modules whose bounds are tested beside their own code: parsers of patterns and markup, templates, and databases.
const ELSEWHERE: [&str; 6] = ["html", "re", "Compiled", "template", "sqlite", "Database"];

/// Lua expressions of large strings of `n` bytes: text, one character, and what has to be escaped.
const STRINGS: [&str; 3] =
    [r#"('word, "é" 1\n'):rep(n // 14)"#, "('a'):rep(n)", r#"(',[{&<"\0:\t'):rep(n // 9)"#];
const SIZES: [&str; 3] = ["65536", "1048576", "50000000"];

/// Lua expressions of large tables: of numbers, of maps, of one string many times, of many keys, nested.
const TABLES: [&str; 6] = [
    "many(1000000, function(i) return i end)",
    "many(100000, function(i) return {a = i, b = 'x'} end)",
    "many(1000, function() return BIG end)",
    "many(20000, function(i) return 'k' .. i end)",
    "(function() local t = {} for i = 1, 200000 do t['k' .. i] = i end return t end)()",
    "(function() local t = {many(1000, function(i) return i end)} for i = 1, 600 do t = {t, t} end return t end)()",
];
const NUMBERS: [&str; 8] = ["0", "-1", "0.5", "2^53", "1e308", "0/0", "1/0", "-2^63"];

/// Every call with every kind of argument.
fn expressions() -> Vec<String> {
    let mut all = Vec::new();
    for (number, (_, calls)) in CALLS.iter().enumerate() {
        for call in *calls {
            let has = |name: &str| call.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == name);
            if has("S") {
                for (at, string) in STRINGS.iter().enumerate() {
                    // Of the largest, one kind each: they take most of the time.
                    let sizes = if (number + at) % STRINGS.len() == 0 { 3 } else { 2 };
                    for n in &SIZES[..sizes] {
                        all.push(format!("local n = {n} local S = {string} return {call}"));
                    }
                }
            } else if has("T") {
                all.extend(TABLES.iter().map(|table| format!("local T = {table} return {call}")));
            } else if has("N") {
                all.extend(NUMBERS.iter().map(|number| format!("local N = {number} return {call}")));
            } else {
                all.push(format!("return {call}"));
            }
        }
    }
    all
}

fn project(expressions: &[String]) -> Project {
    let mut functions = String::new();
    for one in expressions {
        writeln!(functions, "          function() {one} end,").expect("memory");
    }
    let project = Project::with(&format!(
        "x-allow: [unused_step, unread_failures, not_permitted]\npermissions: {{exec: [cat, head, 'true'], net: [127.0.0.1], read: [.], write: [.]}}\n\
         steps:\n  numbers:\n    items: {{lua: 'local l = {{}} for i = 1, {} do l[i] = i end return l'}}\n  try:\n    from: numbers\n    \
         map:\n      concurrency: 1\n      memory: 64MB\n      timeout: 2s\n      slow_after: 500ms\n      min_success_ratio: 0\n      setup: |\n        \
         local BIG = ('x'):rep(1e6)\n        local bomb = {{gz = fs.read('bomb.gz'), zst = fs.read('bomb.zst')}}\n        \
         local function many(count, value)\n          local t = table.create(count)\n          \
         for i = 1, count do t[i] = value(i) end\n          return t\n        end\n        local calls = {{\n{functions}        }}\n      \
         lua: |\n        calls[item]()\n        return item\n",
        expressions.len(),
    ));
    let sparse = fs::File::create(project.path("sparse")).expect("a folder of ours");
    sparse.set_len(10_000_000_000).expect("a sparse file");
    let bomb = vec![0; 200_000_000];
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &bomb).expect("memory");
    let zst = zstd::encode_all(&*bomb, 3).expect("memory");
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(20, 20).write_to(&mut png, image::ImageFormat::Png).expect("memory");
    let mut huge = png.get_ref().clone();
    // The size that the head claims; its checksum is the business of decoders.
    huge[16..24].copy_from_slice(&[0, 0, 0x70, 0, 0, 0, 0x70, 0]);
    project
        .file("bomb.gz", gz.finish().expect("memory"))
        .file("bomb.zst", zst)
        .file("a.png", png.into_inner())
        .file("huge.png", huge)
}

#[test]
fn every_function_is_tried_here_or_beside_its_code() {
    let tried: BTreeSet<&str> = CALLS.iter().map(|(name, _)| *name).collect();
    let elsewhere = |name: &str| ELSEWHERE.contains(&name.split(['.', ':']).next().unwrap_or_default());
    let missing: Vec<String> = flowrun::lua::functions()
        .iter()
        .map(flowrun::lua::Function::shown)
        .filter(|name| !tried.contains(name.as_str()) && !elsewhere(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn whatever_the_arguments_every_item_ends_and_memory_is_bounded() {
    let expressions = expressions();
    let project = project(&expressions);
    let (code, peak) =
        measured(&project, &["pipeline.yaml", "--quiet", "--no-state", "--events", "events.jsonl"]);
    let events = project.read("events.jsonl");
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut slow: BTreeMap<u64, f64> = BTreeMap::new();
    let (mut total, mut panics) = (0, Vec::new());
    for event in events {
        if event["event"] == "step_finished" && event["step"] == "try" {
            let count = |key: &str| event[key].as_u64().expect("a number");
            total = count("successes") + count("failures") + count("skipped");
        }
        if let (Some(index), Some(elapsed)) = (event["index"].as_u64(), event["elapsed"].as_f64()) {
            slow.insert(index, elapsed);
        }
        if event["kind"] == "panic" {
            let index = event["index"].as_u64().expect("a number");
            panics.push(expressions[index as usize - 1].clone());
        }
    }
    let mut slow: Vec<(f64, u64)> = slow.into_iter().map(|(index, elapsed)| (elapsed, index)).collect();
    slow.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (elapsed, index) in slow.iter().take(20) {
        println!("longer than {elapsed:.1} s: {}", expressions[*index as usize - 1]);
    }
    println!("{} calls, {peak} MB", expressions.len());
    assert_eq!(total, expressions.len() as u64, "exit code {code}");
    assert_eq!(panics, Vec::<String>::new());
    assert_eq!(code, 0);
    assert!(peak < PEAK_MAX, "{peak} MB");
}
