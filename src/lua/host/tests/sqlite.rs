//! These tests cover `sqlite`.

use mlua::Value;

use super::{check, check_error, folder, host_error, vm};

#[test]
fn values_come_back_as_they_went_in() {
    check(
        "(function()
            local db = sqlite.open(':memory:')
            local n = db:exec('create table t (a, b, c, d, e)')
            local m = db:exec('insert into t values (?, ?, ?, ?, ?)', {1, 2.5, 'text', '\\xff\\0', true})
            local row = db:one('select * from t')
            return n, m, row.a, row.b, row.c, row.d, row.e
        end)()",
        "0, 1, 1, 2.5, 'text', '\\xff\\0', 1",
    );
    check("sqlite.open(':memory:'):one('select 9007199254740992 as n').n", "9007199254740992");
    check("sqlite.open(':memory:'):one('select typeof(?) as t', {'\\xff'}).t", "'blob'");
    check("sqlite.open(':memory:'):one('select typeof(?) as t', {3.0}).t", "'integer'");
    check("sqlite.open(':memory:'):one('select 1 where 0')", "nil");
    check("#sqlite.open(':memory:'):query('select 1 where 0')", "0");
}

#[test]
fn two_columns_of_one_name_are_refused_with_the_name() {
    for method in ["query", "one"] {
        check_error(
            &format!("sqlite.open(':memory:'):{method}('select 1 a, 2 b, 3 a')"),
            &format!(
                "bad argument #1 to `Database:{method}` (two columns are named `a`, and a row holds one value of a name; \
                 give one another name: `… as other`)"
            ),
        );
    }
}

#[test]
fn a_text_without_a_statement_does_nothing() {
    for text in ["", " ", ";", ";;", "-- c", "/* c */ ;"] {
        check(&format!("sqlite.open(':memory:'):exec('{text}')"), "0");
    }
    check(
        "(function() local db = sqlite.open(':memory:') db:exec('-- c\\ncreate table t (a)') return #db:query('select * from t') end)()",
        "0",
    );
}

#[test]
fn null_is_itself_in_both_directions() {
    let folder = folder();
    let lua = vm(folder.path());
    lua.globals().set_readonly(false);
    lua.globals().raw_set("null", Value::NULL).unwrap();
    let (given, got): (bool, bool) = lua
        .load(
            "local row = sqlite.open(':memory:'):one('select ? is null as given, null as got', {null})
             return row.given == 1, row.got == null",
        )
        .eval()
        .unwrap();
    assert!(given && got);
}

#[test]
fn parameters_are_found_by_place_and_by_name() {
    let one = |sql: &str, params: &str, expect: &str| {
        check(&format!("sqlite.open(':memory:'):one([[select {sql} as v]], {params}).v"), expect);
    };
    one("? || ?", "{'a', 'b'}", "'ab'");
    one("?2 || ?1", "{'a', 'b'}", "'ba'");
    one(":x || @y || $z", "{x = 'a', y = 'b', z = 'c'}", "'abc'");
    one("':no' || '?'", "nil", "':no?'");
    let wrong = |sql: &str, params: &str, expect: &str| {
        check_error(
            &format!("sqlite.open(':memory:'):query([[{sql}]], {params})"),
            &format!("bad argument #2 to `Database:query` ({expect})"),
        );
    };
    wrong("select ?", "nil", "there is no value for parameter 1; NULL is `json.null`");
    wrong("select :x", "{y = 1}", "there is no value for `:x`; NULL is `json.null`");
    wrong("select :x", "{x = 1, y = 1}", "the statement has no parameter `y`");
    wrong("select ?", "{1, 2}", "the statement has no parameter `2`");
    wrong("select ?", "{{}}", "the value for parameter 1 is a table");
    wrong("select 1", "'x'", "table expected, got string");
}

#[test]
fn exec_counts_rows_of_one_statement_and_of_several() {
    check(
        "(function()
            local db = sqlite.open(':memory:')
            local n = db:exec(\"create table t (a); insert into t values (1), (2), (3); delete from t where a = 3\")
            return n, db:exec('update t set a = a + ? where a > ?', {1, 1}), db:exec('create table u (a)'),
                db:exec('pragma user_version'), db:one('select count(*) as n from t').n
        end)()",
        "4, 1, 0, 0, 2",
    );
    check_error(
        "sqlite.open(':memory:'):exec('select ?; select ?', {1})",
        "bad argument #2 to `Database:exec` (values are for one statement, not for several)",
    );
}

