//! These tests look at what is granted, compared and said. `tests/it/escapes.rs` shows what Lua code makes of it.

use std::path::Path;

use rustix::fs::OFlags;

use super::*;
use crate::lua::host_error::HostError;

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

/// What is granted in a folder, with nothing else to keep.
fn granted(root: &Path, written: Allowed) -> Permissions {
    Permissions::new(root, written, &Allowed::default(), Protected::default())
}

#[test]
fn a_refusal_names_the_line_and_keeps_what_is_granted() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir(root.join("data")).unwrap();
    let written =
        Allowed { net: Some(list(&["*.a.org"])), write: Some(list(&["out"])), ..Allowed::default() };
    let added = Allowed { net: Some(list(&["b.org:80"])), ..Allowed::default() };
    let permissions = Permissions::new(root, written, &added, Protected::default());
    let write = |path: &str| message(permissions.target(Path::new(path), Parents::Make));
    let all = [
        message(permissions.net("evil.org", 443)),
        message(permissions.exec("rm")),
        message(permissions.open(Path::new("/etc/passwd"))),
        write("data/x"),
        write("data/../data"),
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
    let permissions = granted(folder.path(), Allowed::default());
    let place = permissions.target(Path::new("./a//b/"), Parents::Make).unwrap().unwrap();
    assert!(place.name() == "b" && folder.path().join("a").is_dir());
    assert!(permissions.net("localhost", 80).is_err() && permissions.exec("true").is_err());
    assert!(permissions.open(Path::new("..")).is_err());
    assert!(permissions.reading().target(Path::new("x"), Parents::Make).is_err());
    let nothing = Permissions::default();
    assert!(nothing.open(Path::new("/etc/passwd")).is_err() && nothing.net("a", 1).is_err());
    assert!(nothing.open_own(Path::new("etc/passwd")).unwrap().is_err());
}

#[test]
fn a_program_is_granted_by_its_name_or_by_its_place_and_is_not_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::create_dir(root.join("tools")).unwrap();
    std::fs::write(root.join("tools/run"), "").unwrap();
    let written = Allowed { exec: Some(list(&["ffmpeg", "./tools/run"])), ..Allowed::default() };
    let permissions = granted(root, written);
    let place = root.canonicalize().unwrap().join("tools/run");
    assert!(matches!(permissions.exec("ffmpeg").unwrap(), Program::Named(name) if name == "ffmpeg"));
    assert!(matches!(permissions.exec("tools/../tools/run").unwrap(), Program::At(_, real) if real == place));
    for program in ["", "/usr/bin/ffmpeg", "./ffmpeg", "run", "ffmpeg\0", "tools"] {
        assert!(permissions.exec(program).is_err(), "{program}");
    }
    let target = |path: &str| permissions.target(Path::new(path), Parents::Make);
    for (kept, path) in [("run", "tools/run"), ("run", "tools/../tools/run"), (".flowrun", ".flowrun/runs/x")]
    {
        let message = message(target(path));
        assert!(message.contains(&format!("`{kept}` is kept from")), "{message}");
    }
    assert!(permissions.entry(Path::new("tools"), Parents::Expect).is_err());
    assert!(target("tools/other").is_ok_and(|place| place.is_ok()));
}

#[test]
fn what_is_granted_stays_the_folder_that_it_was() {
    for with_kernel in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (name, text) in [("data/a", "granted"), ("other/a", "SECRET"), ("in/a", "in")] {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), text).unwrap();
        }
        let written = Allowed {
            read: Some(list(&["../data", "later", "."])),
            write: Some(list(&["../data", "made/here", "made.db"])),
            ..Allowed::default()
        };
        let check = || {
            let permissions = granted(&root.join("in"), written.clone());
            permissions.begin();
            assert!(root.join("in/made/here").is_dir() && !root.join("in/made.db").exists());
            std::fs::rename(root.join("data"), root.join("moved")).unwrap();
            std::os::unix::fs::symlink("other", root.join("data")).unwrap();
            let read = |path: &str| -> String {
                match permissions.open(Path::new(path)) {
                    Ok(Ok(file)) => std::io::read_to_string(file).unwrap(),
                    Ok(Err(error)) => error.to_string(),
                    Err(refused) => refused.message,
                }
            };
            assert_eq!(read("../data/a"), "granted");
            assert_eq!(read("a"), "in");
            assert!(read("../other/a").contains("not allowed"));
            let place = permissions.target(Path::new("../data/new"), Parents::Make).unwrap().unwrap();
            place.file(OFlags::WRONLY | OFlags::CREATE).unwrap();
            assert!(root.join("moved/new").exists() && !root.join("other/new").exists());
            std::fs::remove_file(root.join("data")).unwrap();
            std::fs::rename(root.join("moved"), root.join("data")).unwrap();
        };
        if with_kernel { check() } else { beneath::without::openat2(check) }
    }
}

#[test]
fn links_lead_wherever_something_is_granted_with_and_without_the_kernels_help() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for (name, text) in [("in/a/x", "x"), ("data/y", "y"), ("out/z", "SECRET")] {
        std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        std::fs::write(root.join(name), text).unwrap();
    }
    let absolute = root.join("in/a");
    for (target, name) in [
        ("a", "near"),
        (absolute.to_str().unwrap(), "absolute"),
        ("../data", "granted"),
        ("../out", "outside"),
        ("near", "chain"),
        ("loop", "loop"),
        ("a/x", "file"),
        ("../data/y", "far"),
    ] {
        std::os::unix::fs::symlink(target, root.join("in").join(name)).unwrap();
    }
    let written = Allowed { read: Some(list(&[".", "../data"])), ..Allowed::default() };
    let check = || {
        let permissions = granted(&root.join("in"), written.clone());
        for (path, expect) in [
            ("a/x", "x"),
            ("near/x", "x"),
            ("absolute/x", "x"),
            ("chain/../near/x", "x"),
            ("granted/y", "y"),
            ("granted/../in/a/x", "x"),
            ("a/../file", "x"),
            ("far", "y"),
            ("../data/y", "y"),
            ("../in/../data/./y", "y"),
            ("loop", "Too many levels of symbolic links (os error 40)"),
            ("a/x/no", "Not a directory (os error 20)"),
            ("a/none", "No such file or directory (os error 2)"),
            ("outside/z", "refused"),
            ("near/../../out/z", "refused"),
            ("granted/../out/z", "refused"),
        ] {
            let got = match permissions.open(Path::new(path)) {
                Ok(Ok(file)) => std::io::read_to_string(file).unwrap(),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "refused".to_owned(),
            };
            assert_eq!(got, expect, "{path}");
        }
    };
    check();
    beneath::without::openat2(check);
}
