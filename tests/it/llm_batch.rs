//! This test runs the example `llm-batch` beside a server that is a language model with a contract: it holds to what it
//! grants, has moods, and keeps a book of what it was asked and what it charges.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::examples::Example;
use crate::project::{Ran, command_in};
use crate::rate::assert_paced;
use crate::server::{Reply, Request, Server};

pub(crate) const KEY: &str = "sk-a-key-that-nobody-may-see-4711";

/// Letters that the first run gets answers for before the model falls silent.
const BEFORE_THE_KILL: usize = 20;

/// A request that was answered by the model itself, and so is paid for.
#[derive(Debug, Clone, Copy)]
struct Charge {
    at: Instant,
    letter: u64,
    input: u64,
    output: u64,
}

/// What the server has seen.
#[derive(Default)]
struct Book {
    /// When requests came, and for which letter.
    requests: Vec<(Instant, u64)>,
    charges: Vec<Charge>,
    /// When requests came that the contract allows.
    granted: Vec<Instant>,
    /// How many were sent away because the contract allows no more.
    refused: usize,
    /// New conversations get no answer once so many letters have one.
    silent_from: Option<usize>,
}

impl Book {
    fn charged(&self) -> BTreeSet<u64> {
        self.charges.iter().map(|charge| charge.letter).collect()
    }

    fn asked(&self) -> BTreeSet<u64> {
        self.requests.iter().map(|(_, letter)| *letter).collect()
    }
}

/// What one second may have: requests, and tokens.
#[derive(Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) requests: usize,
    pub(crate) tokens: u64,
}

/// The server and its book.
pub(crate) struct Provider {
    pub(crate) server: Server,
    book: Arc<Mutex<Book>>,
}

impl Provider {
    pub(crate) fn start(grant: Grant) -> Self {
        let book: Arc<Mutex<Book>> = Arc::default();
        let letters = letters();
        let own = Arc::clone(&book);
        let server = Server::start(move |request| {
            if request.header("authorization") != format!("Bearer {KEY}") {
                return Reply::text(401, "who are you?");
            }
            let asked = Asked::read(request, &letters);
            answer(&asked, grant, &mut own.lock().expect("no panic"))
        });
        Self { server, book }
    }

    /// The book so far; a new one is begun.
    fn take(&self) -> Book {
        std::mem::take(&mut *self.book.lock().expect("no panic"))
    }

    /// flowrun with these words in the folder of the example, at this server.
    fn command(&self, example: &Example, words: &str) -> Command {
        let mut command = command_in(&example.path, &words.split_whitespace().collect::<Vec<_>>());
        let api = format!("api={}", self.server.url("/v1"));
        command.args(["-p", &api]).env("OPENAI_API_KEY", KEY).stdin(Stdio::null());
        command
    }

    fn run(&self, example: &Example, words: &str) -> Ran {
        Ran::from(self.command(example, words).output().expect("flowrun starts"))
    }
}

/// The numbers of letters by their texts.
fn letters() -> HashMap<String, u64> {
    let data = include_str!("../../examples/llm-batch/data/tickets.jsonl");
    let letter = |line: &str| {
        let letter: Value = serde_json::from_str(line).expect("JSON");
        (letter["text"].as_str().expect("a text").to_owned(), letter["id"].as_u64().expect("a number"))
    };
    data.lines().map(letter).collect()
}

/// A request for `chat/completions`.
struct Asked {
    letter: u64,
    text: String,
    turn: usize,
    /// The last thing that was said to the model.
    last: String,
    input: u64,
}

impl Asked {
    fn read(request: &Request, letters: &HashMap<String, u64>) -> Self {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/v1/chat/completions"));
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        let messages = body["messages"].as_array().expect("messages");
        let content = |at: usize| messages[at]["content"].as_str().expect("text").to_owned();
        let (text, last) = (content(1), content(messages.len() - 1));
        Self {
            letter: letters[&text],
            text,
            turn: messages.iter().filter(|message| message["role"] == "assistant").count() + 1,
            last,
            input: (0..messages.len()).map(|at| tokens(&content(at))).sum(),
        }
    }

