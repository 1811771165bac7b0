//! These tests cover bodies that go to files, cookies, and the length of what is not there.

use std::time::Duration;

use crate::project::Project;
use crate::server::{Reply, Server};

fn project(server: &Server, policy: &str, lua: &str) -> Project {
    let lua = lua.lines().map(|line| format!("        {}\n", line.trim())).collect::<Vec<_>>().concat();
    Project::with(&format!(
        "permissions: {{net: [\"{address}\"], read: [.], write: [got]}}\nsteps:\n  docs: {{items: [1]}}\n  ask:\n    from: docs\n    map:\n      {policy}\n      \
         min_success_ratio: 0\n      lua: |\n        local base = 'http://{address}'\n{lua}  save:\n    from: ask\n    write: out.jsonl\n  lost:\n    from: ask.failed\n    write: failed.jsonl\n",
        address = server.address,
    ))
}

/// Names below the folder that downloads go to.
fn files(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.path("got")).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("listed").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_body_goes_to_a_file_and_nowhere_else() {
    let server = Server::start(|request| match request.target.as_str() {
        "/missing" => Reply::text(404, "no such thing"),
        "/sent-on" => Reply::redirect(302, "/"),
        _ => Reply::Whole(200, Vec::new(), vec![b'x'; 3_000_000]),
    });
    let lua = "local r = http.get(base .. '/sent-on', {save = 'got/deep/a.bin'})
        local missing = http.get(base .. '/missing', {save = 'got/b.bin'})
        local ok, err = pcall(r.json, r)
        return {r.status, r.body == nil, fs.stat('got/deep/a.bin').size, missing.body, fs.exists('got/b.bin'), ok, (tostring(err):gsub('http.*/', ''))}";
    // Pieces of a body that is not kept are no memory.
    let project = project(&server, "memory: 2MB", lua);
    project.run(&["pipeline.yaml", "-q"]).ok();
    assert_eq!(
        project.read("out.jsonl"),
        "[200,true,3000000,\"no such thing\",false,false,\"the answer of  was saved to a file; read it with `fs.read`\"]\n",
        "{}",
        project.read("failed.jsonl")
    );
    assert_eq!(files(&project), ["deep"]);
}

#[test]
fn a_download_that_does_not_end_leaves_what_was_there() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf of it".to_vec();
    let server = Server::start(move |request| match request.target.as_str() {
        "/cut" => Reply::Raw(cut.clone()),
        "/long" => Reply::Whole(200, Vec::new(), vec![b'x'; 100_000]),
        _ => Reply::Never,
    });
    for (policy, options, expect) in [
        ("retries: 0", "'/cut', {save = 'got/a'}", "got no whole answer"),
        ("retries: 0", "'/long', {save = 'got/a', max_bytes = 99999}", "got more than 99999 bytes"),
        ("retries: 0", "'/never', {save = 'got/a', timeout = 0.2}", "got no answer"),
        ("timeout: 300ms", "'/never', {save = 'got/a'}", "timeout after 300ms"),
        ("retries: 0", "'/long', {save = 'elsewhere/a'}", "`elsewhere/a`"),
        ("retries: 0", "'/long', {save = 'got'}", "`got`"),
        (
            "retries: 0",
            "'/long', {save = 7}",
            "bad argument #2 to `http.get` (`save` must be a string, not a number)",
        ),
    ] {
        let project =
            project(&server, policy, &format!("return http.get(base .. {options})")).file("got/a", "old");
        let (_, message, _) = project.failure();
        assert!(message.contains(expect), "{options}: {message}");
        assert_eq!(
            (files(&project), project.read("got/a")),
            (vec!["a".to_owned()], "old".to_owned()),
            "{options}"
        );
    }
}

#[test]
fn an_interrupt_leaves_no_half_file() {
    let server = Server::start(|_| Reply::Never);
    let project = project(&server, "timeout: 60s", "return http.get(base, {save = 'got/a'})");
    let mut child = project.command(&["pipeline.yaml", "-q", "--grace", "0s"]).spawn().expect("it starts");
    while server.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it is alive");
    assert_eq!(child.wait().expect("ours").code(), Some(130));
    assert_eq!(files(&project), Vec::<String>::new());
}

#[test]
fn cookies_are_a_list_because_dates_in_them_have_commas() {
    let server = Server::start(|request| {
        let cookies = match request.target.as_str() {
            "/none" => Vec::new(),
            _ => vec![
                ("Set-Cookie", "a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT".to_owned()),
                ("set-cookie", "b=2; Path=/".to_owned()),
            ],
        };
        Reply::Whole(200, cookies, Vec::new())
    });
    let project =
        project(&server, "retries: 0", "return {http.get(base).cookies, http.get(base .. '/none').cookies}");
    project.run(&["pipeline.yaml", "-q"]).ok();
    assert_eq!(
        project.read("out.jsonl"),
        "[[\"a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT\",\"b=2; Path=/\"],[]]\n"
    );
}

#[test]
fn a_method_that_has_a_body_says_that_there_is_none() {
    let server = Server::start(|request| Reply::text(200, request.header("content-length")));
    for (lua, expect) in [
        ("http.post(base)", "0"),
        ("http.put(base)", "0"),
        ("http.request({method = 'PATCH', url = base})", "0"),
        ("http.post(base, {body = ''})", "0"),
        ("http.post(base, {form = {}})", "0"),
        ("http.post(base, {body = 'abc'})", "3"),
        ("http.get(base)", ""),
        ("http.delete(base)", ""),
    ] {
        let project = project(&server, "retries: 0", &format!("return {lua}.body"));
        project.run(&["pipeline.yaml", "-q"]).ok();
        assert_eq!(
            project.read("out.jsonl"),
            format!("\"{expect}\"\n"),
            "{lua}\n{}",
            project.read("failed.jsonl")
        );
        let lengths = server
            .requests()
            .last()
            .expect("one")
            .headers
            .iter()
            .filter(|(name, _)| name == "content-length")
            .count();
        assert_eq!(lengths, usize::from(!expect.is_empty()), "{lua}");
    }
}
