//! These tests cover `rand` and `uuid`; what the numbers depend on is tested with whole workers.

use super::{check, check_error};

/// Whether `rand.int` refuses these arguments with this message; it raises a table, as all of the worker's own functions do.
fn check_int(arguments: &str, expect: &str) {
    check(&format!("select(2, pcall(rand.int, {arguments})).message"), &format!("{expect:?}"));
}

#[test]
fn integers_are_within_their_range_and_exact() {
    check(
        "(function() local seen = {} for _ = 1, 1000 do local n = rand.int(-2, 2) seen[n + 3] = n end return seen end)()",
        "{-2, -1, 0, 1, 2}",
    );
    let big = "json.decode('9223372036854775807')";
    check(&format!("rand.int({big}, {big})"), big);
    check(&format!("typeof(rand.int(json.decode('-9223372036854775808'), {big})) ~= 'nil'"), "true");
    check_int("2, 1", "`rand.int` has nothing to choose from between 2 and 1");
    check_int("1.5, 2", "bad argument #1 to `rand.int` (integer expected, got 1.5)");
    check_int("1, 1e300", &format!("bad argument #2 to `rand.int` (integer expected, got {})", 1e300_f64));
    check_int("1", "bad argument #2 to `rand.int` (integer expected, got nil)");
}

#[test]
fn shuffling_loses_nothing_and_leaves_the_list_alone() {
    check(
        "(function() local l = {1, 2, 3, 4, 5, 6, 7, 8} local s = rand.shuffle(l) local same = tbl.equal(l, s)
           table.sort(s) return same, tbl.equal(l, s), tbl.equal(l, {1, 2, 3, 4, 5, 6, 7, 8}) end)()",
        "false, true, true",
    );
    check("rand.shuffle({json.decode('9007199254740993')})[1]", "json.decode('9007199254740993')");
    check("#rand.shuffle({})", "0");
    check_error("rand.pick({})", "bad argument #1 to `rand.pick` (the list is empty)");
}

#[test]
fn uuids_have_their_form() {
    let form = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-{V}%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$";
    for version in ["4", "7"] {
        let form = form.replace("{V}", version);
        check(&format!("uuid.v{version}():match('{form}') ~= nil"), "true");
    }
    check("uuid.v4() == uuid.v4()", "false");
    check(
        "math.abs(tonumber(string.gsub(uuid.v7():sub(1, 13), '-', ''), 16) / 1000 - time.now()) < 60",
        "true",
    );
}
