//! These tests read tables of every dialect: what stands in a file, what is said of it, and the items.

use super::{check, check_with, columns, open, options, transcript};
use crate::data::{Column, ColumnType, Dialect, Quote, Ragged, ReadOptions};

/// Reads `content` as the file `name` in a dialect that differs from the usual one.
fn check_in(name: &str, content: &str, change: impl Fn(&mut Dialect), expect: &str) {
    check_with(name, content.as_bytes(), |options| change(&mut options.dialect), expect);
}

/// Columns of which all may be null.
fn nullable(list: &[(&str, ColumnType)]) -> Vec<Column> {
    columns(list).into_iter().map(|column| Column { nullable: true, ..column }).collect()
}

#[test]
fn columns_that_may_be_null_are_so_where_nothing_or_a_null_value_stands() {
    use ColumnType::{Boolean, Integer, Number, String};
    let change = |options: &mut ReadOptions| {
        options.columns = Some(nullable(&[("s", String), ("i", Integer), ("n", Number), ("b", Boolean)]));
        options.dialect.null_values = vec!["NA".into(), "-".into()];
    };
    check_with(
        "a.csv",
        b"s,i,n,b\na,1,1.5,true\n,,,\n\"\",\" \", ,\nNA,NA, - ,NA\n NA ,1,na,\n",
        change,
        "{\"s\":\"a\",\"i\":1,\"n\":1.5,\"b\":true}\n\
         {\"s\":null,\"i\":null,\"n\":null,\"b\":null}\n\
         {\"s\":null,\"i\":null,\"n\":null,\"b\":null}\n\
         {\"s\":null,\"i\":null,\"n\":null,\"b\":null}\n\
         bad 5 a.csv:6 column `n`: `na` is not a number < NA ,1,na,>\n",
    );
    let change = |options: &mut ReadOptions| options.columns = Some(columns(&[("i", Integer)]));
    check_with(
        "a.csv",
        b"i\n\"\"\n",
        change,
        "bad 1 a.csv:2 column `i`: the field is empty, not an integer; with `integer?` it is null <>\n",
    );
}

#[test]
fn a_list_of_columns_selects_strings_in_its_order() {
    let change = |options: &mut ReadOptions| {
        options.columns = Some(vec![Column::named("c"), Column::named("a")]);
    };
    check_with("a.csv", b"a,b,c\n1,2,\n", change, "{\"c\":\"\",\"a\":\"1\"}\n");
    let without_header = |options: &mut ReadOptions| {
        change(options);
        options.dialect.header = false;
    };
    check_with("a.csv", b"1,2\n", without_header, "{\"c\":\"1\",\"a\":\"2\"}\n");
}

#[test]
fn names_that_repeat_matter_only_when_they_are_chosen() {
    let change = |names: &'static [&str]| {
        move |options: &mut ReadOptions| {
            options.columns = Some(names.iter().map(|name| Column::named(name)).collect());
        }
    };
    check_with("a.csv", b"a,b,a,\n1,2,3,4\n", change(&["b"]), "{\"b\":\"2\"}\n");
    check_with(
        "a.csv",
        b"\n\na,b,a,\n1,2,3,4\n",
        change(&["b", "a"]),
        "error a.csv:3: the header names column `a` twice, as columns 1 and 3; say with `columns` which others to take\n",
    );
}

