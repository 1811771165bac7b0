//! These tests cover requests that are sent on to another origin: what goes along, and what stays behind. And headers
//! that Lua code may not set, because others on the way would read them differently.

use serde_json::Value;

use crate::project::Project;
use crate::server::{Reply, Request, Server};

const TOKEN: &str = "hush/hush+1";

/// Two servers: the first redirects `/STATUS/…` to the second, which redirects `/back/…` to the first.
fn pair() -> (Server, Server) {
    let lead = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let first = {
        let lead = std::sync::Arc::clone(&lead);
        Server::start(move |request| {
            match request.target.split('/').nth(1).and_then(|text| text.parse().ok()) {
                Some(status) => Reply::redirect(status, &on(&lead, request)),
                None => Reply::text(200, "first"),
            }
        })
    };
    let home = first.url("/home");
    let second = Server::start(move |request| {
        if request.target.starts_with("/back") {
            Reply::redirect(307, &home)
        } else {
            Reply::text(200, "second")
        }
    });
    lead.set(second.url("")).expect("set once");
    (first, second)
}

/// Where `/STATUS/PATH` leads: to `PATH` of the other server, or of the same one for `/STATUS/same`.
fn on(lead: &std::sync::OnceLock<String>, request: &Request) -> String {
    let path = request.target.splitn(3, '/').nth(2).unwrap_or_default();
    if path == "same" { "/home".to_owned() } else { format!("{}/{path}", lead.get().expect("both run")) }
}

