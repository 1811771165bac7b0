//! Tests of what is granted, compared and said. What Lua code makes of it, `tests/it/escapes.rs` shows.

use super::*;

fn list(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

fn message<T: std::fmt::Debug>(result: Result<T, HostError>) -> String {
    let error = result.expect_err("it is refused");
    assert!(!error.retryable, "{error}");
    error.message
}

#[test]
fn hosts_are_compared_without_case_by_port_and_by_domain() {
    for (granted, host, port, expect) in [
        ("api.example.org", "API.Example.ORG", 443, true),
        ("api.example.org", "api.example.org.", 443, true),
        ("api.example.org", "xapi.example.org", 443, false),
        ("api.example.org", "api.example.org.evil.net", 443, false),
        ("localhost:8080", "localhost", 8080, true),
        ("localhost:8080", "localhost", 80, false),
        ("localhost:x", "localhost", 80, false),
        ("localhost", "127.0.0.1", 80, false),
        ("*.example.org", "a.b.example.org", 1, true),
        ("*.example.org", "example.org", 1, false),
        ("*.example.org", "badexample.org", 1, false),
        ("*.0.0.1", "127.0.0.1", 1, false),
        ("127.0.0.1", "127.0.0.1", 1, true),
        ("127.0.0.1", "[::ffff:127.0.0.1]", 1, false),
        ("::1", "[::1]", 1, true),
        ("[::1]:80", "[0:0:0:0:0:0:0:1]", 80, true),
        ("[::1]:80", "::1", 81, false),
        ("*", "anything", 1, true),
        ("*", "::1", 1, true),
        ("*", "", 1, false),
    ] {
        assert_eq!(address::covers(granted, host, port), expect, "{granted} {host}:{port}");
    }
}

#[test]
fn a_refusal_names_the_line_and_keeps_what_is_granted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir(root.join("data")).unwrap();
    let written =
        Allowed { net: Some(list(&["*.a.org"])), write: Some(list(&["out"])), ..Allowed::default() };
    let added = Allowed { net: Some(list(&["b.org:80"])), ..Allowed::default() };
    let permissions = Permissions::new(root, written, &added);
    let all = [
        message(permissions.net("evil.org", 443)),
        message(permissions.exec("rm")),
        message(permissions.read(Path::new("/etc/passwd"))),
        message(permissions.write(Path::new("data/x"))),
        message(permissions.write(Path::new("data/../data"))),
    ];
    assert_eq!(
        all,
        [
            "reaching `evil.org` is not allowed; add `permissions: {net: [evil.org, \"*.a.org\", b.org:80]}` to the \
             pipeline file",
            "running `rm` is not allowed; add `permissions: {exec: [rm]}` to the pipeline file",
            "reading `/etc/passwd` is not allowed; add `permissions: {read: [/etc, .]}` to the pipeline file",
            "writing `data/x` is not allowed; add `permissions: {write: [data, out]}` to the pipeline file",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([format!(
            "writing `data/../data` (which is `{}`) is not allowed; add `permissions: {{write: [data, out]}}` to the \
             pipeline file",
            root.canonicalize().unwrap().join("data").display()
        )])
        .collect::<Vec<_>>()
        .as_slice()
    );
}

#[test]
fn the_default_reaches_the_folder_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let permissions = Permissions::new(folder.path(), Allowed::default(), &Allowed::default());
    let root = folder.path().canonicalize().unwrap();
    assert_eq!(permissions.read(Path::new("a/b.txt")).unwrap(), root.join("a/b.txt"));
    assert_eq!(permissions.write(Path::new("./a//b/")).unwrap(), root.join("a/b"));
    assert!(permissions.net("localhost", 80).is_err() && permissions.exec("true").is_err());
    assert!(permissions.read(Path::new("..")).is_err());
    let nothing = Permissions::default();
    assert!(nothing.read(Path::new("/etc/passwd")).is_err() && nothing.net("a", 1).is_err());
}

#[test]
fn a_program_is_granted_by_its_name_or_by_its_place_and_is_not_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir(root.join("tools")).unwrap();
    std::fs::write(root.join("tools/run"), "").unwrap();
    let written = Allowed { exec: Some(list(&["ffmpeg", "./tools/run"])), ..Allowed::default() };
    let permissions = Permissions::new(root, written, &Allowed::default());
    let place = root.canonicalize().unwrap().join("tools/run");
    assert_eq!(permissions.exec("ffmpeg").unwrap(), Path::new("ffmpeg"));
    assert_eq!(permissions.exec("tools/../tools/run").unwrap(), place);
    for program in ["", "/usr/bin/ffmpeg", "./ffmpeg", "run", "ffmpeg\0", "tools"] {
        assert!(permissions.exec(program).is_err(), "{program}");
    }
    for (kept, path) in [("run", "tools/run"), ("run", "tools/../tools/run"), (".flowrun", ".flowrun/runs/x")]
    {
        let message = message(permissions.write(Path::new(path)));
        assert!(message.ends_with(&format!("(`{kept}`)")), "{message}");
    }
    assert!(permissions.remove(Path::new("tools")).is_err());
    assert!(permissions.write(Path::new("tools/other")).is_ok());
}
