//! These tests cover `csv`.

use super::{check, check_error};

#[test]
fn decode_makes_maps_by_the_header_or_lists() {
    check("csv.decode('a,b\\r\\n1,\\r\\n')", "{{a = '1', b = ''}}");
    check("csv.decode('\\u{feff}a\\n1')", "{{a = '1'}}");
    check("csv.decode('a,b', {header = false})", "{{'a', 'b'}}");
    check("csv.decode('\\na\\n\\n1\\n\\r\\n2\\n')", "{{a = '1'}, {a = '2'}}");
    check("csv.decode('a;b\\n1;2', {delimiter = ';'})", "{{a = '1', b = '2'}}");
    check("csv.decode('a\\tb\\n1\\t2\\n\\n\\r\\n', {delimiter = '\\t'})", "{{a = '1', b = '2'}}");
    check(
        "csv.decode('\"a\"\"b\",\"c\\nd\"\\r\\n\"\",x', {header = false})",
        "{{'a\"b', 'c\\nd'}, {'', 'x'}}",
    );
    check("csv.decode('a,b\"c\\n', {header = false})", "{{'a', 'b\"c'}}");
    check("csv.decode('a\\n\\xff')[1].a", "'\\xff'");
    check("json.encode(csv.decode(''))", "'[]'");
    check("json.encode(csv.decode('a,b\\n'))", "'[]'");
    check("json.encode(csv.decode('a\\n1', {header = false}))", "'[[\"a\"],[\"1\"]]'");
}

#[test]
fn text_that_is_no_table_is_refused_at_its_place() {
    for (text, expect) in [
        ("a,b\\n1\\n", "the row has 1 instead of 2 fields at line 2, column 1"),
        ("a\\n1,2\\n", "the row has 2 instead of 1 field at line 2, column 1"),
        ("a,a\\n", "the header names column `a` twice at line 1, column 1"),
        ("a,b\\né,\"x\"y\\n", "text follows the closing quote of field 2 at line 2, column 6"),
        ("a,b\\n1,\"x\\n2,3", "the quote of field 2 is never closed at line 2, column 3"),
    ] {
        check_error(&format!("csv.decode('{text}')"), &format!("`csv.decode`: {expect}"));
    }
    check("select(2, pcall(csv.decode, 'a\\n1,2')).retryable", "false");
}

#[test]
fn options_are_checked() {
    check_error(
        "csv.decode('a', {headers = false})",
        "bad argument #2 to `csv.decode` (there is no option `headers`, only `delimiter` and `header`)",
    );
    check_error(
        "csv.decode('a', {header = 'x'})",
        "bad argument #2 to `csv.decode` (`header`: boolean expected, got string)",
    );
    for delimiter in ["''", "'ab'", "'\"'", "'é'"] {
        check_error(
            &format!("csv.encode({{}}, {{delimiter = {delimiter}}})"),
            "bad argument #2 to `csv.encode` (`delimiter` must be one ASCII character, no quote and no line end)",
        );
    }
    check_error(
        "csv.encode({}, {columns = {'a', 'a'}})",
        "bad argument #2 to `csv.encode` (`columns` names `a` twice)",
    );
    check_error(
        "csv.encode({}, {columns = 'a'})",
        "bad argument #2 to `csv.encode` (`columns` must be a list of names)",
    );
}

#[test]
fn encode_quotes_what_needs_it_and_keeps_values() {
    check("csv.encode({{b = 1, a = 'x'}, {a = json.null}})", "'a,b\\nx,1\\n,\\n'");
    check("csv.encode({{1, 2.5, true, json.null, 'a,b'}})", "'1,2.5,true,,\"a,b\"\\n'");
    check("csv.encode({{'a'}, {''}})", "'a\\n\"\"\\n'");
    check("csv.encode({{'a\"b', 'c\\nd', 'e\\r'}})", "'\"a\"\"b\",\"c\\nd\",\"e\\r\"\\n'");
    check("csv.encode({{a = {1, {x = 2}}}})", "'a\\n\"[1,{\"\"x\"\":2}]\"\\n'");
    check("csv.encode(json.decode('[[9007199254740993]]'))", "'9007199254740993\\n'");
    check("csv.encode({{a = 1, c = 3}}, {columns = {'c', 'b'}})", "'c,b\\n3,\\n'");
    check("csv.encode({{1, 2}}, {columns = {'a', 'b'}, delimiter = '\\t'})", "'a\\tb\\n1\\t2\\n'");
    check("csv.encode({}, {columns = {'a'}})", "'a\\n'");
    check("csv.encode({}) .. csv.encode(json.array())", "''");
    check("csv.decode(csv.encode({{a = 'x\\r\\n\"y\"', b = ' ,'}}))", "{{a = 'x\\r\\n\"y\"', b = ' ,'}}");
}

#[test]
fn rows_that_would_lose_something_are_refused() {
    for (rows, expect) in [
        (
            "{{a = 1}, {b = 2}}",
            "row 2 has a key `b` and the first row, whose keys are the columns, does not; say `columns`",
        ),
        ("{1}", "row 1 is neither a map nor a list of fields"),
        ("{{}}", "row 1 has no keys, which would be the columns; say `columns`"),
        ("{{1}, {a = 1}}", "row 2 is a map, and the rows before are lists; say `columns`"),
        ("{{a = 1}, {1, 2}}", "row 2 has 2 instead of 1 field"),
        ("{{a = tostring}}", "`[1].a` is a function"),
    ] {
        check_error(&format!("csv.encode({rows})"), &format!("`csv.encode`: {expect}"));
    }
    check_error(
        "csv.encode({a = 1})",
        "bad argument #1 to `csv.encode` (a list of rows expected, got a map)",
    );
}
