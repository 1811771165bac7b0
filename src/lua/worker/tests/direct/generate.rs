//! Random functions and random items: what people write, and what nobody should.

use crate::lua::options::ResultShape;
use crate::value::splitmix::{STEP, mix};

/// Names of fields. The last one is no name of Lua's.
const FIELDS: [&str; 7] = ["a", "b", "c", "d", "e", "id", "x y"];

/// A seed gives the same functions and items everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(STEP))
    }

    fn next(&mut self) -> u64 {
        let number = mix(self.0);
        self.0 = self.0.wrapping_add(STEP);
        number
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// `setup`, the function, and what it is the function of.
pub(super) fn function(random: &mut Random) -> (String, String, ResultShape) {
    let setup = "local calls = 0\nlocal function s(v)\n  if type(v) == 'table' or type(v) == 'function' then return type(v) end\n  return tostring(v)\nend";
    let shape = match random.below(10) {
        0 => ResultShape::Filter,
        1 => ResultShape::FlatMap,
        _ => ResultShape::Map,
    };
    // Functions that are nothing but expressions need no Lua.
    let plain = random.chance(40);
    let setup = if plain { "local calls = 0" } else { setup };
    let mut writer = Writer { random, plain, locals: 0, deep: 0 };
    let mut lua = String::new();
    for _ in 0..writer.random.below(4) {
        writer.statement(&mut lua);
    }
    if writer.random.chance(95) {
        writer.returned(&mut lua, shape);
    }
    (setup.to_owned(), lua, shape)
}

struct Writer<'r> {
    random: &'r mut Random,
    plain: bool,
    locals: usize,
    deep: usize,
}

impl Writer<'_> {
    fn field(&mut self) -> String {
        match self.random.one(&FIELDS) {
            "x y" => "item[\"x y\"]".to_owned(),
            name if self.random.chance(5) => format!("item\n  .{name}"),
            name => format!("item.{name}"),
        }
    }

    fn statement(&mut self, lua: &mut String) {
        self.deep += 1;
        let before = self.locals;
        match self.random.below(if self.plain { 4 } else { 11 }) {
            0 | 1 => {
                let value = self.expression(3);
                self.locals += 1;
                lua.extend([format!("local v{} = {value}\n", self.locals)]);
                self.deep -= 1;
                return;
            }
            2 if before > 0 => {
                let value = self.expression(2);
                lua.extend([format!("v{} = {value}\n", 1 + self.random.below(before))]);
            }
            3 if self.deep < 3 => {
                lua.extend([format!("if {} then\n", self.expression(2))]);
                self.statement(lua);
                if self.random.chance(30) {
                    self.returned(lua, ResultShape::Map);
                }
                self.locals = before;
                if self.random.chance(50) {
                    *lua += "else\n";
                    self.statement(lua);
                }
                *lua += "end\n";
            }
            4 => *lua += "calls += 1\n",
            5 => {
                let (field, value) = (self.field(), self.expression(2));
                lua.extend([format!("if type({field}) == 'table' then {field}.z = {value} end\n")]);
            }
            6 if self.random.chance(20) => {
                let (field, value) = (self.field(), self.expression(2));
                lua.extend([format!("{field} = {value}\n")]);
            }
            7 if self.deep < 3 => {
                let (line, last) = (self.random.one(&["\n  ", ""]), self.leaf());
                lua.extend([format!("for i = 1, {line}tonumber({last}) and 2 or {last} do\n")]);
                self.statement(lua);
                *lua += "end\n";
            }
            8 => lua.extend([format!("log.info(s({}))\n", self.expression(2))]),
            9 if self.random.chance(20) => {
                lua.extend([format!("if {} then error('no') end\n", self.expression(1))]);
            }
            10 => {
                let value = self.expression(1);
                lua.extend([format!("local function f{}() return {value} end\n", self.random.below(3))]);
            }
            _ => *lua += "-- nothing\n",
        }
        self.locals = before;
        self.deep -= 1;
    }

    fn returned(&mut self, lua: &mut String, shape: ResultShape) {
        let text = match (shape, self.random.below(10)) {
            (ResultShape::FlatMap, 0..9) => {
                format!("return {{ {}, {} }}\n", self.table(3), self.expression(2))
            }
            (ResultShape::Filter, 0..9) => format!("return {}\n", self.expression(3)),
            (_, 0..7) => format!("return {}\n", self.table(3)),
            (_, 7) => {
                let (name, value) = (self.random.one(&FIELDS[..6]), self.expression(2));
                format!("local r = {}\nr.{name} = {value}\nreturn r\n", self.table(1))
            }
            (_, 8) => "return\n".to_owned(),
            _ => format!("return {}\n", self.expression(2)),
        };
        lua.push_str(&text);
    }

    fn table(&mut self, depth: usize) -> String {
        let mut text = "{".to_owned();
        for _ in 0..self.random.below(6) {
            let name = match self.random.one(&["a", "b", "c", "d", "e", "zz", "id", "x y", "n"]) {
                "x y" => "[\"x y\"]".to_owned(),
                name if !self.plain && self.random.chance(5) => format!("[tostring('{name}')]"),
                name => name.to_owned(),
            };
            let value = if self.random.chance(50) { self.field() } else { self.expression(depth - 1) };
            text.extend([format!(
                " {name} = {value}{}",
                self.random.one(&[",", ",\n  ", ";", ", -- note\n  "])
            )]);
        }
        text + "}"
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 || self.random.chance(25) {
            return self.leaf();
        }
        let of = |writer: &mut Self| writer.expression(depth - 1);
        match self.random.below(if self.plain { 8 } else { 19 }) {
            0 | 1 => {
                let operators: &[&str] = if self.plain {
                    &["+", "-", "*", "/", "==", "~=", "<", "<=", ">", ">=", "and", "or"]
                } else {
                    &["+", "..", "%", "//", "^", "==", "<", "and", "or", "-"]
                };
                let (left, right) = (of(self), of(self));
                let line = if self.random.chance(5) { "\n  " } else { " " };
                format!("{left} {}{line}{right}", self.random.one(operators))
            }
            2 => format!("({})", of(self)),
            3 => format!("{} {}", self.random.one(&["not", "- "]), of(self)),
            4 => format!("(if {} then {} else {})", of(self), of(self), of(self)),
            5 => format!("#{}", self.leaf()),
            6 if self.random.chance(30) => {
                format!("({}):{}()", of(self), self.random.one(&["lower", "upper"]))
            }
            6 => {
                let names =
                    ["html.strip", "str.squeeze", "str.trim", "str.ltrim", "str.rtrim", "string.lower"];
                format!("{}({})", self.random.one(&names), of(self))
            }
            7 if self.random.chance(50) => format!("{} .. {}", of(self), of(self)),
            7 => {
                let names = ["str.contains", "str.starts_with", "str.ends_with"];
                format!("{}({}, {})", self.random.one(&names), of(self), of(self))
            }
            8 => format!("s({}{})", self.random.one(&["\n", "", ""]), of(self)),
            9 => format!(
                "{}({})",
                self.random.one(&["type", "tonumber", "json.encode", "math.floor", "string.upper"]),
                of(self)
            ),
            10 => format!("`<{{s({})}}>`", self.leaf()),
            11 => format!("(function() return {} end)()", of(self)),
            12 => self.table(depth),
            13 => format!("{{ {}, {} }}", of(self), of(self)),
            14 => format!("{}.{}", self.field(), self.random.one(&FIELDS[..6])),
            15 => format!("{}[{}{}]", self.field(), self.random.one(&["\n", ""]), self.leaf()),
            16 => format!("{}\n.{}", self.field(), self.random.one(&FIELDS[..6])),
            _ => format!("{}[1]", self.field()),
        }
    }

    fn leaf(&mut self) -> String {
        match self.random.below(12) {
            0..6 => self.field(),
            6 => self.random.one(&["0", "1", "2", "2.5", "1000", "0.1", "1e3"]).to_owned(),
            7 => self.random.one(&["'x'", "\"\"", "'10'", "'é'", "'a\\n'"]).to_owned(),
            8 => self.random.one(&["nil", "true", "false"]).to_owned(),
            9 if self.locals > 0 => format!("v{}", 1 + self.random.below(self.locals)),
            10 if !self.plain => {
                self.random.one(&["index", "calls", "json.null", "math.random(9)", "ctx.step"]).to_owned()
            }
            _ => self.random.one(&["1", "'y'"]).to_owned(),
        }
    }
}

