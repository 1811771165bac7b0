//! These tests cover `http` against servers on loopback, through the real binary.

mod crossing;
mod fields;
mod saving;
mod trust;

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::project::Project;
use crate::server::{Reply, Server};

/// A map of one item over `lua`, which finds the server at `base`.
fn project(policy: &str, server: &Server, lua: &str) -> Project {
    many(policy, server, lua, 1)
}

fn many(policy: &str, server: &Server, lua: &str, count: u64) -> Project {
    let lua = lua.lines().map(|line| format!("        {}\n", line.trim())).collect::<Vec<_>>().concat();
    Project::with(&format!(
        "permissions: {{net: [\"{address}\"]}}\nsteps:\n  docs:\n    read: in.jsonl\n  ask:\n    from: docs\n    map:\n      {policy}\n      \
         min_success_ratio: 0\n      lua: |\n        local base = 'http://{address}'\n{lua}  save:\n    from: ask\n    write: out.jsonl\n  lost:\n    from: ask.failed\n    write: failed.jsonl\n",
        address = server.address,
    ))
    .ids("in.jsonl", count)
}

/// The one result.
#[track_caller]
fn check(server: &Server, lua: &str, expect: &str) {
    let project = project("timeout: 20s", server, lua);
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl").trim_end(), expect, "{lua}\n{}", project.read("failed.jsonl"));
}

/// Kind, message and number of attempts of the one item, which fails.
#[track_caller]
fn failure(policy: &str, server: &Server, lua: &str) -> (String, String, u64) {
    project(policy, server, lua).failure()
}

