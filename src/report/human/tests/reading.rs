//! These tests show how far a step is whose input has a size.

use expect_test::expect;

use super::check;
use crate::event::Tally;
use crate::report::human::*;
use crate::report::tests::fixture::{reading, run_started, started};

#[test]
fn a_step_whose_input_has_a_size_has_share_and_eta() {
    let tally = Tally { succeeded: 30, failed: 3, skipped: 0, cancelled: 0, retried: 0 };
    let events = [
        (0, run_started(&[("docs", "read")])),
        (0, started(0, None)),
        (10_000, reading(0, tally, None, (1_000, 3_000))),
        (20_000, reading(0, tally, None, (3_000, 3_000))),
    ];
    check(
        Verbosity::Normal,
        &events,
        &expect![[r#"
            |   read docs      started
            |   read docs      33 items · 33.33 % read · 30 ok · 3 failed · 3.3/s · ETA 20s
            |   read docs      33 items · 100 % read · 30 ok · 3 failed · 1.6/s
        "#]],
    );
}