#[test]
fn errors_of_sql_are_for_good() {
    let folder = folder();
    let lua = vm(folder.path());
    for (code, expect) in [
        ("sqlite.open(':memory:'):exec('selec')", "`Database:exec` failed: near \"selec\": syntax error"),
        ("sqlite.open(':memory:'):one('select * from t')", "`Database:one` failed: no such table: t"),
        (
            "sqlite.open(':memory:'):exec('create table t (a unique); insert into t values (1), (1)')",
            "`Database:exec` failed: UNIQUE constraint failed: t.a",
        ),
        ("sqlite.open('abc.txt'):exec('select 1')", "`sqlite.open` failed: file is not a database"),
        (
            "sqlite.open(':memory:').query('select 1')",
            "`Database:query` is a method of a database, got string: write `db:query(…)`",
        ),
        (
            "local db = sqlite.open(':memory:') db:close() db:close() db:exec('select 1')",
            "`Database:exec` is called on a database that was closed",
        ),
    ] {
        let error = lua.load(code).exec().expect_err(code);
        let error = host_error(&error).unwrap_or_else(|| panic!("{code}: {error}"));
        assert_eq!((error.message.as_str(), error.retryable), (expect, false), "{code}");
    }
}

#[test]
fn sql_stays_within_its_file() {
    let folder = folder();
    let lua = vm(folder.path());
    lua.load("sqlite.open('a.db'):exec('create table t (a); vacuum; pragma user_version = 3')")
        .exec()
        .unwrap();
    for sql in [
        "attach 'b.db' as b",
        "attach 'b' || '.db' as b",
        "attach ? as b",
        "attach 'file:b.db' as b",
        "vacuum into 'b.db'",
        "vacuum into 'b' || '.db'",
        "select load_extension('x')",
        "pragma hard_heap_limit = 1",
        "PRAGMA Temp_Store_Directory = '/tmp'",
        "pragma busy_timeout = 1000000",
        "select * from pragma_busy_timeout(5)",
    ] {
        let code = format!(
            "sqlite.open('a.db'):query([[{sql}]], string.find([[{sql}]], '?', 1, true) and {{'b.db'}} or nil)"
        );
        let error = lua.load(code).exec().expect_err(sql);
        let error = host_error(&error).unwrap();
        assert!(!error.retryable, "{sql}: {}", error.message);
        assert!(!folder.path().join("b.db").exists(), "{sql}");
    }
    for path in ["/etc/x.db", "../x.db", "file:/etc/x.db?mode=rwc/../../../x"] {
        let error = lua.load(format!("sqlite.open('{path}')")).exec().expect_err(path);
        assert!(!host_error(&error).unwrap().message.is_empty(), "{path}");
    }
}

#[test]
fn readonly_makes_nothing_and_changes_nothing() {
    let folder = folder();
    let lua = vm(folder.path());
    let error = lua.load("sqlite.open('a.db', {readonly = true})").exec().unwrap_err();
    assert!(
        host_error(&error).unwrap().message.starts_with("`sqlite.open` cannot open `a.db`: No such file")
    );
    lua.load("sqlite.open('deep/a.db'):exec('create table t (a)')").exec().unwrap();
    let error = lua
        .load("sqlite.open('deep/a.db', {readonly = true}):exec('insert into t values (1)')")
        .exec()
        .unwrap_err();
    assert_eq!(
        host_error(&error).unwrap().message,
        "`Database:exec` failed: attempt to write a readonly database"
    );
}

#[test]
fn values_and_databases_in_memory_are_bounded() {
    let folder = folder();
    let lua = vm(folder.path());
    lua.set_memory_limit(32 << 20).unwrap();
    for code in [
        "sqlite.open(':memory:'):one('select length(zeroblob(100000000)) as n')",
        "local db = sqlite.open(':memory:') db:exec('create table t (a)')
         for i = 1, 100 do db:exec('insert into t values (zeroblob(1000000))') end",
        "sqlite.open(':memory:'):query(
            'with recursive n (i) as (select 1 union all select i + 1 from n) select i from n')",
    ] {
        assert!(lua.load(code).exec().is_err(), "{code}");
    }
}

#[test]
fn a_file_that_was_replaced_is_opened_again() {
    let folder = folder();
    let lua = vm(folder.path());
    lua.load("sqlite.open('a.db'):exec('create table t (a)')").exec().unwrap();
    for name in ["a.db", "a.db-wal", "a.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(name));
    }
    lua.load("sqlite.open('a.db'):exec('create table t (a)')").exec().unwrap();
}

