//! These tests ask an answer for what other languages call so.

use super::failure;
use crate::server::{Reply, Server};

#[test]
fn what_an_answer_does_not_have_is_an_error_with_what_was_meant() {
    let server = Server::start(|_| Reply::Whole(200, Vec::new(), b"{}".to_vec()));
    for (lua, expect) in [
        (
            "return http.get(base).status_code",
            "there is no `status_code` in an answer: did you mean `status`?",
        ),
        ("return http.get(base).text", "there is no `text` in an answer: did you mean `body`?"),
        ("return http.get(base).content", "there is no `content` in an answer: did you mean `body`?"),
        ("return http.get(base).stats", "there is no `stats` in an answer: did you mean `status`?"),
        (
            "return http.get(base).nonsense",
            "there is no `nonsense` in an answer, only `status`, `ok`, `headers`, `body`, `cookies`, `url`, `ms`, `json`, `check`",
        ),
        (
            "return http.get(base).json()",
            "`json` is a method of an answer: write `answer:json()`, with a colon",
        ),
        (
            "return http.get(base).check()",
            "`check` is a method of an answer: write `answer:check()`, with a colon",
        ),
        (
            "return http.get(base):raise_for_status()",
            "there is no `raise_for_status` in an answer: did you mean `check`?",
        ),
    ] {
        let (_, message, _) = failure("timeout: 20s", &server, lua);
        assert_eq!(message, expect, "{lua}");
    }
}
