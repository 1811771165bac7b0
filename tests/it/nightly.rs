//! This test runs the example `nightly` over a week, beside a server that is carrier and webhook: the carrier is down at
//! first, three days fail, are repaired and resumed, and every end is told.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::examples::Example;
use crate::project::{Ran, command_in};
use crate::server::{Reply, Request, Server};

pub(crate) const TOKEN: &str = "t0ken-of-the-night-0815";

/// How long the carrier is down, from the first time that it is asked.
const DOWN: Duration = Duration::from_millis(700);

/// What the carrier and the webhook know.
#[derive(Default)]
struct Night {
    down_until: Option<Instant>,
    /// Whether the carrier has found a parcel that it did not know.
    found: bool,
    /// Requests that were answered, by parcel, and those that came while the carrier was down.
    answered: BTreeMap<String, u32>,
    refused: usize,
    /// What the webhook was told.
    told: Vec<Value>,
}

impl Night {
    fn answer(&mut self, request: &Request) -> Reply {
        if request.method == "POST" {
            assert_eq!(request.header("authorization"), format!("Bearer {TOKEN}"));
            self.told.push(serde_json::from_str(&request.body).expect("JSON"));
            return Reply::text(204, "");
        }
        let now = Instant::now();
        if now < *self.down_until.get_or_insert(now + DOWN) {
            self.refused += 1;
            return Reply::text(503, "closed for tonight");
        }
        let parcel = request.target.rsplit('/').next().expect("a name");
        if parcel == "P110602" && !self.found {
            return Reply::text(404, "no such parcel");
        }
        *self.answered.entry(parcel.to_owned()).or_default() += 1;
        let number: usize = parcel[1..].parse().expect("digits");
        let state = ["delivered", "on its way", "at the depot"][number % 3];
        Reply::text(200, &json!({ "state": state }).to_string())
    }
}

/// The example beside its server.
pub(crate) struct Nights {
    pub(crate) example: Example,
    pub(crate) server: Server,
    night: Arc<Mutex<Night>>,
}

impl Nights {
    pub(crate) fn start() -> Self {
        let night: Arc<Mutex<Night>> = Arc::default();
        let own = Arc::clone(&night);
        let server = Server::start(move |request| own.lock().expect("no panic").answer(request));
        Self { example: Example::new("nightly"), server, night }
    }

    /// flowrun with these words in the example's folder.
    fn run(&self, words: &str) -> Ran {
        let mut command = command_in(&self.example.path, &words.split_whitespace().collect::<Vec<_>>());
        command.env("HOOK_TOKEN", TOKEN).stdin(Stdio::null());
        Ran::from(command.output().expect("flowrun starts"))
    }

    /// Runs the pipeline with these words, at this server and with the patience of a test.
    fn pipeline(&self, words: &str) -> Ran {
        let (carrier, hook) = (self.server.url(""), self.server.url("/hook"));
        self.run(&format!(
            "pipeline.yaml {words} -p carrier={carrier} -p hook={hook} --set located.breaker.pause=100ms --set \
             located.retries.delay=10ms"
        ))
    }

    /// What the webhook was told since the last time: `day status`, and the rest by day.
    fn told(&self) -> (Vec<String>, BTreeMap<String, Value>) {
        let told = std::mem::take(&mut self.night.lock().expect("no panic").told);
        let text = |end: &Value, key: &str| {
            end[key].as_str().expect("text").trim_start_matches("2026-11-").to_owned()
        };
        let ends = told.iter().map(|end| format!("{} {}", text(end, "day"), text(end, "status"))).collect();
        (ends, told.iter().map(|end| (text(end, "day"), end.clone())).collect())
    }

    /// `day status` of all kept runs, the oldest first.
    fn runs(&self) -> Vec<String> {
        let list: Vec<Value> =
            serde_json::from_str(&self.run("runs --format json").ok().stdout).expect("a list");
        let day = |run: &Value| {
            run["params"]["day"].as_str().expect("a day").trim_start_matches("2026-11-").to_owned()
        };
        list.iter()
            .rev()
            .map(|run| format!("{} {}", day(run), run["status"].as_str().expect("text")))
            .collect()
    }
}