#[test]
fn patches_are_those_of_sqlite_unless_they_would_take_for_ever() {
    let one =
        |sql: &str, params: &str| format!("sqlite.open(':memory:'):one([[select {sql} as a]], {params}).a");
    for (sql, params, expect) in [
        (
            "json_patch(?, ?)",
            r#"{'{"a":1,"b":{"c":1.50}}', '{"a":null,"b":{"d":[1]}}'}"#,
            r#"'{"b":{"c":1.50,"d":[1]}}'"#,
        ),
        (r#"json_patch('[1,2]', '{"a":9}')"#, "{}", r#"'{"a":9}'"#),
        (r#"json_array(json_patch('{}', '{"a":1}'))"#, "{}", r#"'[{"a":1}]'"#),
        (r#"json(jsonb_patch('{}', jsonb('{"a":1}')))"#, "{}", r#"'{"a":1}'"#),
        ("json_patch(null, '{}')", "{}", "json.null"),
    ] {
        check(&one(sql, params), expect);
    }
    let folder = folder();
    let lua = vm(folder.path());
    let keys = "local t = {} for i = 1, 20000 do t['k' .. i] = i end local s = json.encode(t) ";
    for (code, expect) in [
        (format!("return {}", one("json_patch('{', '{}')", "{}")), "`Database:one` failed: malformed JSON"),
        (
            format!("{keys} return {}", one("json_patch(?1, ?1)", "{s}")),
            "`Database:one` failed: the lengths of a JSON text and of its patch multiply to more than 4294967296",
        ),
    ] {
        let error = lua.load(code).exec().expect_err(expect);
        assert_eq!(host_error(&error).expect("ours").message, expect);
    }
}

#[test]
fn many_statements_are_run_one_after_the_other() {
    // As many as need no stack, with the semicolons of texts among them.
    let open = "local db = sqlite.open(':memory:') db:exec('create table t (a)') ";
    for (code, expect) in [
        (
            "db:exec(string.rep('insert into t values (1);', 2000)) return db:one('select count(*) n from t').n",
            "2000",
        ),
        (
            "db:exec('create table u (a);' .. string.rep('insert into u values (1);', 20)) return db:one('select sum(a) n from u').n",
            "20",
        ),
        (
            "return db:one([[select ';;;;;;;;;;;;;;;;;;;;;;;;' as a; -- ;;;;;; ]]).a",
            "';;;;;;;;;;;;;;;;;;;;;;;;'",
        ),
        ("return db:exec('insert into t values (?) ' .. string.rep(';', 40), {1})", "1"),
    ] {
        check(&format!("(function() {open} {code} end)()"), expect);
    }
    let folder = folder();
    let lua = vm(folder.path());
    let rows = "string.rep('select 1;', 40)";
    for (code, expect) in [
        (format!("db:query({rows})"), "`Database:query` failed: Multiple statements provided"),
        (
            format!("db:exec({rows}, {{1}})"),
            "bad argument #2 to `Database:exec` (values are for one statement, not for several)",
        ),
        (
            "db:exec(string.rep('select 1;', 500) .. '--' .. string.rep('x', 9000000))".to_owned(),
            "bad argument #1 to `Database:exec` (500 statements in 9004502 bytes are too many at once; run them in several calls)",
        ),
    ] {
        let error = lua.load(format!("{open} {code}")).exec().expect_err(expect);
        assert_eq!(host_error(&error).expect("ours").message, expect);
    }
}

#[test]
fn mathematics_answers_as_sqlite_does() {
    let one = |sql: &str, expect: &str| {
        check(&format!("sqlite.open(':memory:'):one('select {sql} as v').v"), expect);
    };
    for (sql, expect) in [
        ("round(sqrt(2) * 1000)", "1414"),
        ("ceil(1.2) + floor(-1.2) + trunc(-1.9)", "-1"),
        ("typeof(ceil(3)) || typeof(ceil(3.0))", "\"integerreal\""),
        ("log(100) + log10(1000) + log2(8) + log(2, 16) + ln(exp(1))", "13"),
        ("pow(2, 10) + power(2, 0.5) * 0 + mod(7, 4) + mod(-7, 4)", "1024"),
        ("round(degrees(pi()) + radians(180) - pi() + atan2(0, 1) + cos(0) + sinh(0) + atanh(0))", "181"),
        ("sqrt(''16'')", "4"),
        (
            "ifnull(sqrt(-1), ''none'') || ifnull(ln(0), ''none'') || ifnull(sqrt(''x''), ''none'') || ifnull(sqrt(null), ''none'')",
            "'nonenonenonenone'",
        ),
        (
            "ifnull(sqrt(''inf''), ''none'') || ifnull(mod(1, 0), ''none'') || ifnull(acos(2), ''none'')",
            "'nonenonenone'",
        ),
    ] {
        one(&sql.replace("''", "\\'"), expect);
    }
}
