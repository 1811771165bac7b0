//! These tests start many programs from many threads, while signals come and memory changes.

use std::ffi::{CString, c_int};
use std::fs::File;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, getpid, kill_process, waitid, waitpid,
};

use super::Spawn;

fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// Starts `file` with these words, its output going to a pipe that is ours.
fn start(file: &str, words: &[&str]) -> io::Result<(Pid, Option<OwnedFd>, File)> {
    let nothing = File::open("/dev/null")?;
    let folder = File::open("/")?;
    let (ours, output) = pipe_with(PipeFlags::CLOEXEC)?;
    let spawn = Spawn {
        file: text(file),
        words: words.iter().map(|word| text(word)).collect(),
        variables: vec![text("WORD=of its own")],
        folder: folder.as_fd(),
        through: None,
        streams: [nothing.as_fd(), output.as_fd(), output.as_fd()],
    };
    let (child, notice) = spawn.start()?;
    Ok((child, notice, File::from(ours)))
}

/// What a program wrote, and with which code it ended.
fn outcome(file: &str, words: &[&str]) -> (String, Option<i32>) {
    let (child, _, mut output) = start(file, words).unwrap();
    let mut said = String::new();
    output.read_to_string(&mut said).unwrap();
    let (_, status) = waitpid(Some(child), WaitOptions::empty()).unwrap().unwrap();
    (said, status.exit_status())
}

#[test]
fn a_program_gets_what_it_is_given_and_nothing_else() {
    let script = "pwd; env | grep -v -e PWD -e SHLVL -e '^_='; echo $0 $1; exit 7";
    let (said, code) = outcome("/bin/sh", &["sh", "-c", script, "name", "word"]);
    assert_eq!(said, "/\nWORD=of its own\nname word\n");
    assert_eq!(code, Some(7));
}

/// What `/proc` says of a process's signals of one kind, as a set of bits.
fn signals_of(status: &str, kind: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(kind)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap()
}

#[test]
fn no_signal_is_blocked_in_a_program_and_ignored_is_only_what_was_so_before_us() {
    let (said, _) = outcome("/bin/cat", &["cat", "/proc/self/status"]);
    assert_eq!(signals_of(&said, "SigBlk"), 0);
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let pipe = 1 << (libc::SIGPIPE - 1);
    // Rust itself ignores this one.
    assert_ne!(signals_of(&own, "SigIgn") & pipe, 0);
    assert_eq!(signals_of(&said, "SigIgn"), signals_of(&own, "SigIgn") & !pipe);
}

#[test]
fn what_cannot_be_started_says_why() {
    for (file, expect) in
        [("/no/program", Errno::NOENT), ("/etc/passwd", Errno::ACCESS), ("/", Errno::ACCESS)]
    {
        let error = start(file, &["name"]).map(drop).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(expect.raw_os_error()), "{file}");
    }
}

#[test]
fn the_end_of_a_program_can_be_waited_for() {
    let (child, notice, _output) = start("/bin/true", &["true"]).unwrap();
    if let Some(notice) = notice {
        let looking = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        assert!(waitid(WaitId::PidFd(notice.as_fd()), looking).unwrap().is_some());
    }
    let (ended, _) = waitpid(Some(child), WaitOptions::empty()).unwrap().unwrap();
    assert_eq!(ended, child);
}

/// A child that ran a handler, kept a lock or changed our memory would show in counts, hangs or texts.
#[test]
fn many_threads_start_programs_while_signals_come_and_memory_changes() {
    const THREADS: usize = 6;
    const PROGRAMS: usize = 60;
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the handler adds to a number; a plain structure of C, of which zeros are a value.
    unsafe {
        (*action.as_mut_ptr()).sa_sigaction = count as extern "C" fn(c_int) as usize;
        (*action.as_mut_ptr()).sa_flags = libc::SA_RESTART;
        assert_eq!(libc::sigaction(libc::SIGURG, action.as_ptr(), std::ptr::null_mut()), 0);
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                kill_process(getpid(), Signal::URG).unwrap();
                thread::yield_now();
            }
        });
        let starters = (0..THREADS).map(|thread| scope.spawn(move || start_many(thread, PROGRAMS)));
        let starters: Vec<_> = starters.collect();
        let ended: Vec<_> = starters.into_iter().map(|starter| starter.join().is_ok()).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(|is_well| *is_well));
    });
    assert!(SIGNALS.load(Ordering::SeqCst) > 0);
}

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_: c_int) {
    SIGNALS.fetch_add(1, Ordering::SeqCst);
}

fn start_many(thread: usize, programs: usize) {
    let mut kept = Vec::new();
    for program in 0..programs {
        let code = (thread * programs + program) % 250;
        let words = ["sh".to_owned(), "-c".to_owned(), format!("echo {code}; exit {code}")];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        kept.push(vec![code as u8; 1 << (program % 16)]);
        let (said, ended) = outcome("/bin/sh", &words);
        assert_eq!((said, ended), (format!("{code}\n"), Some(code as i32)));
        assert!(kept.iter().all(|bytes| bytes.iter().all(|byte| *byte == bytes[0])));
        if program % 16 == 15 {
            kept.clear();
        }
    }
}