    /// What the model says: for some letters something that the pipeline cannot use, until it is told what is wrong.
    fn content(&self) -> String {
        let lower = self.text.to_lowercase();
        let topics =
            ["deliver", "return", "refund", "repair", "brake", "gear", "invoice", "charged", "paid", "card"];
        let topic = match topics.iter().find(|word| lower.contains(**word)) {
            Some(&"deliver") => "delivery",
            Some(&"refund") => "return",
            Some(&("brake" | "gear")) => "repair",
            Some(&("invoice" | "charged" | "paid" | "card")) => "payment",
            Some(topic) => topic,
            None => "other",
        };
        let beginning = self.text.get(..=40).and_then(|text| text.rsplit_once(' '));
        let summary = beginning.map_or(self.text.as_str(), |(words, _)| words);
        let mut answer = json!({"topic": topic, "urgency": 1 + self.letter % 5, "summary": summary});
        let told = |word: &str| self.turn > 1 && self.last.contains(word);
        match self.letter {
            3 if !told("JSON") => return format!("Sure! Here it is: {answer}"),
            11 if !told("JSON") => return format!("```json\n{answer}\n```"),
            13 if !told("`urgency`") => answer["urgency"] = json!("high"),
            17 if !told("`summary`") => answer = json!({"topic": topic, "urgency": 1}),
            19 if self.turn < 3 || !told("`topic`") => answer["topic"] = json!("bicycle"),
            15 => return format!("I am sorry, but {KEY} may not ask that."),
            _ => {}
        }
        answer.to_string()
    }
}

fn tokens(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

/// What comes back; what is charged goes into the book.
fn answer(asked: &Asked, grant: Grant, book: &mut Book) -> Reply {
    let now = Instant::now();
    let second = |at: &Instant| now.duration_since(*at) < Duration::from_secs(1);
    let times = book.requests.iter().filter(|(_, letter)| *letter == asked.letter).count() + 1;
    let requests = book.granted.iter().filter(|at| second(at)).count();
    let spent: u64 = book
        .charges
        .iter()
        .filter(|charge| second(&charge.at))
        .map(|charge| charge.input + charge.output)
        .sum();
    book.requests.push((now, asked.letter));
    if asked.turn == 1 && book.silent_from.is_some_and(|count| book.charged().len() >= count) {
        return Reply::Never;
    }
    let slow_down = || Reply::Whole(429, vec![("Retry-After", "1".to_owned())], b"{}".to_vec());
    if requests >= grant.requests || spent + asked.input > grant.tokens {
        book.refused += 1;
        return slow_down();
    }
    book.granted.push(now);
    match (asked.letter, times) {
        (4 | 40, 1) => return slow_down(),
        // A server that talks too much.
        (7 | 21 | 50, 1 | 2) => return Reply::text(500, &format!("internal error, key {KEY}")),
        (9 | 45, 1) => return Reply::text(200, "{\"choices\": [{\"mess"),
        (55, 1) => return Reply::Never,
        _ => {}
    }
    let content = asked.content();
    let (input, output) = (asked.input, tokens(&content));
    book.charges.push(Charge { at: now, letter: asked.letter, input, output });
    let usage = json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output});
    let message = json!({"role": "assistant", "content": content});
    Reply::text(200, &json!({"choices": [{"message": message}], "usage": usage}).to_string())
}

/// The letters whose answers the last run has committed, those that it gave up on included.
fn committed(example: &Example) -> BTreeSet<u64> {
    let lines = ["--results", "--failed"].map(|what| {
        let shown = command_in(&example.path, &["show", "latest", "ask", what, "--format", "jsonl"]).output();
        Ran::from(shown.expect("flowrun starts")).stdout
    });
    let index = |line: &str| serde_json::from_str::<Value>(line).ok()?["index"].as_u64();
    lines.iter().flat_map(|text| text.lines()).filter_map(index).collect()
}

/// Waits until the model has fallen silent and all that it had answered is committed, and kills the run then.
fn kill_in_the_silence(provider: &Provider, example: &Example, mut child: Child) {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let charged = provider.book.lock().expect("no panic").charged();
        if charged.len() >= BEFORE_THE_KILL && charged == committed(example) {
            break;
        }
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended before it was killed");
        assert!(Instant::now() < until, "{charged:?} have answers, {:?} are committed", committed(example));
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Nothing that was written or can be shown has the key in it, although the server has sent it back in errors.
fn check_that_the_key_is_hidden(example: &Example, said: &[&str]) {
    let shown: Vec<String> = [
        &["show"][..],
        &["show", "latest", "ask", "--results"],
        &["show", "latest", "ask", "--failed"],
        &["report"],
        &["runs"],
    ]
    .iter()
    .map(|words| Ran::from(command_in(&example.path, words).output().expect("flowrun starts")).ok().stdout)
    .collect();
    assert!(shown[1].contains("delivery"), "results are shown: {}", shown[1]);
    for text in said.iter().copied().chain(shown.iter().map(String::as_str)) {
        assert!(!text.contains(KEY), "{text}");
    }
    let mut masked = BTreeSet::new();
    for path in files(&example.path) {
        let bytes = fs::read(&path).expect("readable");
        let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!has(KEY), "{}", path.display());
        masked.extend(
            ["I am sorry, but *** may not", "internal error, key ***"].into_iter().filter(|text| has(text)),
        );
    }
    assert_eq!(masked.len(), 2, "what has the key is kept, and the key hidden in it: {masked:?}");
}