#[test]
fn an_answer_has_all_its_parts() {
    let server = Server::start(|request| {
        assert!(request.header("user-agent").starts_with("flowrun/"));
        let headers = vec![("X-Two", "a".to_owned()), ("x-two", "b".to_owned())];
        Reply::Whole(201, headers, br#"{"a":[1,null]}"#.to_vec())
    });
    let lua = "local r = http.get(base .. '/x?y=1')
        assert(r.ms >= 0 and r:check() == r)
        return { r.status, r.ok, r.headers['x-two'], r.headers['X-TWO'], r.body, r.url == base .. '/x?y=1', r:json() }";
    check(&server, lua, r#"[201,true,"a, b","a, b","{\"a\":[1,null]}",true,{"a":[1,null]}]"#);
    assert_eq!(server.requests()[0].target, "/x?y=1");
}

#[test]
fn a_byte_order_mark_before_the_json_of_an_answer_is_left_out() {
    let server = Server::start(|_| Reply::text(200, "\u{feff}{\"a\":1}"));
    check(&server, "return http.get(base .. '/'):json()", r#"{"a":1}"#);
}

/// Lets nobody through before so many are there.
#[derive(Default)]
struct Gate {
    inside: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    /// Whether so many came together before everybody lost patience.
    fn pass(&self, expected: usize) -> bool {
        let mut inside = self.inside.lock().expect("no panic");
        *inside += 1;
        self.changed.notify_all();
        let patience = Duration::from_secs(60);
        let (inside, _) =
            self.changed.wait_timeout_while(inside, patience, |inside| *inside < expected).expect("no panic");
        *inside >= expected
    }
}

/// Threads of a process that this test has started.
fn threads(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

#[test]
fn a_thousand_requests_are_in_flight_on_a_few_threads() {
    const COUNT: usize = 1000;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("up to the maximum");
    let (gate, most) = (Arc::new(Gate::default()), Arc::new(AtomicUsize::new(0)));
    let pid = Arc::new(AtomicU32::new(0));
    let server = {
        let (gate, most, pid) = (Arc::clone(&gate), Arc::clone(&most), Arc::clone(&pid));
        Server::start(move |_| {
            let together = gate.pass(COUNT);
            most.fetch_max(threads(pid.load(Ordering::SeqCst)), Ordering::SeqCst);
            Reply::text(if together { 200 } else { 500 }, "done")
        })
    };
    let project = many("concurrency: 1000", &server, "return http.get(base):check().body", COUNT as u64);
    let child = project.command(&["pipeline.yaml", "-q"]).spawn().expect("it starts");
    pid.store(child.id(), Ordering::SeqCst);
    assert!(child.wait_with_output().expect("ours").status.success());
    assert_eq!(
        (project.read("out.jsonl").lines().count(), project.read("failed.jsonl").as_str()),
        (COUNT, "")
    );
    let most = most.load(Ordering::SeqCst);
    assert!((1..=16).contains(&most), "{most} threads");
}

#[test]
fn what_is_asked_and_sent_is_encoded() {
    let server = Server::start(|request| Reply::text(200, &format!("{} {}", request.method, request.target)));
    let at = |number: usize| server.requests()[number].clone();
    check(
        &server,
        "return http.get(base .. '/a?x=1', { query = { q = 'a b&c', tag = { 'x', 'é' }, n = 2, ok = true } }).body",
        r#""GET /a?x=1&n=2&ok=true&q=a+b%26c&tag=x&tag=%C3%A9""#,
    );
    check(&server, "return http.post(base, { json = { a = { 1, json.null } } }).body", r#""POST /""#);
    assert_eq!(
        (at(1).header("content-type"), at(1).body.as_str()),
        ("application/json", r#"{"a":[1,null]}"#)
    );
    check(&server, "return http.put(base, { form = { a = 'x y', b = { 1, 2 } } }).body", r#""PUT /""#);
    assert_eq!(
        (at(2).header("content-type"), at(2).body.as_str()),
        ("application/x-www-form-urlencoded", "a=x+y&b=1&b=2")
    );
    check(&server, "return http.delete(base, { headers = { ['X-Key'] = 's' } }).body", r#""DELETE /""#);
    assert_eq!(at(3).header("x-key"), "s");
    let lua = "return http.request({ method = 'patch', url = base .. '/p', body = 'text', headers = { ['Content-Type'] = 'a/b' } }).body";
    check(&server, lua, r#""PATCH /p""#);
    assert_eq!((at(4).header("content-type"), at(4).body.as_str()), ("a/b", "text"));
    check(&server, "return http.get((base:gsub('//', '//ada:pw@'))).url == base .. '/'", "true");
    assert_eq!(at(5).header("authorization"), "Basic YWRhOnB3");
    check(&server, "return http.get(base, { json = json.null }).body", r#""GET /""#);
    assert_eq!(at(6).body, "null");
}

#[test]
fn a_wrong_argument_says_which_and_sends_nothing() {
    let server = Server::start(|_| Reply::text(200, ""));
    for (lua, expect) in [
        ("http.get('x.org')", "bad argument #1 to `http.get` (`x.org` has no scheme such as `https://`)"),
        (
            "http.get('file:///etc/passwd')",
            "bad argument #1 to `http.get` (`http://` or `https://` expected, got `file:`)",
        ),
        (
            "http.get(base, { timeot = 1 })",
            "bad argument #2 to `http.get` (there is no option `timeot`, only `query`, `headers`, `json`, `form`, `body`, `timeout`, `max_bytes`, `limit`, `save`, `ca`)",
        ),
        (
            "http.get(base, { timeout = '5s' })",
            "bad argument #2 to `http.get` (`timeout` must be a number of seconds, not a string)",
        ),
        (
            "http.get(base, { timeout = 0 })",
            "bad argument #2 to `http.get` (`timeout` must be a number of seconds above 0, not 0)",
        ),
        (
            "http.post(base, { json = 1, body = 'x' })",
            "bad argument #2 to `http.post` (only one of `json`, `form` and `body` can be sent)",
        ),
        (
            "http.request({ method = 'GET' })",
            "bad argument #1 to `http.request` (the option `url` must be a string)",
        ),
        (
            "http.request({ url = base, method = 'A B' })",
            "bad argument #1 to `http.request` (`A B` is no method)",
        ),
        (
            "http.get(base, { headers = { ['a b'] = 1 } })",
            "bad argument #2 to `http.get` (`a b` is no name of a header)",
        ),
        (
            "http.get(base, { headers = { a = 'x\\ny' } })",
            "bad argument #2 to `http.get` (the header `a` has bytes that cannot be sent)",
        ),
        ("http['fetch'](base)", "there is no `http.fetch`, only `delete`, `get`, `post`, `put`, `request`"),
    ] {
        assert_eq!(failure("retries: 0", &server, lua).1, expect, "{lua}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_server_that_does_not_answer_is_left_at_the_limit() {
    let server = Server::start(|_| Reply::Never);
    let host = server.address.split(':').next().expect("an address").to_owned();
    for (policy, lua, expect) in [
        ("timeout: 300ms", "return http.get(base)", ("timeout", "timeout after 300ms".to_owned())),
        (
            "item_deadline: 300ms",
            "return pcall(http.get, base)",
            ("deadline", "item_deadline after 300ms".to_owned()),
        ),
        (
            "timeout: 50s",
            "return http.get(base, { timeout = 0.3 })",
            ("timeout", format!("`http.get` got no answer from {host} within 300ms")),
        ),
        // Where nothing can be suspended.
        (
            "timeout: 300ms",
            "return coroutine.wrap(function() return http.get(base) end)()",
            ("timeout", "timeout after 300ms".to_owned()),
        ),
    ] {
        let started = Instant::now();
        let (kind, message, _) = failure(policy, &server, lua);
        assert_eq!((kind.as_str(), message), expect, "{policy} {lua}");
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
    let lua =
        "local ok, err = pcall(http.get, base, { timeout = 0.2 }) return { ok, err.kind, err.retryable }";
    check(&server, lua, r#"[false,"timeout",true]"#);
}

#[test]
fn an_interrupt_drops_requests_at_once() {
    let server = Server::start(|_| Reply::Never);
    let project = many("concurrency: 50", &server, "return http.get(base)", 50);
    let mut child = project.command(&["pipeline.yaml", "-q", "--grace", "0s"]).spawn().expect("it starts");
    while server.requests().len() < 50 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let started = Instant::now();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it is alive");
    assert_eq!(child.wait().expect("ours").code(), Some(130));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn a_status_from_400_on_fails_when_it_is_checked_and_is_retried_when_that_makes_sense() {
    let server = Server::start(|request| Reply::text(request.target[1..4].parse().expect("a status"), "why"));
    for (status, reason, attempts) in [
        (400, "Bad Request", 1),
        (404, "Not Found", 1),
        (408, "Request Timeout", 3),
        (425, "Too Early", 3),
        (429, "Too Many Requests", 3),
        (500, "Internal Server Error", 3),
        (503, "Service Unavailable", 3),
    ] {
        let lua = format!("return http.get(base .. '/{status}?secret=1'):check()");
        let got = failure("retries: { max: 2, delay: 1ms }", &server, &lua);
        let message = format!("status {status} {reason} from {}", server.url(&format!("/{status}")));
        assert_eq!(got, ("error".to_owned(), message, attempts), "{status}");
    }
    let lua = "local r = http.get(base .. '/404') local ok, err = pcall(r.check, r)
        return { r.ok, r.body, ok, err.kind, err.retryable, err.status, (tostring(err):gsub('http.*', '')) }";
    check(&server, lua, r#"[false,"why",false,"error",false,404,"status 404 Not Found from "]"#);
    let lua = "local r = http.get(base .. '/200') local ok, err = pcall(r.json, r) return { ok, err.kind, (err.message:gsub('.* is not', 'is not')) }";
    check(&server, lua, "[false,\"error\",\"is not JSON: expected a value, found `w` at byte 1\"]");
}

#[test]
fn what_a_service_says_of_a_refusal_is_kept_with_the_error() {
    let long = "e\u{301}".repeat(2000);
    let server = Server::start(move |request| match request.target.as_str() {
        "/empty" => Reply::text(500, ""),
        "/bytes" => Reply::Whole(400, Vec::new(), b"no \xff\xfe".to_vec()),
        "/long" => Reply::text(503, &long),
        _ => Reply::text(404, "{\"error\": \"there is no model `x`\"}"),
    });
    for (path, status, body) in [
        ("/model", 404, json!("{\"error\": \"there is no model `x`\"}")),
        ("/empty", 500, Value::Null),
        ("/bytes", 400, json!("no \u{fffd}\u{fffd}")),
        ("/long", 503, json!("e\u{301}".repeat(500))),
    ] {
        let project = project("retries: 0", &server, &format!("return http.get(base .. '{path}'):check()"));
        project.run(&["pipeline.yaml"]).ok();
        let failed: Value = serde_json::from_str(&project.read("failed.jsonl")).expect("one line");
        let fields = &failed["error"]["fields"];
        assert_eq!((&fields["status"], &fields["url"]), (&json!(status), &json!(server.url(path))));
        assert_eq!(fields.get("body").unwrap_or(&Value::Null), &body, "{path}");
    }
    let shown = project("", &server, "http.get(base .. '/model'):check()");
    shown.run(&["pipeline.yaml"]).ok();
    let shown = shown.run(&["show", "latest", "ask", "--failed"]).ok().stdout;
    assert!(shown.contains("there is no model `x`"), "{shown}");
    let again = project("retries: { max: 1, delay: 1ms }", &server, "http.get(base .. '/long'):check()");
    again.run(&["pipeline.yaml", "--events", "events.jsonl"]).ok();
    let events = again.read("events.jsonl");
    let retried = events.lines().find(|line| line.contains("\"item_retried\"")).expect("it was tried again");
    assert!(retried.contains("\"fields\":{\"body\":\"e\u{301}e"), "{retried}");
    let caught =
        "local r = http.get(base .. '/model') local _, err = pcall(r.check, r) return err.fields.status";
    check(&server, caught, "404");
}

#[test]
fn retry_after_is_waited_for_up_to_max_delay() {
    let server = Server::start(|request| match request.target.as_str() {
        "/seconds" => Reply::Whole(429, vec![("Retry-After", "1".to_owned())], Vec::new()),
        _ => Reply::Whole(503, vec![("Retry-After", "Wed, 21 Oct 2099 07:28:00 GMT".to_owned())], Vec::new()),
    });
    for (path, max_delay, least) in [("/seconds", "60s", 1000), ("/date", "1s", 900)] {
        let started = Instant::now();
        let policy = format!("retries: {{ max: 1, delay: 1ms, max_delay: {max_delay} }}");
        let (_, _, attempts) =
            failure(&policy, &server, &format!("return http.get(base .. '{path}'):check()"));
        let taken = started.elapsed();
        assert_eq!(attempts, 2, "{path}");
        assert!(
            taken >= Duration::from_millis(least) && taken < Duration::from_secs(20),
            "{path}: {taken:?}"
        );
    }
    let lua = "local r = http.get(base .. '/seconds') local _, err = pcall(r.check, r) return { err.retry_after, err.retryable }";
    check(&server, lua, "[1,true]");
}

#[test]
fn redirects_are_followed_as_far_as_hosts_are_granted() {
    let other =
        Server::start(|request| Reply::text(200, &format!("other {}", request.header("authorization"))));
    let there = other.url("/there");
    let server = Server::start(move |request| match request.target.as_str() {
        "/same" => Reply::redirect(302, "/final?x=1"),
        "/keep" => Reply::redirect(307, "final"),
        "/other" => Reply::redirect(301, &there),
        "/tricky" => Reply::redirect(301, &there.replace("//", &format!("//{}@", request.header("host")))),
        "/file" => Reply::redirect(302, "file:///etc/passwd"),
        "/loop" => Reply::redirect(302, "/loop"),
        _ => Reply::text(
            200,
            &format!(
                "{} {} {} {}",
                request.method,
                request.target,
                request.body,
                request.header("authorization")
            ),
        ),
    });
    check(
        &server,
        "local r = http.get(base .. '/same') return { r.body, r.url == base .. '/final?x=1' }",
        r#"["GET /final?x=1  ",true]"#,
    );
    let post = "return http.post(base .. '/PATH', { body = 'b', headers = { Authorization = 'k' } }).body";
    check(&server, &post.replace("PATH", "same"), r#""GET /final?x=1  k""#);
    check(&server, &post.replace("PATH", "keep"), r#""POST /final b k""#);
    for (path, message) in [
        (
            "other",
            format!(
                "reaching `{0}` is not allowed; add `permissions: {{net: [\"{0}\", \"{1}\"]}}`",
                other.address, server.address
            ),
        ),
        ("tricky", format!("reaching `{}` is not allowed", other.address)),
        ("file", format!("`http.post` was redirected by {} to a URL of scheme `file`", server.url("/file"))),
        ("loop", format!("`http.post` was redirected more than 10 times, last to {}", server.url("/loop"))),
    ] {
        let got = failure("retries: { max: 2, delay: 1ms }", &server, &post.replace("PATH", path));
        assert!(got.1.starts_with(&message) && got.2 == 1, "{path}: {got:?}");
    }
    assert!(other.requests().is_empty());
    let project = project("timeout: 20s", &server, &post.replace("PATH", "other"));
    let open = project.read("pipeline.yaml").replace(&server.address, "127.0.0.1").replacen(
        "http://127.0.0.1",
        &server.url(""),
        1,
    );
    std::fs::write(project.path("pipeline.yaml"), open).expect("written");
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl").trim_end(), r#""other ""#, "{}", project.read("failed.jsonl"));
}

#[test]
fn what_is_not_granted_is_not_reached() {
    let server = Server::start(|_| Reply::text(200, ""));
    for lua in [
        "http.get((base:gsub('127.0.0.1', 'localhost')))",
        "http.get((base:gsub('//', '//example.com@')):gsub(':%d+$', ':1') .. '')",
        "http.get('http://127.0.0.1:1/')",
        "http.get('http://' .. base:sub(8) .. '@localhost/')",
        "http.get('http://[::1]:80/')",
        "http.get('http://0x7f.1/')",
        "http.get('http://2130706433/')",
        "http.get('https://127.0.0.1.example.com/')",
    ] {
        let got = failure("retries: { max: 2, delay: 1ms }", &server, lua);
        assert!(got.1.contains("is not allowed; add `permissions: {net: [") && got.2 == 1, "{lua}: {got:?}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn answers_are_bounded_after_decoding() {
    let server = Server::start(|request| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&vec![b'x'; 1_000_000]).expect("memory takes it");
        let packed = packed.finish().expect("memory takes it");
        match request.target.as_str() {
            "/packed" => Reply::Whole(200, vec![("Content-Encoding", "gzip".to_owned())], packed),
            _ => Reply::text(200, &"x".repeat(1_000_000)),
        }
    });
    check(&server, "return #http.get(base .. '/packed').body", "1000000");
    check(&server, "return #http.get(base .. '/packed', { max_bytes = 1e6 }).body", "1000000");
    for path in ["/packed", "/plain"] {
        let lua = format!("return http.get(base .. '{path}', {{ max_bytes = 999999 }})");
        let got = failure("retries: { max: 2, delay: 1ms }", &server, &lua);
        let message = format!(
            "`http.get` got more than 999999 bytes from {}; `max_bytes` allows more",
            server.url(path)
        );
        assert_eq!(got, ("error".to_owned(), message, 1));
    }
}

#[test]
fn a_network_that_fails_is_tried_again() {
    let server = Server::start(|request| match request.target.as_str() {
        "/cut" => Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec()),
        _ => Reply::Raw(b"no HTTP at all\r\n\r\n".to_vec()),
    });
    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it has one");
    for (lua, message) in [
        (
            "http.get(base .. '/cut')".to_owned(),
            format!("`http.get` got no whole answer from {}: ", server.url("/cut")),
        ),
        (
            "http.get(base .. '/odd')".to_owned(),
            format!("`http.get` got no whole answer from {}: ", server.url("/odd")),
        ),
        (
            "http.get((base:gsub('http:', 'https:')))".to_owned(),
            format!("`http.get` cannot reach https://{}/: ", server.address),
        ),
    ] {
        let got = failure("retries: { max: 2, delay: 1ms }", &server, &lua);
        assert!(got.0 == "error" && got.1.starts_with(&message) && got.2 == 3, "{lua}: {got:?}");
    }
    let project = project("retries: { max: 2, delay: 1ms }", &server, "return http.get(base)");
    let text = project.read("pipeline.yaml").replace(&server.address, &nobody.to_string());
    std::fs::write(project.path("pipeline.yaml"), text).expect("written");
    let message = format!("`http.get` cannot reach http://{nobody}/: connection refused (os error 111)");
    assert_eq!(project.failure(), ("error".to_owned(), message, 3));
}

/// Answers over TLS with a certificate that nobody has signed but its owner.
fn secret_server() -> String {
    use rustls::pki_types::pem::PemObject as _;
    let pem = |name: &str| format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let certificate =
        rustls::pki_types::CertificateDer::from_pem_file(pem("cert.pem")).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::from_pem_file(pem("key.pem")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they belong together");
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has one").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).expect("a good config");
            let mut stream = rustls::StreamOwned::new(connection, stream);
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
            }
        }
    });
    address
}

#[test]
fn a_certificate_must_be_one_that_the_system_trusts() {
    let server = Server::elsewhere(secret_server());
    let lua = "return http.get((base:gsub('http:', 'https:'))).body";
    let project = project("retries: { max: 1, delay: 1ms }", &server, lua);
    let (kind, message, attempts) = project.failure();
    let start = format!("`http.get` does not trust https://{}/: its certificate", server.address);
    assert!(kind == "error" && message.starts_with(&start) && attempts == 1, "{message} {attempts}");
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/cert.pem");
    let trusting =
        project.command(&["pipeline.yaml", "-q"]).env("SSL_CERT_FILE", own).status().expect("it runs");
    assert!(trusting.success());
    assert_eq!(project.read("out.jsonl").trim_end(), "\"secret\"", "{}", project.read("failed.jsonl"));
}

#[test]
fn expressions_have_a_second_for_requests_too() {
    let server = Server::start(|_| Reply::Never);
    let pipeline = format!(
        "permissions: {{net: [127.0.0.1]}}\nsteps:\n  docs:\n    items: [1]\n  work:\n    from: docs\n    when: \"http.get('{}').ok\"\n    map: return item\n  \
         save:\n    from: work\n    write: out.jsonl\n",
        server.url("/")
    );
    let started = Instant::now();
    let ran = Project::with(&pipeline).run(&["pipeline.yaml"]);
    assert!(ran.code != 0 && ran.stderr.contains("timeout after 1s"), "{} {}", ran.code, ran.stderr);
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}