/// The first run over all days: what was told, and that the carrier was spared while it was down.
fn fails_on_three_days(nights: &Nights) {
    let ran = nights.pipeline("--each day=2026-11-01..2026-11-07 --events events-{day}.jsonl");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("7 in all: 4 succeeded, 3 failed"), "{}", ran.stderr);
    let (ends, by_day) = nights.told();
    let expect = [
        "01 succeeded",
        "02 succeeded",
        "03 failed",
        "04 succeeded",
        "05 failed",
        "06 failed",
        "07 succeeded",
    ];
    assert_eq!(ends, expect);
    assert_eq!(nights.runs(), expect);
    let counts = |day: &str, step: &str| by_day[day]["counts"][step].clone();
    assert_eq!(counts("01", "located"), json!({"total": 8, "ok": 8, "failed": 0}));
    assert_eq!(counts("06", "located"), json!({"total": 8, "ok": 7, "failed": 1}));
    assert_eq!(by_day["01"]["why"], "");
    for (day, why) in
        [("03", "parcels: 1 row is bad"), ("05", "parcels: cannot open"), ("06", "located: 7 of 8 items")]
    {
        assert!(by_day[day]["why"].as_str().expect("a reason").starts_with(why), "{}", by_day[day]);
        assert!(
            by_day[day]["go_on"].as_str().expect("a command").starts_with("flowrun resume "),
            "{}",
            by_day[day]
        );
    }
    let events = fs::read_to_string(nights.example.path.join("events-2026-11-01.jsonl")).expect("events");
    assert!(events.contains("\"event\":\"breaker\""), "{events}");
    // Those that were under way, and one after each pause of 100, 200, 400 ms.
    let refused = nights.night.lock().expect("no panic").refused;
    assert!((5..=8 + 3).contains(&refused), "{refused} requests while it was down");
}

#[test]
fn a_week_of_nights_is_run_repaired_and_gone_on_with() {
    let nights = Nights::start();
    fails_on_three_days(&nights);
    let data = |day: &str| nights.example.path.join(format!("data/2026-11-{day}.csv"));
    let third = fs::read_to_string(data("03")).expect("text");
    fs::write(data("03"), third.replace("n/a", "2.5")).expect("it is mended");
    fs::write(data("05"), "parcel,weight\nP110501,0.4\nP110502,9.9\n").expect("it has come");
    nights.night.lock().expect("no panic").found = true;

    let resumed = nights.run("resume pipeline.yaml --all").ok();
    assert!(resumed.stderr.contains("3 in all: 3 succeeded"), "{}", resumed.stderr);
    let (ends, by_day) = nights.told();
    assert_eq!(ends, ["03 succeeded", "05 succeeded", "06 succeeded"]);
    assert_eq!(by_day["05"]["counts"]["located"], json!({"total": 2, "ok": 2, "failed": 0}));
    let answered = std::mem::take(&mut nights.night.lock().expect("no panic").answered);
    assert_eq!(answered.len(), 6 * 8 + 2);
    assert!(answered.values().all(|times| *times == 1), "what was known was asked for again: {answered:?}");
    nights.example.check_outputs();
    let listed = nights.run("runs").ok().stdout;
    assert!(listed.lines().nth(1).is_some_and(|line| line.contains("day=2026-11-06")), "{listed}");

    assert!(nights.run("resume pipeline.yaml --all").ok().stderr.contains("nothing to resume"));
    let again = nights.pipeline("--each day=2026-11-01..2026-11-07").ok();
    assert!(again.stderr.contains("7 in all: 7 passed over"), "{}", again.stderr);
    assert_eq!(nights.told().0.len(), 0, "nothing has run");
    // The last good run of each day stays, whatever `keep` says.
    nights.pipeline("-q -p day=2026-11-02 --set keep.runs=1 --set keep.age=1ms").ok();
    let kept = ["01", "04", "07", "03", "05", "06", "02"].map(|day| format!("{day} succeeded"));
    assert_eq!(nights.runs(), kept);
}
