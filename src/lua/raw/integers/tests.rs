//! These tests go over all operators and all functions of the standard library, with integers of all sizes.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use mlua::Value;
use mlua::chunk::Compiler;

use super::library;
use crate::event::StepId;
use crate::lua::raw::{Current, LuaContext, Vm};
use crate::lua::{Cancel, Guard};

/// Small ones, those at the ends of what floats hold exactly, big ones and the extremes.
const VALUES: [i64; 19] = [
    0,
    1,
    -1,
    2,
    -7,
    16,
    1000,
    -1_000_000_007,
    (1 << 53) - 1,
    1 << 53,
    -(1 << 53),
    (1 << 53) + 1,
    -(1 << 53) - 1,
    1_234_567_890_123_456_789,
    -1_234_567_890_123_456_789,
    i64::MAX - 1,
    i64::MAX,
    i64::MIN + 1,
    i64::MIN,
];

fn is_big(value: i64) -> bool {
    value.unsigned_abs() > 1 << 53
}

/// With `B`, `N`, `MAX` and `MIN` for big numbers.
fn vm() -> Vm {
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
    let mut current = Current::new(guard, 1, true);
    current.memory = crate::lua::Memory::of_step(64_000_000);
    let context = LuaContext { step: "s", run: "r", worker: 1, max_attempts: 1 };
    let vm = Vm::open(Rc::new(current), &context).expect("opens");
    let names = "B, N = int('1234567890123456789'), int('-1234567890123456789')
        MAX, MIN = int('9223372036854775807'), int('-9223372036854775808')";
    vm.lua().load(names).exec().expect("set");
    vm
}

/// As the worker loads code.
fn eval<R: mlua::FromLuaMulti>(vm: &Vm, text: &str) -> mlua::Result<R> {
    let compiler = Compiler::new().set_optimization_level(2).add_disabled_builtin("tonumber");
    vm.lua().load(text).set_name("=x").set_compiler(compiler).eval()
}

/// The value of an expression as JSON text, or its error.
fn shown(vm: &Vm, expression: &str) -> String {
    let text = format!(
        "local function packed(...)
            local list = json.array({{...}})
            return if #list == 1 then list[1] else list
        end
        local ok, value = pcall(function() return json.encode(packed({expression})) end)
        return if ok then value else 'error: ' .. (if type(value) == 'string' then value else value.message)"
    );
    eval::<String>(vm, &text).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

/// What Lua 5.4 says, reckoned in 128 bits; `None` for a division by zero.
fn expected(operator: &str, a: i64, b: i64) -> Option<i64> {
    let (a, b) = (i128::from(a), i128::from(b));
    let floor = |a: i128, b: i128| if b < 0 { (-a).div_euclid(-b) } else { a.div_euclid(b) };
    let exact = match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        _ if b == 0 => return None,
        "//" => floor(a, b),
        _ => a - floor(a, b) * b,
    };
    Some(exact as i64)
}

#[test]
fn between_whole_numbers_arithmetic_is_exact_and_wraps_around() {
    let vm = vm();
    for operator in ["+", "-", "*", "//", "%"] {
        for (a, b) in VALUES.iter().flat_map(|a| VALUES.map(|b| (*a, b))) {
            if !is_big(a) && !is_big(b) {
                continue;
            }
            for text in [
                format!("local a, b = int('{a}'), int('{b}') return a {operator} b, type(a {operator} b)"),
                format!("local a = int('{a}') {operator} int('{b}') return a, type(a)"),
            ] {
                let got = eval::<(Value, String)>(&vm, &text);
                if let Some(expect) = expected(operator, a, b) {
                    let kind = if is_big(expect) { "integer" } else { "number" };
                    assert_eq!(got.expect(&text), (Value::Integer(expect), kind.to_owned()), "{text}");
                } else {
                    let message = got.expect_err(&text).to_string();
                    let expect = format!("x:1: attempt to perform 'n{operator}0'").replace("n%0", "n%%0");
                    assert!(message.contains(&expect), "{text}: {message}");
                }
            }
        }
    }
}

