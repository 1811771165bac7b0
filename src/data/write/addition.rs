//! An addition is what is to be appended to a file. It lies beside the file, whole and on the disk, before the first byte
//! of it is appended, and goes when the last one is there.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::target::{folder_of, sync_folder};

/// Ends the file, behind what is to be appended: the length of the target before, the length of the addition, both as 8
/// bytes, a digest of these, and this word.
const MARK: &[u8; 16] = b"flowrun append 1";
const NOTE_BYTES: usize = 8 + 8 + 32 + MARK.len();
const BLOCK: usize = 128 * 1024;

/// Where the addition to a target lies.
pub(super) fn path(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().as_encoded_bytes();
    let digest = blake3::hash(name).to_hex();
    folder_of(target).join(format!(".flowrun-{}.append", &digest[..16]))
}

/// An addition that is whole, under a name that nobody knows.
pub(super) struct Prepared {
    file: NamedTempFile,
    before: u64,
    /// Bytes to append.
    pub(super) length: u64,
}

/// Completes what lies in `file` by a note that says where it belongs.
pub(super) fn prepare(file: NamedTempFile, before: u64) -> io::Result<Prepared> {
    let length = file.as_file().metadata()?.len();
    let mut note = [before.to_le_bytes(), length.to_le_bytes()].concat();
    let digest = blake3::hash(&note);
    note.extend_from_slice(digest.as_bytes());
    note.extend_from_slice(MARK);
    file.as_file().write_all_at(&note, length)?;
    file.as_file().sync_all()?;
    Ok(Prepared { file, before, length })
}

impl Prepared {
    /// The last bytes of it, `most` at most.
    pub(super) fn last(&self, most: u64) -> io::Result<Vec<u8>> {
        let mut last = vec![0; self.length.min(most) as usize];
        let start = self.length - last.len() as u64;
        self.file.as_file().read_exact_at(&mut last, start)?;
        Ok(last)
    }

    /// Gives it the name by which a later process finds it.
    pub(super) fn put(self, target: &Path) -> io::Result<Unfinished> {
        let path = path(target);
        let (file, temporary) = self.file.into_parts();
        fs::rename(&temporary, &path)?;
        // The name that it had may be that of another process's file by now.
        let _ = temporary.keep();
        sync_folder(target)?;
        Ok(Unfinished { path, file, before: self.before, length: self.length })
    }
}

/// An addition of which a part may be in the target.
pub(super) struct Unfinished {
    pub(super) path: PathBuf,
    file: File,
    /// Length of the target before.
    pub(super) before: u64,
    /// Bytes to append.
    pub(super) length: u64,
}

impl Unfinished {
    /// The one that a process has left beside a target. One without its note is none: nothing was appended before it was
    /// whole.
    pub(super) fn find(target: &Path) -> io::Result<Option<Self>> {
        let path = path(target);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let Some((before, length)) = read_note(&file)? else {
            fs::remove_file(&path)?;
            return Ok(None);
        };
        Ok(Some(Self { path, file, before, length }))
    }

    /// Appends all of it.
    pub(super) fn copy_to(&self, target: &mut File) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        let copied = io::copy(&mut file.take(self.length), target)?;
        if copied == self.length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// How many bytes of it the target holds, behind what was there before.
    pub(super) fn common(&self, target: &File, target_length: u64) -> io::Result<u64> {
        let most = target_length.saturating_sub(self.before).min(self.length);
        let (mut here, mut there) = (vec![0; BLOCK], vec![0; BLOCK]);
        let mut at = 0;
        while at < most {
            let count = (most - at).min(BLOCK as u64) as usize;
            self.file.read_exact_at(&mut here[..count], at)?;
            target.read_exact_at(&mut there[..count], self.before + at)?;
            let same =
                here[..count].iter().zip(&there[..count]).take_while(|(one, other)| one == other).count();
            at += same as u64;
            if same < count {
                break;
            }
        }
        Ok(at)
    }

    /// It is of no use any more.
    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

fn read_note(file: &File) -> io::Result<Option<(u64, u64)>> {
    let whole = file.metadata()?.len();
    let Some(at) = whole.checked_sub(NOTE_BYTES as u64) else { return Ok(None) };
    let mut note = [0; NOTE_BYTES];
    file.read_exact_at(&mut note, at)?;
    let number = |at: usize| u64::from_le_bytes(note[at..at + 8].try_into().expect("eight bytes"));
    let is_sound = note[16..48] == *blake3::hash(&note[..16]).as_bytes() && note[48..] == *MARK;
    Ok((is_sound && number(8) == at).then(|| (number(0), number(8))))
}