#[test]
fn rows_can_be_padded() {
    let pad = |dialect: &mut Dialect| dialect.ragged = Ragged::Pad;
    check_in(
        "a.csv",
        "a,b\n1\n1,2\n1,2,3,\"4\n\"\n \n",
        pad,
        "{\"a\":\"1\",\"b\":null}\n{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"1\",\"b\":\"2\",\"_rest\":[\"3\",\"4\\n\"]}\n",
    );
    let lists = |dialect: &mut Dialect| (dialect.ragged, dialect.header) = (Ragged::Pad, false);
    check_in("a.csv", "1\n1,2\n,,\n", lists, "[\"1\"]\n[\"1\",\"2\"]\n[\"\",\"\",\"\"]\n");
    check_in(
        "a.csv",
        "a,_rest\n1,2\n",
        pad,
        "error a.csv:1: `ragged: pad` calls further fields `_rest`, and so does the header a column\n",
    );
    let typed = |options: &mut ReadOptions| {
        options.columns = Some(columns(&[("b", ColumnType::Integer)]));
        options.dialect.ragged = Ragged::Pad;
    };
    check_with("a.csv", b"a,b\n1\n1,2,3\n", typed, "{\"b\":null}\n{\"b\":2,\"_rest\":[\"3\"]}\n");
}

#[test]
fn lines_of_white_space_are_rows_of_one_column_only() {
    check("a.csv", b"a,b\n1,2\n  \n\t\r\n3,4\n", "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n");
    check("a.csv", b"a\n1\n  \n", "{\"a\":\"1\"}\n{\"a\":\"  \"}\n");
    check("a.csv", b"a,b\n\"  \"\n", "bad 1 a.csv:2 the row has 1 instead of 2 fields <  >\n");
}

#[test]
fn lines_before_the_header_and_comments_are_passed_over() {
    let change = |dialect: &mut Dialect| (dialect.skip, dialect.comment) = (2, Some("//".into()));
    let text = "report, \"of\n2024\n// x\n\na,b\n// y\n1,2\n1,//\n";
    check_in("a.csv", text, change, "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"1\",\"b\":\"//\"}\n");
    let bare = |dialect: &mut Dialect| (dialect.skip, dialect.header) = (1, false);
    check_in("a.csv", "x\n1\n", bare, "[\"1\"]\n");
    check_in("a.csv", "x", bare, "");
    check_in(
        "a.csv",
        "a,b\n1\n\n# x\n2\n",
        |dialect| dialect.comment = Some("#".into()),
        "bad 1 a.csv:2 the row has 1 instead of 2 fields <1>\nbad 2 a.csv:5 the row has 1 instead of 2 fields <2>\n",
    );
}

#[test]
fn tabs_are_as_iana_has_them_unless_a_quote_is_named() {
    let text = "id\ts\n1\t\"x\n2\ty\\ty\n3\tz\"\n";
    let rows =
        "{\"id\":\"1\",\"s\":\"\\\"x\"}\n{\"id\":\"2\",\"s\":\"y\\ty\"}\n{\"id\":\"3\",\"s\":\"z\\\"\"}\n";
    check("a.tsv", text.as_bytes(), rows);
    check_in("a.tsv", text, |dialect| dialect.quote = Some(Quote::None), rows);
    let quoted = "{\"id\":\"1\",\"s\":\"x\\n2\\ty\\\\ty\\n3\\tz\"}\n";
    check_in("a.tsv", text, |dialect| dialect.quote = Some(Quote::Character(b'"')), quoted);
    let change = |options: &mut ReadOptions| {
        options.columns = Some(nullable(&[("id", ColumnType::Integer), ("s", ColumnType::String)]));
        options.dialect.null_values = vec!["\\N".into()];
    };
    check_with(
        "a.tsv",
        b"id\ts\n\\N\t\\N\n1\t\\\\N\n",
        change,
        "{\"id\":null,\"s\":null}\n{\"id\":1,\"s\":\"\\\\N\"}\n",
    );
}