#[test]
fn constants_in_the_code_and_compound_assignments_count_as_well() {
    let vm = vm();
    for (expression, expect) in [
        ("B + 1", "1234567890123456790"),
        ("1 + B", "1234567890123456790"),
        ("B - B", "0"),
        ("1 - N", "1234567890123456790"),
        ("B % 16", "5"),
        ("16 % B", "16"),
        ("B // 10", "123456789012345678"),
        ("-B", "-1234567890123456789"),
        ("-MIN", "-9223372036854775808"),
        ("- - B", "1234567890123456789"),
        ("B + '1'", "1234567890123456790"),
        ("'1234567890123456789' - B", "0"),
        ("B / 1e9", "1234567890.1234567"),
        ("1e9 / B", "8.100000072900001e-10"),
        ("B / B", "1"),
        ("B ^ 2", "1.5241578753238835e+36"),
        ("2 ^ N", "0"),
        ("B + 0.5", "1.2345678901234568e+18"),
        ("B * 1.5", "1.8518518351851853e+18"),
        ("B // 0.5", "2.4691357802469135e+18"),
        ("B % 1.5", "0"),
        ("B + 1e300", "1e+300"),
        ("(function() local a = B a += 1 a *= 2 a -= MAX a //= 3 a %= 7 return a end)()", "6"),
        ("(function() local s = 'n' s ..= B return s end)()", "\"n1234567890123456789\""),
    ] {
        assert_eq!(shown(&vm, expression), expect, "{expression}");
    }
}

#[test]
fn operands_that_are_no_numbers_are_refused_in_the_words_of_the_vm() {
    let vm = vm();
    let way = ": one is an integer beyond 2^53; write `tbl.less(a, b)`, `tbl.equal(a, b)`, or compare `tonumber(a)`";
    for (expression, expect) in [
        ("B + nil", "x:5: attempt to perform arithmetic (add) on number and nil"),
        ("{} // B", "x:5: attempt to perform arithmetic (idiv) on table and number"),
        ("B .. nil", "x:5: attempt to concatenate number with nil"),
        ("B * 'x'", "x:5: attempt to perform arithmetic (mul) on number and string"),
        ("#B", "x:5: attempt to get length of a integer value"),
        ("B.x", "x:5: attempt to index integer with 'x'"),
        ("B < 1", &format!("x:5: attempt to compare integer < number{way}")),
        ("1 <= B", &format!("x:5: attempt to compare number <= integer{way}")),
        ("B < 'x'", "x:5: attempt to compare integer < string"),
    ] {
        assert_eq!(shown(&vm, expression), format!("error: {expect}"), "{expression}");
    }
    let own = "setmetatable({}, {__add = function(a, b) return type(a) .. type(b) end, __concat = function() return 'c' end})";
    assert_eq!(
        shown(&vm, &format!("B + {own}, {own} + B, B .. {own}")),
        r#"["integertable","tableinteger","c"]"#
    );
}

#[test]
fn comparisons_hold_as_they_do_for_the_values() {
    let vm = vm();
    for (a, b) in VALUES.iter().flat_map(|a| VALUES.map(|b| (*a, b))) {
        let text = format!("local a, b = int('{a}'), int('{b}') return tbl.less(a, b), a == b, a ~= b");
        let got: (bool, bool, bool) = eval(&vm, &text).expect(&text);
        assert_eq!(got, (a < b, a == b, a != b), "{text}");
        if is_big(a) == is_big(b) {
            let text = format!("local a, b = int('{a}'), int('{b}') return a < b, a <= b, a > b, a >= b");
            let got: (bool, bool, bool, bool) = eval(&vm, &text).expect(&text);
            assert_eq!(got, (a < b, a <= b, a > b, a >= b), "{text}");
        }
    }
    for (expression, expect) in [
        (
            "tbl.less(B, 1e300), tbl.less(1e300, B), tbl.less(B, 0/0), tbl.less(0/0, B)",
            "[true,false,false,false]",
        ),
        (
            "tbl.less(MAX, 2^63), tbl.less(2^63, MAX), tbl.less(MIN, -2^63), tbl.less(-2^63, MIN)",
            "[true,false,false,false]",
        ),
        ("tbl.less('a', 'b'), tbl.less('b', 'a')", "[true,false]"),
        ("tbl.less(1, 'b')", "error: bad argument #2 to `tbl.less` (number expected, got string)"),
        ("tbl.less(nil, B)", "error: bad argument #1 to `tbl.less` (number or string expected, got nil)"),
        ("({[B] = 'x'})[B], ({[B] = 'x'})[B - 1] == nil, rawequal(B, B + 0)", "[\"x\",true,true]"),
    ] {
        assert_eq!(shown(&vm, expression), expect, "{expression}");
    }
}