/// What becomes of one item: its result, or message and number of attempts.
#[track_caller]
fn ask(net: &str, first: &Server, lua: &str) -> Result<String, (String, u64)> {
    let pipeline = format!(
        "permissions: {{net: {net}}}\nsecrets: {{token: {{env: TOKEN}}}}\nsteps:\n  docs:\n    items: [1]\n  ask:\n    from: docs\n    \
         map:\n      timeout: 20s\n      retries: {{max: 2, delay: 1ms}}\n      min_success_ratio: 0\n      lua: |\n        local base = \
         'http://{}'\n        {lua}\n  save:\n    from: ask\n    write: out.jsonl\n  lost:\n    from: ask.failed\n    write: failed.jsonl\n",
        first.address
    );
    let project = Project::with(&pipeline);
    let ran = project.command(&["pipeline.yaml"]).env("TOKEN", TOKEN).output().expect("it runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let failed = project.read("failed.jsonl");
    if failed.is_empty() {
        return Ok(project.read("out.jsonl").trim_end().to_owned());
    }
    let record: Value = serde_json::from_str(&failed).expect("one record");
    let message = record["error"]["message"].as_str().expect("text").to_owned();
    Err((message, record["attempts"].as_u64().expect("a number")))
}

#[test]
fn headers_with_a_secret_stay_on_the_origin_they_were_sent_to() {
    let (first, second) = pair();
    let headers = "{ ['X-Api-Key'] = secrets.token, ['X-Two'] = { 'plain', 'key ' .. secrets.token }, ['X-Basic'] = 'Basic ' .. \
                   codec.base64.encode('ada:' .. secrets.token), ['X-Percent'] = url.encode(secrets.token), Cookie = 'c', Authorization = 'a', \
                   ['X-Plain'] = 'plain' }";
    let names = ["x-api-key", "x-two", "x-basic", "x-percent", "cookie", "authorization"];
    for (path, hops) in [("302/here", 1), ("307/back/x", 2), ("302/same", 0)] {
        let lua = format!("return http.get(base .. '/{path}', {{ headers = {headers} }}).body");
        let (before, there) = (first.requests().len(), second.requests().len());
        let body = ask("[127.0.0.1]", &first, &lua).expect(path);
        assert_eq!(body, if hops == 1 { "\"second\"" } else { "\"first\"" }, "{path}");
        let home = first.requests().split_off(before);
        let seen = |request: &Request| names.map(|name| !request.header(name).is_empty());
        assert_eq!(seen(&home[0]), [true; 6], "{path}: {home:?}");
        if let Some(back) = home.get(1) {
            assert_eq!(seen(back), [hops == 0; 6], "{path}: {back:?}");
            assert_eq!(back.header("x-plain"), "plain");
        }
        for request in &second.requests()[there..] {
            assert_eq!(
                (seen(request), request.header("x-plain")),
                ([false; 6], "plain"),
                "{path}: {request:?}"
            );
        }
    }
}

#[test]
fn a_body_with_a_secret_is_not_sent_to_another_origin() {
    let (first, second) = pair();
    for (status, body, sent) in [
        (307, "{ json = { key = secrets.token } }", false),
        (308, "{ form = { key = secrets.token } }", false),
        (307, "{ body = 'x' .. secrets.token }", false),
        (301, "{ body = secrets.token }", true),
        (303, "{ body = secrets.token }", true),
        (307, "{ body = 'open' }", true),
    ] {
        let there = second.requests().len();
        let got =
            ask("[127.0.0.1]", &first, &format!("return http.post(base .. '/{status}/x', {body}).body"));
        let arrived = second.requests().split_off(there);
        assert!(arrived.iter().all(|request| !request.body.contains("hush")), "{arrived:?}");
        if sent {
            assert_eq!((got, arrived.len()), (Ok("\"second\"".to_owned()), 1), "{status} {body}");
            continue;
        }
        let (from, to) = (first.url(&format!("/{status}/x")), second.url("/x"));
        let message = format!(
            "`http.post` was redirected by {from} to {to}, another origin, and does not send it the secret in its body"
        );
        assert_eq!((got, arrived.len()), (Err((message, 1)), 0), "{status} {body}");
    }
    let lua = "return http.put(base .. '/307/same', { body = secrets.token }).body";
    assert_eq!(ask("[127.0.0.1]", &first, lua), Ok("\"first\"".to_owned()));
    assert_eq!(first.requests().last().expect("it was asked").body, TOKEN, "the same origin gets it again");
}

#[test]
fn a_body_is_counted_by_flowrun_alone() {
    let (first, _) = pair();
    for name in ["Content-Length", "content-length", "Transfer-Encoding"] {
        let lua = format!("http.post(base, {{ body = 'four', headers = {{ ['{name}'] = '1' }} }})");
        let message = format!("`http.post` takes no header `{name}`: flowrun counts the body itself");
        assert_eq!(ask("[127.0.0.1]", &first, &lua), Err((message, 1)));
    }
    assert!(first.requests().is_empty(), "nothing is sent");
}

#[test]
fn a_host_in_a_header_needs_a_grant_like_one_in_a_url() {
    let (first, second) = pair();
    let net = "[127.0.0.1, shop.example, \"port.example:81\"]";
    let get = |path: &str, host: &str| {
        ask(
            net,
            &first,
            &format!("return http.get(base .. '{path}', {{ headers = {{ Host = {host} }} }}).ok"),
        )
    };
    let port = first.address.rsplit(':').next().expect("it has one");
    for host in ["shop.example", "Shop.Example:80", "port.example:81", "127.0.0.1", &first.address] {
        assert_eq!(get("/", &format!("'{host}'")), Ok("true".to_owned()), "{host}");
        assert_eq!(first.requests().last().expect("it was asked").header("host"), host);
    }
    let asked = first.requests().len();
    for host in ["admin.internal", "port.example", "port.example:80", &format!("localhost:{port}")] {
        let (message, attempts) = get("/", &format!("'{host}'")).expect_err(host);
        assert!(message.contains("is not allowed; add `permissions: {net: [") && attempts == 1, "{message}");
    }
    for host in [
        "''",
        "'a@shop.example'",
        "'shop.example/x'",
        "'shop.example x'",
        "'0x7f.1'",
        "{ 'shop.example', 'shop.example' }",
    ] {
        let (message, attempts) = get("/", host).expect_err(host);
        let expect = "`http.get` takes one header `Host`, with the name of a host and perhaps a port";
        assert_eq!((message.as_str(), attempts), (expect, 1), "{host}");
    }
    assert_eq!(first.requests().len(), asked, "nothing is sent");
    assert_eq!(get("/302/here", "'shop.example'"), Ok("true".to_owned()));
    assert_eq!(
        second.requests().last().expect("it was asked").header("host"),
        second.address,
        "another origin"
    );
    assert_eq!(get("/302/same", "'shop.example'"), Ok("true".to_owned()));
    assert_eq!(first.requests().last().expect("it was asked").header("host"), "shop.example");
}
