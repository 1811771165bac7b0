//! A file system is local where no other machine can see it. Only there do connections to one database share what is in memory.

use std::path::Path;

/// Names and numbers (`statfs(2)`) of file systems that belong to one machine.
#[cfg(target_os = "linux")]
const LOCAL: [(&str, u64); 8] = [
    ("ext2, ext3, ext4", 0xEF53),
    ("xfs", 0x5846_5342),
    ("btrfs", 0x9123_683E),
    ("tmpfs", 0x0102_1994),
    ("zfs", 0x2FC1_2FC1),
    ("f2fs", 0xF2F5_2010),
    ("overlayfs", 0x794C_7630),
    ("ramfs", 0x8584_58F6),
];

/// Whether a file that is there, or is about to be made, lies on such a file system.
#[cfg(target_os = "linux")]
pub(super) fn is_local(file: &Path) -> bool {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = rustix::fs::statfs(folder);
    // Numbers of 32 bits come with a sign on some machines.
    found.is_ok_and(|found| LOCAL.iter().any(|(_, number)| *number == found.f_type as u64 & 0xFFFF_FFFF))
}

/// Elsewhere than on Linux nobody asks.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_local(_file: &Path) -> bool {
    true
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_this_machine_are_local_and_what_the_kernel_makes_up_is_not() {
        let dir = tempfile::tempdir().expect("a folder");
        assert!(is_local(&dir.path().join("run.db")));
        assert!(!is_local(Path::new("/proc/run.db")), "whatever is not known is shared");
    }
}
