//! These tests cover `hash`.

use super::{check, check_error, host_error, vm};

#[test]
fn digests_are_those_of_the_standards() {
    check("hash.sha256('')", "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'");
    check("hash.md5('')", "'d41d8cd98f00b204e9800998ecf8427e'");
    check("hash.sha1('')", "'da39a3ee5e6b4b0d3255bfef95601890afd80709'");
    check("hash.blake3('')", "'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'");
    check("hash.xxh3('')", "'2d06800538d394c2'");
    check("hash.sha256('\\xff\\0') == hash.sha256('\\xff')", "false");
    check(
        "hash.hmac('md5', 'key', 'The quick brown fox jumps over the lazy dog')",
        "'80070713463e7749b90c2dc24911e275'",
    );
    check(
        "hash.hmac('sha1', 'key', 'The quick brown fox jumps over the lazy dog')",
        "'de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9'",
    );
    check_error(
        "hash.hmac('xxh3', 'k', 's')",
        "bad argument #1 to `hash.hmac` (`sha256`, `sha1` or `md5` expected, got `xxh3`)",
    );
    check_error(
        "hash.file('abc.txt', 'crc')",
        "bad argument #2 to `hash.file` (`sha256`, `sha1`, `md5`, `blake3` or `xxh3` expected, got `crc`)",
    );
}

#[test]
fn a_string_and_a_file_have_the_same_digest() {
    for algorithm in ["sha256", "sha1", "md5", "blake3", "xxh3"] {
        check(&format!("hash.file('./abc.txt', '{algorithm}')"), &format!("hash.{algorithm}('abc')"));
    }
    check("hash.file('abc.txt')", "hash.sha256('abc')");
    check("hash.file(path.absolute('abc.txt'))", "hash.sha256('abc')");
}

#[test]
fn files_outside_the_folder_are_refused_links_resolved() {
    let outside = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "s").unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
    std::os::unix::fs::symlink("sub", folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("sub/a"), "abc").unwrap();
    let lua = vm(folder.path());
    for path in ["/etc/passwd", "../x/../../etc/passwd", "link/secret", "sub/../../.."] {
        let error = lua.load(format!("hash.file('{path}')")).eval::<mlua::Value>().unwrap_err();
        let error = host_error(&error).unwrap();
        if error.message.contains("No such file") {
            continue;
        }
        let expect = format!("reading `{path}`");
        assert!(
            error.message.starts_with(&expect) && error.message.contains("permissions: {read: ["),
            "{error}"
        );
        assert!(!error.retryable, "{error}");
    }
    let digest: String = lua.load("hash.file('inner/a', 'md5')").eval().unwrap();
    assert_eq!(digest, "900150983cd24fb0d6963f7d28e17f72");
}

#[test]
fn what_is_no_file_is_an_error() {
    let message = |path: &str| {
        let folder = tempfile::tempdir().unwrap();
        let error = vm(folder.path()).load(format!("hash.file('{path}')")).eval::<mlua::Value>().unwrap_err();
        host_error(&error).unwrap().message.clone()
    };
    assert_eq!(message("."), "`hash.file` cannot read `.`: it is a folder");
    assert!(
        message("none").starts_with("`hash.file` cannot read `none`: No such file"),
        "{}",
        message("none")
    );
}
