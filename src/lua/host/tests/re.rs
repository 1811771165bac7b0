//! These tests cover `re`.

use proptest::prelude::*;

use super::{check, check_error};

#[test]
fn match_gives_captures_by_number_and_name() {
    check(r#"re.match("abc", "b")"#, r#"{[0] = "b", "b"}"#);
    check(r#"re.match("abc", "x")"#, "nil");
    check(r#"re.match("ac", "(a)(b)?(?P<last>c)")"#, r#"{[0] = "ac", [1] = "a", [3] = "c", last = "c"}"#);
    check(r#"re.match("", "^$")"#, r#"{[0] = "", ""}"#);
}

#[test]
fn find_counts_bytes_as_string_find_does() {
    check(r#"re.find("é1", [[\d]])"#, "3, 3");
    check(r#"re.find("aXbX", "X", 3)"#, "4, 4");
    check(r#"re.find("aXbX", "X", -1)"#, "4, 4");
    check(r#"re.find("aXbX", "X", -99)"#, "2, 2");
    check(r#"re.find("aXbX", "X", 99)"#, "nil, nil");
    check(r#"re.find("abc", "", 4)"#, "4, 3");
    check(r#"re.find("ab", "^b", 2)"#, "nil, nil");
}

#[test]
fn find_all_gives_strings_or_captures() {
    check(r#"re.find_all("a1b22", [[[a-z]\d+]])"#, r#"{"a1", "b22"}"#);
    check(r#"re.find_all("", "x")"#, "{}");
    check(
        r#"re.find_all("a=1 b=2", [[(?<k>\w)=(\d)]])"#,
        r#"{{[0] = "a=1", "a", "1", k = "a"}, {[0] = "b=2", "b", "2", k = "b"}}"#,
    );
}

#[test]
fn gsub_takes_text_tables_and_functions() {
    check(r#"re.gsub("hello", "l", "L")"#, r#""heLLo", 2"#);
    check(r#"re.gsub("hello", "l", "L", 1)"#, r#""heLlo", 1"#);
    check(r#"re.gsub("hello", "l", "L", 0)"#, r#""hello", 0"#);
    check(r#"re.gsub("hello", "x", "L")"#, r#""hello", 0"#);
    check(r#"re.gsub("a1", [[(?<n>\d)]], "[${n}$$$0${1}x]")"#, r#""a[1$11x]", 1"#);
    check(r#"re.gsub("a1", [[(\d)]], 7)"#, r#""a7", 1"#);
    check(r#"re.gsub("$x $y", [[\$(\w)]], {x = "1", y = false})"#, r#""1 $y", 2"#);
    check(r#"re.gsub("abc", "[ac]", function(c) return c:upper() end)"#, r#""AbC", 2"#);
    check(r#"re.gsub("a1b2", [[([a-z])(\d)]], function(c, n) return n .. c end)"#, r#""1a2b", 2"#);
    check(r#"re.gsub("abc", "b", function() return nil end)"#, r#""abc", 1"#);
    check(r#"re.gsub("abc", "b", function() return 5 end)"#, r#""a5c", 1"#);
    check(r#"re.gsub("aaa", "a", function() return "b" end, 2)"#, r#""bba", 2"#);
}

#[test]
fn gsub_refuses_groups_that_are_not_there() {
    for (pattern, replacement, why) in [
        ("(a)", "$2", "the pattern has no group 2, only 1 of them: `$$` is a dollar"),
        ("a", "<$1>", "the pattern has no group 1, and no other: `$$` is a dollar"),
        ("(?<name>a)", "${nam}", "the pattern has no group `nam`: `$$` is a dollar"),
        ("(a)", "$1st", "the pattern has no group `1st`: `${1}st` is group 1 and `st`"),
        ("(a)", "$1_x", "the pattern has no group `1_x`: `${1}_x` is group 1 and `_x`"),
        ("x", "costs $price", "the pattern has no group `price`: `$$` is a dollar"),
        ("(a)", "$99999999999999999999", "the pattern has no group `99999999999999999999`: `$$` is a dollar"),
    ] {
        let expect = format!("bad argument #3 to `re.gsub` ({why})");
        // Also where nothing matches.
        for text in ["a", "b"] {
            check_error(&format!("re.gsub('{text}', '{pattern}', '{replacement}')"), &expect);
        }
        check_error(&format!("re.compile('{pattern}'):gsub('a', '{replacement}')"), &expect);
    }
    check(r#"re.gsub("a", "(a)|(b)", "$1$2$0$$2$")"#, r#""aa$2$", 1"#);
}

#[test]
fn gsub_treats_empty_matches_alike_whatever_the_replacement() {
    for (text, pattern) in [("abc", ""), ("aab", "a*"), ("", "x?"), ("héé", "é*"), ("a b", r"\b")] {
        let by_text = format!("re.gsub('{text}', [[{pattern}]], '-')");
        let by_function = format!("re.gsub('{text}', [[{pattern}]], function() return '-' end)");
        check(&by_function, &by_text);
    }
    check(r#"re.gsub("aab", "a*", "-")"#, r#""-b-", 2"#);
}

#[test]
fn gsub_refuses_other_replacements() {
    check_error(
        "re.gsub('a', 'a', true)",
        "bad argument #3 to `re.gsub` (string, table or function expected, got boolean)",
    );
    check_error(
        "re.gsub('a', 'a', function() return {} end)",
        "`re.gsub` got an invalid replacement value (a table)",
    );
}

#[test]
fn split_gives_what_is_between() {
    check(r#"re.split("a, b;c", "[,;] *")"#, r#"{"a", "b", "c"}"#);
    check(r#"re.split(",a,", ",")"#, r#"{"", "a", ""}"#);
    check(r#"re.split("", ",")"#, r#"{""}"#);
    check(r#"re.split("a,b,c", ",", 2)"#, r#"{"a", "b,c"}"#);
}

#[test]
fn a_compiled_pattern_has_the_functions_as_methods() {
    let with = |call: &str| format!("(function() local p = re.compile([[(\\d)(\\d)]]) return {call} end)()");
    check(&with("p:match('a12')[2]"), r#""2""#);
    check(&with("p:find('a12')"), "2, 3");
    check(&with("p:find('12 34', 2)"), "4, 5");
    check(&with("#p:find_all('1234')"), "2");
    check(&with("p:gsub('1234', '$2$1')"), r#""2143", 2"#);
    check(&with("p:gsub('1234', function(a, b) return b .. a end, 1)"), r#""2134", 1"#);
    check(&with("p:split('a12b')"), r#"{"a", "b"}"#);
    check(&with("p.pattern"), r"[[(\d)(\d)]]");
    check(&with("re.find('a12', p)"), "2, 3");
}

#[test]
fn a_bad_pattern_says_what_is_wrong() {
    check_error(
        "re.compile('(')",
        "bad argument #1 to `re.compile` (bad regular expression `(`: unclosed group)",
    );
    check_error(
        "re.match('a', 'a{2,1}')",
        "bad argument #2 to `re.match` (bad regular expression `a{2,1}`: invalid repetition count range, the start \
         must be <= the end)",
    );
    check_error(
        r"re.match('a', [[(\w{100}){100}]])",
        r"bad argument #2 to `re.match` (bad regular expression `(\w{100}){100}`: Compiled regex exceeds size limit of 2097152 bytes.)",
    );
    check_error("re.match('a', {})", "bad argument #2 to `re.match` (string expected, got table)");
    check_error("re.compile(nil)", "bad argument #1 to `re.compile` (string expected, got nil)");
    check_error(
        "re.match('a', string.rep('a', 100000))",
        "bad argument #2 to `re.match` (a pattern of at most 65536 bytes expected)",
    );
}

#[test]
fn any_bytes_can_be_searched() {
    check(r#"re.find("\xff1", [[\d]])"#, "2, 2");
    check(r#"re.find("\xff", ".")"#, "nil, nil");
    check(r#"re.find("\xff", "(?s-u:.)")"#, "1, 1");
    check(r#"re.match("Größe", [[\w+]])[0]"#, r#""Größe""#);
}

/// Expressions of all kinds, over the letters of [`texts`].
fn patterns() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[ab]{1,3}",
        Just(r"\w".to_owned()),
        Just(r"\b".to_owned()),
        Just(r"(?-u:\b)".to_owned()),
        Just("^".to_owned()),
        Just("(?m:$)".to_owned()),
        Just("[^a]".to_owned()),
        Just("é".to_owned()),
        Just(".".to_owned()),
        Just(String::new()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), "[*+?]|[*+?][?]|[{]0,2[}]").prop_map(|(of, how)| format!("(?:{of}){how}")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            inner.clone().prop_map(|of| format!("({of})")),
        ]
    })
}

/// Long enough that searches are sliced, of few letters; words are rare in some and the only thing in others.
fn texts() -> impl Strategy<Value = String> {
    ("[abé \n_-]{1,40}", "[ab]{0,20}", 1..60_usize).prop_map(|(piece, end, times)| piece.repeat(times) + &end)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn searches_in_slices_find_the_same(pattern in patterns(), text in texts(), init in 1..300_usize) {
        let regex = regex::bytes::Regex::new(&pattern).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let lua = super::vm(folder.path());
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let text_of = |group: Option<regex::bytes::Match<'_>>| group.map_or("-".to_owned(), |group| shown(group.as_bytes()));
        let run = |code: &str| -> String {
            let function: mlua::Function = lua.load(format!("local s, p, init = ... {code}")).into_function().unwrap();
            let got: mlua::LuaString = function.call((text.as_str(), pattern.as_str(), init)).unwrap();
            shown(&got.as_bytes())
        };
        let found = regex.find_at(text.as_bytes(), (init - 1).min(text.len()));
        let found = found.filter(|_| init - 1 <= text.len());
        let expect = found.map_or("nil nil".to_owned(), |found| format!("{} {}", found.start() + 1, found.end()));
        prop_assert_eq!(run("local a, b = re.find(s, p, init) return tostring(a) .. ' ' .. tostring(b)"), expect);
        let all: Vec<String> = regex.find_iter(text.as_bytes()).map(|found| shown(found.as_bytes())).collect();
        let groups: Vec<String> = regex
            .captures_iter(text.as_bytes())
            .map(|found| found.iter().skip(1).map(text_of).collect::<Vec<_>>().join("|"))
            .collect();
        if regex.captures_len() == 1 {
            prop_assert_eq!(run("return table.concat(re.find_all(s, p), ',')"), all.join(","));
        } else {
            let code = format!(
                "local all = {{}} for i, m in re.find_all(s, p) do local g = {{}} for j = 1, {} do g[j] = m[j] or '-' end \
                 all[i] = table.concat(g, '|') end return table.concat(all, ',')",
                regex.captures_len() - 1
            );
            prop_assert_eq!(run(&code), groups.join(","));
        }
        let replacement = if regex.captures_len() == 1 { "<$0:>" } else { "<$0:$1>" };
        let replaced = shown(&regex.replace_all(text.as_bytes(), replacement.as_bytes()));
        prop_assert_eq!(run(&format!("return (re.gsub(s, p, '{replacement}'))")), replaced);
        let last = if regex.captures_len() == 1 { "m" } else { "w" };
        let stepped = shown(&regex.replace_all(text.as_bytes(), &b"<$1>"[..]));
        if last == "w" {
            prop_assert_eq!(run("return (re.gsub(s, p, function(m) return '<' .. (m or '') .. '>' end))"), stepped);
        }
        let pieces: Vec<String> = regex.split(text.as_bytes()).map(shown).collect();
        prop_assert_eq!(run("return table.concat(re.split(s, p), ',')"), pieces.join(","));
    }
}
