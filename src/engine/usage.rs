//! This module asks the system what the process has taken so far: its processor time, that of the processes that it has
//! started, and its memory.

use std::fs;
use std::time::Duration;

use crate::event::Usage;

/// Ticks of a second in `/proc`: the same on all machines that Linux runs on.
const TICKS: u64 = 100;

/// The processor time that it has taken so far; `None` where the system does not tell.
pub(super) fn so_far() -> Option<Duration> {
    processor(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// What was taken since `before`. The most memory is that of the whole process.
pub(super) fn since(before: Option<Duration>) -> Option<Usage> {
    let processor = so_far()?.saturating_sub(before?);
    Some(Usage { processor, memory: memory(&fs::read_to_string("/proc/self/status").ok()?)? })
}

/// The times in user and kernel mode, the process' own and those of its children, fields 14 to 17 of `/proc/PID/stat`. The second
/// one is the program's name in parentheses, which may hold blanks and parentheses.
fn processor(stat: &str) -> Option<Duration> {
    let (_, behind) = stat.rsplit_once(')')?;
    let fields = behind.split_ascii_whitespace().skip(11).take(4);
    let times: Vec<u64> = fields.map(|field| field.parse().ok()).collect::<Option<_>>()?;
    let [user, system, children, systems] = times[..] else { return None };
    Some(Duration::from_millis((user + system + children + systems) * 1000 / TICKS))
}

/// The peak of what is resident, `VmHWM` in `/proc/PID/status`, which counts in units of 1024 bytes.
fn memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok().map(|units: u64| units * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_programs_may_hold_anything() {
        let stat = "12 (a) b (c) S 1 12 12 0 -1 4194560 100 0 0 0 150 25 30 5 20 0 1 0 100 1 1\n";
        assert_eq!(processor(stat), Some(Duration::from_millis(2100)));
        assert_eq!(processor("12 (a) S 1 12"), None);
    }

    #[test]
    fn this_process_has_taken_something() {
        let before = so_far().expect("the system tells");
        // More than a tick.
        let until = std::time::Instant::now() + Duration::from_millis(60);
        while std::time::Instant::now() < until {
            std::hint::spin_loop();
        }
        let taken = since(Some(before)).expect("the system tells");
        assert!(taken.processor >= Duration::from_millis(10), "{taken:?}");
        assert!((1 << 20..1 << 36).contains(&taken.memory), "{taken:?}");
        assert_eq!(since(None), None);
    }
}
