//! These tests run `packaging/install.sh` against a server on loopback, with nothing on the search path but the tools that it may use.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::book::marked;
use crate::server::{Reply, Server};

/// What every machine has, the shell first.
const PLAIN: [&str; 7] = ["sh", "uname", "sed", "mkdir", "mktemp", "chmod", "mv"];
const TOOLS: [&str; 4] = ["rm", "gzip", "curl", "sha256sum"];

/// A program that is no flowrun, but says that it is one.
const PROGRAM: &str = "#!/bin/sh\necho flowrun 9.9.9\n";

pub(crate) fn packed(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).expect("memory takes it");
    gzip.finish().expect("memory takes it")
}

pub(crate) fn file_name() -> String {
    format!("flowrun-linux-{}.gz", std::env::consts::ARCH)
}

pub(crate) fn checksums(of: &[u8]) -> String {
    let digest: Vec<String> = Sha256::digest(of).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}  install.sh\n{}  {}\n", "0".repeat(64), digest.concat(), file_name())
}

/// A server with one release.
fn release(sums: String, file: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request.target.as_str() {
        "/one/SHA256SUMS" => Reply::text(200, &sums),
        "/one/install.sh" => Reply::text(200, include_str!("../../packaging/install.sh")),
        target if target == format!("/one/{}", file_name()) => file(),
        _ => Reply::text(404, "no such file"),
    })
}

fn sound_release() -> Server {
    let file = packed(PROGRAM);
    release(checksums(&file), move || Reply::Whole(200, Vec::new(), file.clone()))
}

/// A machine with these tools, and a folder to install into.
struct Machine {
    dir: TempDir,
}

impl Machine {
    fn new(tools: &[&str]) -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let bin = dir.path().join("tools");
        fs::create_dir(&bin).expect("a folder");
        for tool in PLAIN.iter().chain(tools) {
            symlink(found(tool), bin.join(tool)).expect("a link");
        }
        Self { dir }
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// A shell of this machine, for which the server has the releases.
    fn shell(&self, server: &Server) -> Command {
        let mut shell = Command::new(found("sh"));
        shell.env_clear().stdin(Stdio::null());
        shell.env("HOME", self.home()).env("PATH", self.dir.path().join("tools"));
        shell.env("FLOWRUN_BASE_URL", server.url("/one/"));
        shell
    }

    fn command(&self, server: &Server, arguments: &[&str]) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/install.sh");
        let mut command = self.shell(server);
        command.arg(script).args(arguments);
        command
    }

    /// What it says when it has installed something.
    #[track_caller]
    fn installs(&self, server: &Server, arguments: &[&str]) -> String {
        let ran = self.command(server, arguments).output().expect("a shell runs");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success() && said.is_empty(), "{said}");
        String::from_utf8(ran.stdout).expect("text")
    }

    /// The error, when nothing was installed and what was there is there.
    #[track_caller]
    fn refuses(&self, server: &Server, arguments: &[&str]) -> String {
        let bin = self.home().join(".local/bin");
        fs::create_dir_all(&bin).expect("a folder");
        fs::write(bin.join("flowrun"), "an older one").expect("a file");
        let ran = self.command(server, arguments).output().expect("a shell runs");
        assert_eq!((ran.status.code(), &*ran.stdout), (Some(1), &b""[..]));
        assert_eq!(names(&bin), ["flowrun"]);
        assert_eq!(fs::read_to_string(bin.join("flowrun")).expect("it stays"), "an older one");
        let said = String::from_utf8(ran.stderr).expect("text");
        assert!(said.contains("\nhelp: "), "{said}");
        let error = said.lines().find_map(|line| line.strip_prefix("error: "));
        error.expect("an error").replace(&server.url("/one/"), "URL/").replace(&file_name(), "FILE")
    }
}

