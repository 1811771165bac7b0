//! Each code has an example of its mistake and of the message about it: the fixtures of the tests, so that both are
//! true.

/// A pipeline file with a mistake.
#[derive(Debug, Clone, Copy)]
pub(super) struct Example {
    /// The code, without `flowrun::`.
    pub(super) code: &'static str,
    /// The file. One of them is no UTF-8, which is its mistake.
    pub(super) file: &'static [u8],
    /// What `flowrun check` says.
    pub(super) said: &'static str,
}

macro_rules! example {
    ($code:literal) => {
        Example {
            code: $code,
            file: include_bytes!(concat!("../../../tests/diagnostics/", $code, ".yaml")),
            said: include_str!(concat!("../../../tests/diagnostics/", $code, ".stderr")),
        }
    };
}

/// All of them, sorted by code.
pub(super) const EXAMPLES: &[Example] = &[
    example!("bad_duration"),
    example!("bad_include"),
    example!("bad_name"),
    example!("bad_number"),
    example!("bad_option"),
    example!("bad_param"),
    example!("bad_pattern"),
    example!("bad_rate"),
    example!("bad_size"),
    example!("bad_test"),
    example!("bad_value"),
    example!("bad_version"),
    example!("big_literal"),
    example!("breaker_pauses"),
    example!("cycle"),
    example!("duplicate_key"),
    example!("empty_file"),
    example!("empty_steps"),
    example!("expression"),
    example!("fail_fast_tolerance"),
    example!("from_in_source"),
    example!("literal_path"),
    example!("lua_cut"),
    example!("lua_escape"),
    example!("lua_file"),
    example!("lua_folded"),
    example!("lua_lookalike"),
    example!("lua_path"),
    example!("lua_syntax"),
    example!("missing_key"),
    example!("name_clash"),
    example!("no_failed_items"),
    example!("no_output"),
    example!("no_verb"),
    example!("not_permitted"),
    example!("not_utf8"),
    example!("out_of_range"),
    example!("program"),
    example!("repeated_rate_limit"),
    example!("same_test_name"),
    example!("short_deadline"),
    example!("short_secret"),
    example!("standard_stream"),
    example!("step_not_ended"),
    example!("timeout_without_retries"),
    example!("too_many"),
    example!("two_functions"),
    example!("two_verbs"),
    example!("unclosed_bracket"),
    example!("unclosed_quote"),
    example!("undeclared"),
    example!("unknown_code"),
    example!("unknown_format"),
    example!("unknown_global"),
    example!("unknown_key"),
    example!("unknown_policy"),
    example!("unknown_rate_limit"),
    example!("unknown_scheme"),
    example!("unknown_step"),
    example!("unread_failures"),
    example!("unseen_file"),
    example!("unused_concurrency"),
    example!("unused_lanes"),
    example!("unused_rate_limit"),
    example!("unused_step"),
    example!("write_conflict"),
    example!("write_over_input"),
    example!("wrong_type"),
    example!("yaml_alias"),
    example!("yaml_control"),
    example!("yaml_documents"),
    example!("yaml_key"),
    example!("yaml_limit"),
    example!("yaml_merge"),
    example!("yaml_syntax"),
    example!("yaml_tab"),
    example!("yaml_tag"),
];