#[test]
fn a_first_line_can_say_what_separates_fields() {
    check("a.csv", b"sep=;\r\na;b\r\n1;2\r\n", "{\"a\":\"1\",\"b\":\"2\"}\n");
    check("a.csv", b"\xEF\xBB\xBFsep=\t\na\tb\n1\t2\n", "{\"a\":\"1\",\"b\":\"2\"}\n");
    let semicolon = |dialect: &mut Dialect| dialect.delimiter = Some(b';');
    check_in("a.csv", "sep=,\na;b\n1;2\n", semicolon, "{\"a\":\"1\",\"b\":\"2\"}\n");
    let skip = |dialect: &mut Dialect| dialect.skip = 2;
    check_in("a.csv", "sep=|\nreport\na|b\n1|2\n", skip, "{\"a\":\"1\",\"b\":\"2\"}\n");
    let bare = |dialect: &mut Dialect| dialect.header = false;
    check_in("a.csv", "sep=;\n1;2\n", bare, "[\"1\",\"2\"]\n");
    check("a.tsv", b"sep=;\n1\n", "{\"sep=;\":\"1\"}\n");
    check("a.csv", b"\"sep=;\"\n1\n", "{\"sep=;\":\"1\"}\n");
}

#[test]
fn a_file_with_another_delimiter_is_an_error_that_says_so() {
    let message = |delimiter: &str| {
        format!(
            "error a.csv:1: the header is one column, whose name holds `{delimiter}`; say `delimiter: \"{delimiter}\"`, \
             or `delimiter: \",\"` if it is one\n"
        )
    };
    check("a.csv", b"a;b\n1;2\n", &message(";"));
    check("a.csv", b"a\tb\n1\t2\n", &message("\\t"));
    check_in("a.csv", "a;b\n1\n", |dialect| dialect.delimiter = Some(b','), "{\"a;b\":\"1\"}\n");
    check("a.csv", b"\"a;b\"\n1\n", "{\"a;b\":\"1\"}\n");
    check("a.csv", b"a;b,c\n1,2\n", "{\"a;b\":\"1\",\"c\":\"2\"}\n");
}

#[test]
fn a_header_of_nothing_but_delimiters_is_refused() {
    let names = format!("{}\n", "a,".repeat(200_000));
    check("a.csv", names.as_bytes(), "error a.csv:1: the row has more than 100000 fields\n");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    type Change<'a> = &'a dyn Fn(&mut ReadOptions);
    let seen = |change: Change<'_>| {
        let mut options = options("/".as_ref(), "a.csv");
        change(&mut options);
        options.format = options.format.or(Some(crate::data::Format::Csv));
        transcript(open(&options), 1, 1)
    };
    let cases: [(Change<'_>, &str); 10] = [
        (
            &|o| o.dialect.quote = Some(Quote::Character(b',')),
            "`quote` cannot be `,`, which separates fields",
        ),
        (&|o| o.dialect.escape = Some(b','), "`escape` cannot be `,`, which separates fields"),
        (&|o| o.dialect.comment = Some(String::new()), "`comment` is empty, and every line begins so"),
        (&|o| o.dialect.comment = Some("a\nb".into()), "`comment` holds a line end, and no line begins so"),
        (&|o| o.dialect.comment = Some(",".into()), "`comment` cannot be `,`, which separates fields"),
        (&|o| o.dialect.comment = Some("\"".into()), "`comment` cannot be `\"`, which encloses fields"),
        (
            &|o| o.dialect.null_values = vec!["NA".into()],
            "`null_values` is for columns that may be null; say which may, such as `columns: {price: number?}`",
        ),
        (&|o| o.columns = Some(vec![Column::named("a"), Column::named("a")]), "`columns` names `a` twice"),
        (
            &|o| (o.format, o.dialect.trim) = (Some(crate::data::Format::Lines), true),
            "`trim` is for `csv` and `tsv`, not for `lines`",
        ),
        (
            &|o| {
                o.format = Some(crate::data::Format::Parquet);
                o.encoding = crate::data::TextEncoding::of_label("latin1").ok();
            },
            "`encoding` is for `jsonl`, `json`, `csv`, `tsv` and `lines`, not for `parquet`",
        ),
    ];
    for (change, expect) in cases {
        assert_eq!(seen(change), format!("error {expect}\n"));
    }
}
