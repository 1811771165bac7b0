//! These tests give integers beyond 2^53 to the host functions that take a number or any value.

use super::{check, check_error};

#[test]
fn counts_and_places_beyond_everything_are_taken_as_such() {
    let big = "int('1234567890123456789')";
    check(&format!("str.sub('abc', 2, {big}), str.sub('abc', -{big}, 2)"), "'bc', 'ab'");
    check(&format!("str.truncate('abc', {big}), #str.split('a,b', ',', {big})"), "'abc', 2");
    check(&format!("re.find('aa', 'a', {big}), (re.gsub('aa', 'a', 'b', {big}))"), "nil, 'bb'");
    check(&format!("re.gsub('a', 'a', {big})"), "'1234567890123456789', 1");
    check(&format!("re.gsub('a', 'a', function() return {big} end)"), "'1234567890123456789', 1");
    check(&format!("(re.compile('a'):gsub('a', {{a = {big}}}, {big}))"), "'1234567890123456789'");
    check_error(
        &format!("time.iso({big})"),
        "bad argument #1 to `time.iso` (1234567890123456800 seconds are outside the years -9999 to 9999)",
    );
}

#[test]
fn values_are_written_with_all_digits() {
    let big = "int('-1234567890123456789')";
    check(
        &format!("json.encode({{{big}}}), yaml.encode({big})"),
        "'[-1234567890123456789]', '-1234567890123456789\\n'",
    );
    check(
        &format!("csv.encode({{{{a = {big}}}}}), toml.encode({{a = {big}}})"),
        "'a\\n-1234567890123456789\\n', 'a = -1234567890123456789\\n'",
    );
    check(&format!("template.render('{{{{ a }}}}', {{a = {big}}})"), "'-1234567890123456789'");
    check(
        &format!("url.build({{scheme = 'https', host = 'a.org', query = {{n = {big}}}}})"),
        "'https://a.org/?n=-1234567890123456789'",
    );
    check(&format!("sqlite.open(':memory:'):one('select ? + 1 as n', {{{big}}}).n == {big} + 1"), "true");
    check(
        &format!(
            "tbl.set({{}}, 'a', {big}).a, tbl.clone({{{big}}})[1], tbl.reduce({{1, {big}}}, function(a, b) return a + b end)"
        ),
        &format!("{big}, {big}, {big} + 1"),
    );
}