/// Calls of the standard library with big integers in every place that takes a number or text.
const CALLS: &[(&str, &str)] = &[
    (
        "tostring(B), `{B}`, tostring(MIN)",
        r#"["1234567890123456789","1234567890123456789","-9223372036854775808"]"#,
    ),
    (
        "tonumber(B) == 1234567890123456768, type(tonumber(B)), tonumber(MAX) == 2^63",
        r#"[true,"number",true]"#,
    ),
    ("tonumber(int('12345678901234567'), 16) == 0x12345678901234567", "true"),
    ("select(B, 1, 2)", "[]"),
    ("select(N, 1, 2)", "error: x:5: invalid argument #1 to 'select' (index out of range)"),
    ("select(-1, B)", "1234567890123456789"),
    ("'id-' .. B .. '-' .. N .. 1.5", r#""id-1234567890123456789--12345678901234567891.5""#),
    (
        "math.floor(B), math.ceil(N), math.round(MAX)",
        "[1234567890123456789,-1234567890123456789,9223372036854775807]",
    ),
    (
        "math.abs(N), math.abs(MIN), math.sign(N), math.sign(B)",
        "[1234567890123456789,-9223372036854775808,-1,1]",
    ),
    (
        "math.max(0, B, N), math.min(0, B, N), math.max(1e300, B), math.min(B)",
        "[1234567890123456789,-1234567890123456789,1e+300,1234567890123456789]",
    ),
    ("math.max(B, 'x')", "error: x:5: invalid argument #2 to 'max' (number expected, got string)"),
    (
        "math.clamp(B, 0, 5), math.clamp(0, B, MAX), math.clamp(B, N, MAX)",
        "[5,1234567890123456789,1234567890123456789]",
    ),
    (
        "math.clamp(B, 5, 0)",
        "error: x:5: invalid argument #3 to 'clamp' (max must be greater than or equal to min)",
    ),
    ("math.fmod(N, 10), math.fmod(10, B), math.fmod(MIN, -1), math.fmod(B, 2.5)", "[-9,10,0,0.5]"),
    ("math.fmod(B, 0)", "error: x:5: invalid argument #2 to 'fmod' (zero)"),
    ("math.modf(B)", "[1234567890123456789,0]"),
    (
        "math.sqrt(B) == math.sqrt(tonumber(B)), math.ldexp(1, N), math.pow(B, 1) == tonumber(B)",
        "[true,0,true]",
    ),
    (
        "math.random(B, B), math.random(N, B) ~= nil, math.random(MIN, MAX) ~= nil",
        "[1234567890123456789,true,true]",
    ),
    (
        "math.random(B, N)",
        "error: `math.random` has nothing to choose from between 1234567890123456789 and -1234567890123456789",
    ),
    (
        "(function() math.randomseed(B) local a = math.random() math.randomseed(B) return a == math.random() end)()",
        "true",
    ),
    (
        "string.len(B), ('x'):rep(0) .. B, string.sub(B, 2, 4), string.sub('abc', 2, MAX), string.sub('abc', MIN)",
        r#"[19,"1234567890123456789","234","bc","abc"]"#,
    ),
    (
        "string.byte(B), string.byte('a', B) == nil, string.lower(B), string.upper(B), string.reverse(B)",
        r#"[49,true,"1234567890123456789","1234567890123456789","9876543210987654321"]"#,
    ),
    ("string.rep(B, 2), string.rep('x', N)", r#"["12345678901234567891234567890123456789",""]"#),
    ("string.rep('xx', B)", "error: x:5: resulting string too large"),
    ("string.char(B)", "error: x:5: invalid argument #1 to 'char' (invalid value)"),
    ("string.find(B, '45'), string.find('a', 'a', B)", "4"),
    ("string.match(B, '4(5)'), string.split(B, '5')[1], string.gmatch(B, '89')()", r#"["5","1234","89"]"#),
    (
        "(string.gsub(B, '1', 'x')), (string.gsub('a', 'a', B)), (string.gsub('aa', 'a', 'b', B))",
        r#"["x234567890x23456789","1234567890123456789","bb"]"#,
    ),
    (
        "(('$id $no'):gsub('%$(%w+)', {id = B})), (('ab'):gsub('.', function(c) return if c == 'a' then B else nil end))",
        r#"["1234567890123456789 $no","1234567890123456789b"]"#,
    ),
    (
        "(('ab'):gsub('(.)(.)', function(a, b) return b .. a end)), (('x'):gsub('.', {x = false}))",
        r#"["ba","x"]"#,
    ),
    (
        "string.format('%d|%s|%5.1f|%x|%q|%*|%%|%i', B, B, B, B, B, B, N)",
        r#""1234567890123456789|1234567890123456789|1234567890123456768.0|112210f47de98115|\"1234567890123456789\"|1234567890123456789|%|-1234567890123456789""#,
    ),
    (
        "string.format('%-22s|%3s|%.4s', B, N, B), ('%g'):format(B), string.format('%c', 65)",
        r#"["1234567890123456789   |-1234567890123456789|1234","1.23457e+18","A"]"#,
    ),
    ("string.format('%s %s', B)", "error: x:5: missing argument #3"),
    ("string.format(B)", r#""1234567890123456789""#),
    (
        "string.unpack('<i8', string.pack('<i8', B)), string.unpack('>l', string.pack('>l', MIN))",
        "[1234567890123456789,-9223372036854775808,9]",
    ),
    (
        "string.unpack('<bi8z', string.pack('<bi8z', 5, N, B))",
        r#"[5,-1234567890123456789,"1234567890123456789",30]"#,
    ),
    (
        "string.pack('>I8', B) == '\\x11\\x22\\x10\\xf4\\x7d\\xe9\\x81\\x15', string.unpack('<I8', ('\\xff'):rep(8)) == 2^64",
        "[true,true]",
    ),
    ("string.unpack('d', string.pack('d', B)) == tonumber(B), string.packsize('i8')", "[true,8]"),
    ("string.pack('i4', B)", "error: x:5: invalid argument #2 to 'pack' (integer overflow)"),
    (
        "string.pack('i16', B)",
        "error: x:5: `string.pack` takes 1234567890123456789 in eight bytes, not in 16",
    ),
    (
        "table.concat({'a', B, 2, N}, ','), table.concat({B}), table.concat({'a', 'b'}, B), table.concat({'a', B}, '', 2, 2)",
        r#"["a,1234567890123456789,2,-1234567890123456789","1234567890123456789","a1234567890123456789b","1234567890123456789"]"#,
    ),
    ("table.concat({B, {}})", "error: x:5: invalid value (table) at index 2 in table for 'concat'"),
    ("table.concat({true})", "error: x:5: invalid value (boolean) at index 1 in table for 'concat'"),
    ("(function() local t = {B} table.concat(t) return t[1] end)()", "1234567890123456789"),
    (
        "(function() local t = {5, MAX, 1.5, N, B, -1} table.sort(t) return t end)()",
        "[-1234567890123456789,-1,1.5,5,1234567890123456789,9223372036854775807]",
    ),
    (
        "(function() local t = {B, N, MAX, MIN} table.sort(t) return t end)()",
        "[-9223372036854775808,-1234567890123456789,1234567890123456789,9223372036854775807]",
    ),
    (
        "(function() local t = {B, N, MAX} table.sort(t, function(a, b) return a > b end) return t end)()",
        "[9223372036854775807,1234567890123456789,-1234567890123456789]",
    ),
    (
        "(function() local t = {5, B, N} table.sort(t, tbl.less) return t end)()",
        "[-1234567890123456789,5,1234567890123456789]",
    ),
    ("table.sort({B, 'x'})", "error: attempt to compare string < number"),
    ("table.sort({1, 'x'})", "error: x:5: attempt to compare string < number"),
    ("table.sort(table.freeze({2, 1}))", "error: x:5: attempt to modify a readonly table"),
    ("table.sort(B)", "error: x:5: invalid argument #1 to 'sort' (table expected, got integer)"),
    (
        "(function() local t = {1} table.insert(t, B) table.insert(t, 1, N) return t end)()",
        "[-1234567890123456789,1,1234567890123456789]",
    ),
    (
        "table.find({1, B}, B), table.find({B}, B, B) == nil, table.create(2, B), table.pack(B).n",
        "[2,true,[1234567890123456789,1234567890123456789],1]",
    ),
    (
        "(unpack({B, 1})), (table.unpack({B}, 1, 1)), table.remove({B})",
        "[1234567890123456789,1234567890123456789,1234567890123456789]",
    ),
    ("table.unpack({1}, N, B)", "error: x:5: too many results to unpack"),
    ("table.move({B, 2}, 1, 2, 2)", "[1234567890123456789,1234567890123456789,2]"),
    ("utf8.len(B), utf8.codepoint(B), utf8.offset(B, 2)", "[19,49,2]"),
    ("utf8.char(B)", "error: x:5: invalid argument #1 to 'char' (value out of range)"),
    (
        "bit32.band(B, 0xffffffff), bit32.bor(B), bit32.bxor(N, 0), bit32.bnot(B)",
        "[2112454933,2112454933,2182512363,2182512362]",
    ),
    (
        "bit32.lshift(B, 1), bit32.rshift(1, B), bit32.rshift(B, 4), bit32.arshift(B, 4), bit32.lrotate(B, 4)",
        "[4224909866,0,132028433,132028433,3734507863]",
    ),
    (
        "bit32.extract(B, 0, 8), bit32.replace(0, B, 0, 8), bit32.btest(B, 1), bit32.countlz(B), bit32.countrz(B), bit32.byteswap(B)",
        "[21,21,true,1,0,360835453]",
    ),
    (
        "(function() local b = buffer.create(16) buffer.writeu32(b, 0, B) buffer.writef64(b, 8, B) return buffer.readu32(b, 0), buffer.readf64(b, 8) == tonumber(B) end)()",
        "[2112454933,true]",
    ),
    (
        "(function() local b = buffer.fromstring(B) buffer.writestring(b, 0, N, 2) buffer.fill(b, 2, B, 1) return buffer.tostring(b) end)()",
        r#""-1\u00154567890123456789""#,
    ),
    ("buffer.readu8(buffer.create(1), B)", "error: x:5: buffer access out of bounds"),
    ("os.date(B)", r#""1234567890123456789""#),
    (
        "int(B), int('1234567890123456789') == B, int(5), int('5') == 5, int('0x10')",
        "[1234567890123456789,true,5,true,16]",
    ),
    ("int(1.5)", "error: bad argument #1 to `int` (whole number of 64 bits expected, got 1.5)"),
    ("int({})", "error: bad argument #1 to `int` (number or string expected, got table)"),
    ("rand.int(B, B), (next({[B] = 1})), rawlen({B})", "[1234567890123456789,1234567890123456789,1]"),
    ("json.object({[B] = N})", r#"{"1234567890123456789":-1234567890123456789}"#),
    ("{[B] = 1}", "error: `json.encode`: the value has the number 1234567890123456789 as a key"),
];

#[test]
fn functions_of_the_library_take_big_integers() {
    let vm = vm();
    let wrong: Vec<String> = CALLS
        .iter()
        .filter_map(|(call, expect)| {
            let got = shown(&vm, call);
            (got != *expect).then(|| format!("{call}\n   is {got}\n  not {expect}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_has_no_exact_result_takes_the_nearest_float() {
    let vm = vm();
    let text = "for _, name in {'acos', 'asin', 'atan', 'cos', 'cosh', 'deg', 'exp', 'isfinite', 'isinf', 'isnan', 'log',
            'log10', 'rad', 'sin', 'sinh', 'sqrt', 'tan', 'tanh', 'noise'} do
        for _, value in {B, N, MAX, MIN} do
            local got, expect = math[name](value), math[name](tonumber(value))
            assert(got == expect or (got ~= got and expect ~= expect), name)
        end
    end
    assert(math.atan2(B, N) == math.atan2(tonumber(B), tonumber(N)))
    assert(math.lerp(B, 0, 0.5) == tonumber(B) / 2 and math.map(B, 0, B, 0, 1) == 1)
    assert(math.frexp(B) == math.frexp(tonumber(B)))
    return true";
    assert!(eval::<bool>(&vm, text).expect("holds"));
}

/// Functions that have no place for a number or text, or take any value.
const OTHERS: &str = "assert error getmetatable getn ipairs next pairs pcall rawequal rawget rawlen rawset setmetatable tostring \
    type typeof xpcall int string.format string.gsub string.pack string.unpack table.clear table.clone table.concat \
    table.foreach table.foreachi table.freeze table.getn table.isfrozen table.maxn table.pack table.sort buffer.len \
    buffer.tostring os.clock os.time math.random math.randomseed";

#[test]
fn every_function_of_the_library_is_wrapped_or_needs_no_wrapper() {
    let vm = vm();
    let text = "local names = {}
        for name, value in _G do
            if type(value) == 'function' then table.insert(names, name) end
        end
        for _, module in {'math', 'string', 'table', 'utf8', 'bit32', 'buffer', 'os'} do
            for name, value in _G[module] do
                if type(value) == 'function' then table.insert(names, module .. '.' .. name) end
            end
        end
        return table.concat(names, ' ')";
    let there: String = eval(&vm, text).expect("listed");
    let known: BTreeSet<String> =
        library::names().into_iter().chain(OTHERS.split_whitespace().map(str::to_owned)).collect();
    let unknown: Vec<&str> = there.split(' ').filter(|name| !known.contains(*name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let there: BTreeSet<&str> = there.split(' ').collect();
    let missing: Vec<String> =
        library::names().into_iter().filter(|name| !there.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
