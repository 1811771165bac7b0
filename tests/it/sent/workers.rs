//! The worker processes of a project, as the system shows them.

use std::fs;
use std::path::Path;

/// Process numbers of the workers whose remote folder lies in this one.
pub(crate) fn workers(folder: &Path) -> Vec<u32> {
    let folder = folder.canonicalize().expect("it is there").to_string_lossy().into_owned();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("Linux").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<String> =
            line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        if words.get(1).is_some_and(|word| word == "worker")
            && words.get(2).is_some_and(|word| word.starts_with(&folder))
        {
            found.push(pid);
        }
    }
    found
}

/// What the system shows of a process to its owner: its words and its variables.
pub(crate) fn shown(pid: u32) -> String {
    let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    String::from_utf8_lossy(&[read("cmdline"), read("environ")].concat()).into_owned()
}

/// Sends a signal to a process, which may be gone.
pub(crate) fn signal(pid: u32, name: &str) {
    let _ = std::process::Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .stderr(std::process::Stdio::null())
        .status();
}