/// One item's text, mostly an object.
pub(super) fn item(random: &mut Random) -> String {
    match random.below(60) {
        0 => value(random, 2),
        1 => "{\"a\":1".to_owned(),
        2 => "{\"a\":1,\"a\":[1],\"b\":{\"k\":1,\"k\":2}}".to_owned(),
        3 => "{\"\\u0061\":1,\"b\":2}".to_owned(),
        4 => "{\"a\":01}".to_owned(),
        _ => object(random, 2),
    }
}

fn object(random: &mut Random, depth: usize) -> String {
    let mut text = "{".to_owned();
    let space = if random.chance(20) { " " } else { "" };
    let first = random.below(FIELDS.len());
    let mut comma = "";
    for at in 0..FIELDS.len() {
        if random.chance(70) {
            // Mostly in the same order.
            let name = FIELDS[(if first < 2 { at + first } else { at }) % FIELDS.len()];
            text.extend([format!("{comma}{space}\"{name}\":{space}{}", value(random, depth))]);
            comma = ",";
        }
    }
    text + space + "}"
}

fn value(random: &mut Random, depth: usize) -> String {
    match random.below(if depth == 0 { 8 } else { 11 }) {
        0..2 => format!("{}", random.below(1000)),
        2 => random
            .one(&[
                "1.0",
                "-0",
                "0.5",
                "1e3",
                "2.50",
                "12.25",
                "-7",
                "1e18",
                "0.1",
                "100000000000000000000e-3",
            ])
            .to_owned(),
        3 => random.one(&["9007199254740993", "-9223372036854775808", "9007199254740992", "1"]).to_owned(),
        4..6 => random
            .one(&[
                "\"x\"",
                "\"\"",
                "\"10\"",
                "\"é\"",
                "\"a\\nb\"",
                "\"\\u00e9\\/\"",
                "\"hello world\"",
                "\"<b>Fish &amp;  chips</b> X\"",
                "\"  a \\n B\u{3000} \"",
                "\"y\"",
            ])
            .to_owned(),
        6 => random.one(&["null", "true", "false"]).to_owned(),
        7 => random.one(&["[]", "{}", "2", "3"]).to_owned(),
        8 => {
            let count = random.below(3);
            let space = if random.chance(20) { " " } else { "" };
            let values: Vec<String> = (0..count).map(|_| value(random, depth - 1)).collect();
            format!("[{}]", values.join(&format!(",{space}")))
        }
        _ => object(random, depth - 1),
    }
}