/// What the bill must be, to the last digit.
fn bill(charges: &[Charge]) -> Value {
    let sum = |tokens: fn(&Charge) -> u64| charges.iter().map(tokens).sum::<u64>();
    let (input, output) = (sum(|charge| charge.input), sum(|charge| charge.output));
    let millionths = u32::try_from(2 * input + 8 * output).expect("a small bill");
    json!({"letters": 60, "input": input, "output": output, "dollars": f64::from(millionths) / 1e6})
}

/// How often each letter was answered that was answered more than once.
fn several(charges: &[Charge]) -> BTreeMap<u64, u32> {
    let mut times = BTreeMap::<u64, u32>::new();
    for charge in charges {
        *times.entry(charge.letter).or_default() += 1;
    }
    times.retain(|_, times| *times > 1);
    times
}

/// What came to the server, against the moment at which the step began, which is the earliest start of an attempt.
#[track_caller]
fn check_pace(example: &Example, events: &str, book: &Book, requests: u64, tokens: u64) {
    let events = fs::read_to_string(example.path.join(events)).expect("events");
    let mut events = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let started = events.find(|event| event["event"] == "step_started" && event["step"] == "ask");
    let at: jiff::Timestamp =
        started.expect("it began")["at"].as_str().expect("a time").parse().expect("a time");
    let ago = SystemTime::now().duration_since(at.into()).expect("the clock goes on");
    let begun = Instant::now().checked_sub(ago).expect("since the machine started");
    let one = |(at, _): &(Instant, u64)| (*at, 1);
    assert_paced(begun, &book.requests.iter().map(one).collect::<Vec<_>>(), requests);
    let spent = |charge: &Charge| (charge.at, charge.input + charge.output);
    assert_paced(begun, &book.charges.iter().map(spent).collect::<Vec<_>>(), tokens);
}

#[test]
fn a_killed_batch_goes_on_within_its_limits_and_pays_for_every_answer_once() {
    let example = Example::new("llm-batch");
    let provider = Provider::start(Grant { requests: 60, tokens: 10_000 });
    provider.book.lock().expect("no panic").silent_from = Some(BEFORE_THE_KILL);
    let words = "pipeline.yaml -q -p requests=12/s -p tokens=5000/s --set ask.timeout=30s \
                 --set ask.retries.delay=20ms --events first.jsonl";
    let child = provider.command(&example, words).stderr(Stdio::null()).spawn();
    kill_in_the_silence(&provider, &example, child.expect("flowrun starts"));
    let first = provider.take();
    check_pace(&example, "first.jsonl", &first, 12, 5000);

    // The contract may be another one by now: what was answered stands.
    let words = "resume --keep-permanent -p requests=30/s -p tokens=1500/s --set ask.timeout=3s \
                 --events second.jsonl --report report.html --junit junit.xml";
    let ran = provider.run(&example, words).ok();
    let second = provider.take();
    check_pace(&example, "second.jsonl", &second, 30, 1500);
    let twice: Vec<u64> = first.charged().intersection(&second.asked()).copied().collect();
    assert!(twice.is_empty(), "{twice:?} had answers and were asked again");
    assert_eq!(first.charged().len() + second.charged().len(), 60);

    example.check_outputs();
    let charges = [first.charges, second.charges].concat();
    // As many turns as each of them needs.
    assert_eq!(several(&charges), BTreeMap::from([(3, 2), (11, 2), (13, 2), (15, 3), (17, 2), (19, 3)]));
    let written = |name: &str| serde_json::from_str::<Value>(&example.output(name)).expect("one value");
    assert_eq!(written("bill.json"), bill(&charges));
    let unusable = written("unusable.jsonl");
    assert_eq!((&unusable["key"], &unusable["attempts"]), (&json!("15"), &json!(1)));
    assert_eq!(unusable["error"]["fields"]["answer"], "I am sorry, but *** may not ask that.");
    check_that_the_key_is_hidden(&example, &[&ran.stdout, &ran.stderr]);
}

#[test]
fn a_contract_that_allows_less_than_is_asked_for_is_waited_for() {
    let example = Example::new("llm-batch");
    let provider = Provider::start(Grant { requests: 25, tokens: 10_000 });
    let words = "pipeline.yaml -q -p requests=900/s -p tokens=900000/s --set ask.timeout=3s \
                 --set ask.retries.delay=20ms";
    provider.run(&example, words).ok();
    assert!(provider.take().refused > 0, "the server refuses");
    example.check_outputs();
}