/// Where a tool lies on this machine.
fn found(tool: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a search path");
    let at = std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|path| path.is_file());
    at.unwrap_or_else(|| panic!("`{tool}` is not installed"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_binary_is_installed_for_its_user() {
    let (machine, server) = (Machine::new(&TOOLS), sound_release());
    let bin = machine.home().join(".local/bin");
    let said = machine.installs(&server, &[]);
    let bin_text = bin.display();
    assert_eq!(
        said,
        format!(
            "installed flowrun 9.9.9: {bin_text}/flowrun\nit is not on your path yet: export PATH=\"{bin_text}:$PATH\"\n"
        )
    );
    assert_eq!(names(&bin), ["flowrun"]);
    assert_eq!(fs::read_to_string(bin.join("flowrun")).expect("it is there"), PROGRAM);
    assert_eq!(fs::metadata(bin.join("flowrun")).expect("it is there").permissions().mode() & 0o777, 0o755);
}

#[test]
fn the_install_lines_of_the_book_work() {
    for block in marked("the_install_lines_of_the_book_work") {
        let server = sound_release();
        let (line, _) = block.split_once('\n').expect("a line");
        let here = line
            .replace("https://github.com/flowrun/flowrun/releases/latest/download/", &server.url("/one/"));
        assert_ne!(here, line, "the newest release");
        let machine = Machine::new(&TOOLS);
        let ran = machine.shell(&server).arg("-ec").arg(here).output().expect("a shell runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        assert_eq!(names(&machine.home().join(".local/bin")), ["flowrun"]);
    }
}

#[test]
fn a_binary_is_installed_by_other_tools_below_another_prefix() {
    let server = sound_release();
    for tools in [["rm", "gzip", "wget", "sha256sum"], ["rm", "gzip", "curl", "openssl"]] {
        let machine = Machine::new(&tools);
        let prefix = machine.dir.path().join("a prefix");
        for _ in 0..2 {
            // The second time there is one.
            let said = machine.installs(&server, &["--prefix", &prefix.to_string_lossy()]);
            assert!(
                said.starts_with(&format!("installed flowrun 9.9.9: {}/bin/flowrun\n", prefix.display()))
            );
            assert_eq!(names(&prefix.join("bin")), ["flowrun"]);
        }
        assert!(!machine.home().exists());
    }
}

#[test]
fn a_wrong_checksum_is_refused() {
    let file = packed(PROGRAM);
    let other = packed("#!/bin/sh\necho something else\n");
    let server = release(checksums(&file), move || Reply::Whole(200, Vec::new(), other.clone()));
    let error = Machine::new(&TOOLS).refuses(&server, &[]);
    let expected = checksums(&file);
    let expected = expected.lines().last().and_then(|line| line.split(' ').next()).expect("a checksum");
    assert!(error.starts_with("FILE has the checksum ") && error.ends_with(expected), "{error}");
}

#[test]
fn a_release_without_a_file_for_this_machine_is_refused() {
    let server = release(format!("{}  flowrun-other.gz\n", "0".repeat(64)), || Reply::text(404, ""));
    let error = Machine::new(&TOOLS).refuses(&server, &[]);
    assert_eq!(error, "URL/SHA256SUMS has no checksum of FILE");
    let empty = Server::start(|_| Reply::text(404, ""));
    assert_eq!(Machine::new(&TOOLS).refuses(&empty, &[]), "cannot download URL/SHA256SUMS");
}

#[test]
fn half_a_download_is_refused_by_whichever_tool_brought_it() {
    for fetch in ["curl", "wget"] {
        let file = packed(PROGRAM);
        let half = [b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", &file[..20]].concat();
        let server = release(checksums(&file), move || Reply::Raw(half.clone()));
        let error = Machine::new(&["rm", "gzip", fetch, "sha256sum"]).refuses(&server, &[]);
        // One of them goes on where the connection ended, and gets what the checksum finds out.
        assert!(
            error == "cannot download URL/FILE" || error.starts_with("FILE has the checksum "),
            "{error}"
        );
    }
}

#[test]
fn a_file_that_is_no_program_is_refused() {
    for text in ["no program", "#!/bin/sh\nexit 1\n"] {
        let file = packed(text);
        let server = release(checksums(&file), move || Reply::Whole(200, Vec::new(), file.clone()));
        assert_eq!(Machine::new(&TOOLS).refuses(&server, &[]), "the binary does not run here");
    }
    let server = release(checksums(b"not packed"), || Reply::text(200, "not packed"));
    assert_eq!(Machine::new(&TOOLS).refuses(&server, &[]), "cannot unpack FILE");
}

#[test]
fn a_missing_tool_is_named() {
    let server = sound_release();
    let error = |tools: &[&str]| Machine::new(tools).refuses(&server, &[]);
    assert_eq!(error(&["rm", "gzip", "sha256sum"]), "neither curl nor wget is installed");
    assert_eq!(error(&["rm", "gzip", "curl"]), "no program that makes SHA-256 checksums is installed");
    assert_eq!(error(&["rm", "curl", "sha256sum"]), "gzip is not installed");
    assert!(server.requests().is_empty());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let (machine, server) = (Machine::new(&TOOLS), sound_release());
    // Not even root makes folders there.
    assert_eq!(
        machine.refuses(&server, &["--prefix", "/proc/self"]),
        "cannot make the folder /proc/self/bin"
    );
    let taken = machine.dir.path().join("taken");
    fs::create_dir_all(taken.join("bin/flowrun")).expect("folders");
    let error = machine.refuses(&server, &["--prefix", &taken.to_string_lossy()]);
    assert_eq!(error, format!("{}/bin/flowrun is a folder", taken.display()));
    assert_eq!(names(&taken.join("bin")), ["flowrun"]);
}

#[test]
fn wrong_arguments_are_refused() {
    let (machine, server) = (Machine::new(&TOOLS), sound_release());
    assert_eq!(machine.refuses(&server, &["--perfix", "x"]), "unknown argument --perfix");
    assert_eq!(machine.refuses(&server, &["--prefix"]), "--prefix needs a value");
    let error = machine.refuses(&server, &["--version", "1.0.0"]);
    assert_eq!(error, "FLOWRUN_BASE_URL has one release, so --version has no meaning");
}

#[test]
fn an_interrupt_in_the_middle_of_a_download_leaves_nothing() {
    let (asked, is_asked) = mpsc::channel();
    let server = release(checksums(b""), move || {
        // The test may be over.
        let _ = asked.send(());
        Reply::Never
    });
    let machine = Machine::new(&TOOLS);
    let mut child =
        machine.command(&server, &[]).process_group(0).stderr(Stdio::null()).spawn().expect("a shell runs");
    is_asked.recv().expect("the file is asked for");
    let group = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process_group(group, rustix::process::Signal::TERM).expect("it is there");
    assert_eq!(child.wait().expect("it ends").code(), Some(143));
    assert_eq!(names(&machine.home().join(".local/bin")), [""; 0]);
}

#[test]
fn a_script_that_came_in_half_does_nothing() {
    let script = include_str!("../../packaging/install.sh");
    let (machine, server) = (Machine::new(&TOOLS), sound_release());
    let last = script.trim_end().rfind('\n').expect("lines");
    for end in [last / 2, last] {
        let cut: String = script.chars().take(end).collect();
        let mut command = Command::new(found("sh"));
        command.args(["-c", &cut]).env_clear().env("HOME", machine.dir.path().join("nobody"));
        command.env("PATH", machine.dir.path().join("tools")).env("FLOWRUN_BASE_URL", server.url("/one"));
        command.output().expect("a shell runs");
        assert!(!machine.dir.path().join("nobody").exists(), "cut at {end}");
    }
}
