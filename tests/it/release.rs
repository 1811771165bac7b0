//! These tests run the scripts that make a release of binaries, on files that are no flowrun: a static one takes its time to build.

use std::fs;
use std::path::Path;
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::book::marked;
use crate::project::{Project, Ran};

/// A script of `packaging`, in the project's folder.
fn script(project: &Project, name: &str, arguments: &[&str]) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name);
    Ran::from(Command::new(script).args(arguments).current_dir(project.path("")).output().expect("it starts"))
}

fn names(project: &Project, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(project.path(folder)).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What one machine has built: a file and its checksum.
fn with_release(project: Project, folder: &str, name: &str, text: &str) -> Project {
    let digest: Vec<String> = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    let sums = format!("{}  {name}\n", digest.concat());
    project.file(&format!("{folder}/{name}"), text).file(&format!("{folder}/SHA256SUMS"), sums)
}

#[test]
fn releases_of_several_machines_are_joined_with_the_installer() {
    let project = with_release(Project::new(), "one", "flowrun-linux-x86_64.gz", "a");
    let project = with_release(project, "two", "flowrun-linux-aarch64.gz", "b");
    script(&project, "join-releases", &["all", "one", "two"]).ok();
    let expected = ["SHA256SUMS", "flowrun-linux-aarch64.gz", "flowrun-linux-x86_64.gz", "install.sh"];
    assert_eq!(names(&project, "all"), expected);
    assert_eq!(
        project.read("all/SHA256SUMS"),
        [project.read("one/SHA256SUMS"), project.read("two/SHA256SUMS")].concat()
    );
    let again = script(&project, "join-releases", &["all", "one"]);
    assert_eq!((again.code, &*again.stderr), (2, "error: all is not empty: name a new folder\n"));
}

#[test]
fn a_release_that_has_changed_on_its_way_is_refused() {
    let project = with_release(Project::new(), "one", "flowrun-linux-x86_64.gz", "a");
    let project = project.file("one/flowrun-linux-x86_64.gz", "c");
    let ran = script(&project, "join-releases", &["all", "one"]);
    assert!(ran.code == 1 && ran.stdout.contains("flowrun-linux-x86_64.gz: FAILED"), "{}", ran.stderr);
    assert_eq!(names(&project, "all"), [""; 0]);
}

#[test]
fn a_tag_of_another_version_is_refused_before_anything_is_built() {
    let project = Project::new();
    let ran = script(&project, "build-release", &["release", "v99.0.0"]);
    let version = env!("CARGO_PKG_VERSION");
    let expected =
        format!("error: the tag is v99.0.0, and the version in Cargo.toml is {version}: tag it v{version}\n");
    assert_eq!((ran.code, ran.stderr), (2, expected));
}

#[test]
fn a_program_that_needs_libraries_is_not_static() {
    let ran = script(&Project::new(), "check-static", &["/bin/sh"]);
    assert!(ran.code == 1 && ran.stderr.contains(" is not static, it needs libc.so.6"), "{}", ran.stderr);
}

#[test]
fn a_wheel_is_for_the_machines_that_its_binary_runs_on() {
    // The least that is a program for a 64-bit Linux and needs nothing: a header, and one segment to load.
    let mut bare = vec![0; 64 + 56];
    bare[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    for (at, number) in [(18, 62_u8), (32, 64), (54, 56), (56, 1), (64, 1)] {
        bare[at] = number;
    }
    let project = Project::new().file("bare", &bare).file("half", &bare[..60]).file("text", "no program");
    let version = env!("CARGO_PKG_VERSION");
    let every = "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64";
    let this = format!("linux_{}", std::env::consts::ARCH);
    for (binary, platform) in [("bare", every), ("/bin/sh", &*this)] {
        let name = format!("flowrun-{version}-py3-none-{platform}.whl");
        let ran = script(&project, "build-wheel", &[binary, "once"]).ok();
        assert_eq!(ran.stdout, format!("once/{name}\n"));
        script(&project, "build-wheel", &[binary, "twice"]).ok();
        let [once, twice] = ["once", "twice"].map(|folder| fs::read(project.path(folder).join(&name)));
        assert!(once.expect("a wheel") == twice.expect("a wheel"), "{name} differs from time to time");
    }
    for line in marked("a_wheel_is_for_the_machines_that_its_binary_runs_on") {
        let name = format!("flowrun-{version}-py3-none-{every}.whl");
        let named = line.split_whitespace().find(|word| word.contains(".whl")).expect("a wheel");
        let (_, named) = named.rsplit_once('/').expect("a folder");
        assert!(line.starts_with("pip install ") && (named == name || named == "flowrun-*.whl"), "{line}");
    }
    for (file, error) in [
        ("text", "text is no program of a 64-bit Linux"),
        ("half", "half ends in the middle: build it again"),
        ("none", "cannot read none: No such file or directory"),
    ] {
        let ran = script(&project, "build-wheel", &[file, "once"]);
        assert_eq!((ran.code, ran.stderr), (1, format!("error: {error}\n")));
    }
    assert_eq!(names(&project, "once").len(), 2);
}
