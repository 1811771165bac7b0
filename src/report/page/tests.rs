//! These tests look at the page as text; what a browser makes of it is tested with one.

use super::*;
use crate::event::Tally;
use crate::report::account::{FailureAccount, Group, StepAccount};

const HOSTILE: &str = "</script><script>alert(1)</script><style>*{}</style><!--\"'";

fn hostile() -> Account {
    let evil = || HOSTILE.to_owned();
    let group = Group {
        kind: evil(),
        message: evil(),
        search: evil(),
        place: Some(evil()),
        source: Some((1, evil())),
        count: 1,
        items: vec![1],
        rows: vec![evil()],
    };
    let failure = FailureAccount {
        index: 1,
        key: Some(evil()),
        kind: evil(),
        message: evil(),
        place: Some(evil()),
        source: Some(evil()),
        item: Some(evil()),
        traceback: evil(),
        log: vec![(evil(), evil())],
        later: Some(evil()),
        ..FailureAccount::default()
    };
    let step = StepAccount {
        name: evil(),
        verb: evil(),
        status: evil(),
        reason: Some(evil()),
        tally: Tally { failed: 1, retried: 1, ..Tally::default() },
        needed: Some((evil(), 1)),
        started: Some(std::time::Duration::ZERO),
        duration: std::time::Duration::from_secs(1),
        target: Some(evil()),
        groups: vec![group],
        failures: vec![failure],
        ..StepAccount::default()
    };
    Account {
        run: evil(),
        pipeline: evil(),
        status: evil(),
        started: evil(),
        resume: Some(evil()),
        parent: Some(evil()),
        later: Some((evil(), evil())),
        steps: vec![step],
        sources: vec![(evil(), evil())],
        params: vec![(evil(), evil())],
        environment: vec![(evil(), evil())],
        notices: vec![evil()],
        ..Account::default()
    }
}

#[test]
fn nothing_foreign_becomes_markup() {
    let page = page(&hostile());
    assert!(!page.contains("<script>alert") && !page.contains("<style>*") && !page.contains("<!--"));
    assert_eq!((page.matches("<script").count(), page.matches("<style").count()), (1, 1));
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(!page.contains("\"'"), "quotes end no attribute");
}

#[test]
fn the_policy_names_the_script_and_the_style_of_the_page_and_nothing_else() {
    let page = page(&Account::default());
    for content in [STYLE, SCRIPT] {
        assert!(page.contains(&format!("'sha256-{}'", hash(content))));
    }
    assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains(" style="));
    assert!(!SCRIPT.contains("</") && !STYLE.contains("</"));
}

#[test]
fn a_page_stays_below_a_megabyte_however_much_failed() {
    let failure = |index| FailureAccount {
        index,
        message: "é<".repeat(5_000),
        item: Some("\"<&".repeat(5_000)),
        traceback: "<".repeat(5_000),
        log: vec![("info".to_owned(), "<".repeat(5_000)); 20],
        ..FailureAccount::default()
    };
    let step = StepAccount {
        tally: Tally { failed: 50_000, ..Tally::default() },
        failures: (1..=2_000).map(failure).collect(),
        ..StepAccount::default()
    };
    let account = Account {
        steps: vec![step; 5],
        sources: vec![("p.yaml".to_owned(), "x: 1\n".repeat(100_000))],
        ..Account::default()
    };
    let page = page(&account);
    assert!(page.contains("of 50\u{202f}000 items") && page.contains("too long to be shown"));
    assert!(page.len() < 1_000_000, "{}", page.len());
}
