//! This module appends to a file that stays: all of what a step writes, or nothing of it. `addition` holds what is to come
//! beside the file until it is there.
//!
//! Who appends holds a lock on the file. A process that was killed in the middle leaves the addition behind, and the next one
//! that comes to the file takes out again what had got there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::addition::{self, Unfinished};
use super::lock::wait_for;
use super::target::NEW_FILE_MODE;
use crate::data::read::{GzipMembers, LINE_END_BYTES, ends_lines_with_cr, is_archive};
use crate::data::{Appended, Compression, DataError, FileEnd, Format, Ledger, Member, WriteOptions};

/// Bytes at the end of a file by which it is known.
const TAIL_BYTES: u64 = 64 * 1024;
const BLOCK: usize = 128 * 1024;

/// A file that is appended to.
pub(super) struct AppendTarget {
    target: PathBuf,
    name: String,
    compression: Compression,
    format: Format,
    /// What an earlier run has appended that this one goes on with. It is taken back when the new rows are there.
    earlier: Option<Appended>,
    /// How the file ended when the step began.
    pub(super) found: Found,
}

/// What was found of the file when the step began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Its length.
    length: u64,
    /// Whether no text is in it, unpacked.
    is_empty: bool,
    /// Whether its last line is without an end.
    pub(super) is_open: bool,
}

impl Found {
    /// Whether there is nothing to append to: the file is new, or empty.
    pub(super) fn is_empty(self) -> bool {
        self.is_empty
    }
}

impl AppendTarget {
    /// Looks at the file, after taking out what a killed process left in it, and at whether what the run that this one goes on
    /// with had appended can be taken back.
    pub(super) fn open(
        target: &Path,
        options: &WriteOptions,
        ledger: &dyn Ledger,
    ) -> Result<Self, DataError> {
        let name = &*options.name;
        let io = |intent, source| DataError::Io { intent, path: PathBuf::from(name), source };
        let mut append = Self {
            target: target.to_owned(),
            name: name.to_owned(),
            compression: options.compression,
            format: options.format,
            earlier: None,
            found: Found { length: 0, is_empty: true, is_open: false },
        };
        let file = match OpenOptions::new().read(true).write(true).open(target) {
            Ok(file) => file,
            // Who took the file away has taken the rows away, too.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(append),
            Err(error) => return Err(io("append to", error)),
        };
        wait_for(&file).map_err(|error| io("lock", error))?;
        append.recover(&file)?;
        append.earlier = ledger.earlier(name)?;
        let kept = append.kept(&file)?;
        append.found = append.look(&file, kept)?;
        Ok(append)
    }

    /// Appends the content of `added` as a whole.
    pub(super) fn commit(&self, added: NamedTempFile, ledger: &dyn Ledger) -> Result<(), DataError> {
        let io = |intent, source| self.io(intent, source);
        let was_there = self.target.exists();
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).mode(NEW_FILE_MODE).open(&self.target);
        let mut file = file.map_err(|error| io("append to", error))?;
        wait_for(&file).map_err(|error| io("lock", error))?;
        self.recover(&file)?;
        let kept = self.kept(&file)?;
        let found = self.look(&file, kept)?;
        let has_begun = found.is_empty() != self.found.is_empty() && self.format.is_table();
        if has_begun || found.is_open != self.found.is_open {
            return Err(DataError::Usage(format!(
                "cannot append to `{}`: others have written to it since the step began; run it again",
                self.name
            )));
        }
        let length =
            |file: &File| file.metadata().map(|held| held.len()).map_err(|error| io("append to", error));
        let takes_back = length(&file)? != found.length;
        if length(added.as_file())? == 0 && !takes_back {
            return Ok(());
        }
        let added = addition::prepare(added, found.length).map_err(|error| io("append to", error))?;
        let ends = (|| Ok((tail(&file, found.length)?, joined_tail(&file, found.length, &added)?)))();
        let (before, after) = ends.map_err(|error| io("read", error))?;
        ledger.note(&self.name, &before, &after)?;
        let unfinished = added.put(&self.target).map_err(|error| io("append to", error))?;
        if takes_back {
            undo(&file, found.length).map_err(|error| io("cut back", error))?;
        }
        if let Err(error) = unfinished.copy_to(&mut file).and_then(|()| file.sync_data()) {
            // Nothing of it stays; what cannot be taken out now is taken out by the next run.
            if undo(&file, found.length).is_ok() {
                let _ = unfinished.remove();
                let _ = if was_there { Ok(()) } else { fs::remove_file(&self.target) };
            }
            return Err(io("append to", error));
        }
        unfinished.remove().map_err(|error| io("append to", error))
    }

    /// Takes out what a process that was killed had appended a part of. The file is locked.
    fn recover(&self, file: &File) -> Result<(), DataError> {
        recover(file, &self.target).map_err(|error| self.io("take a part of an append out of", error))
    }

    /// The length that stays: without what an earlier run has appended. Says why that cannot be taken back.
    fn kept(&self, file: &File) -> Result<u64, DataError> {
        let io = |source| self.io("read", source);
        let length = file.metadata().map_err(io)?.len();
        let Some(earlier) = &self.earlier else { return Ok(length) };
        let is =
            |end: &FileEnd| -> Result<bool, DataError> { Ok(tail(file, end.length).map_err(io)? == *end) };
        let (before, after) = (&earlier.before, &earlier.after);
        let is_there = length == after.length && is(after)?;
        if is_there || (length == before.length && is(before)?) {
            return Ok(before.length);
        }
        let rows = format!("bytes {} to {}", before.length, after.length);
        let is_longer = length > after.length && is(after)?;
        let wrote = if is_longer { "others have appended to it since" } else { "it has been changed since" };
        Err(DataError::Usage(format!(
            "cannot append to `{}`: run {} had appended its rows there ({rows}), and {wrote}; \
             take these rows out, if they are still there, and start a new run instead of going on with that one",
            self.name, earlier.run
        )))
    }

    /// Whether an earlier run has rows in the file that go.
    pub(super) fn takes_back(&self) -> bool {
        self.earlier.is_some()
    }

    /// How the file ends when it is cut at `length`.
    fn look(&self, file: &File, length: u64) -> Result<Found, DataError> {
        self.ending(file, length).map_err(|error| self.io("append to", error))
    }

    fn ending(&self, file: &File, length: u64) -> io::Result<Found> {
        let mut start = [0; 2];
        if length >= 2 {
            file.read_exact_at(&mut start, 0)?;
        }
        if self.compression == Compression::None && matches!(start, [0xFE, 0xFF] | [0xFF, 0xFE]) {
            return Err(io::Error::other("it is UTF-16, and what is written is UTF-8"));
        }
        let mut seen = SeenText::default();
        match self.compression {
            _ if length == 0 => {}
            Compression::None => {
                seen.start = vec![0; length.min(LINE_END_BYTES as u64) as usize];
                file.read_exact_at(&mut seen.start, 0)?;
                if is_archive(&seen.start) {
                    let message = "its content is compressed, and its name does not say so";
                    return Err(io::Error::other(message));
                }
                let mut last = [0];
                file.read_exact_at(&mut last, length - 1)?;
                seen.last = Some(last[0]);
            }
            packed => unpack(file, length, packed, &mut seen)?,
        }
        if self.format != Format::Lines && ends_lines_with_cr(&seen.start) {
            return Err(io::Error::other(
                "its lines end with CR alone, and lines that end otherwise would make one line of them",
            ));
        }
        Ok(Found {
            length,
            is_empty: seen.last.is_none(),
            is_open: seen.last.is_some_and(|last| last != b'\n'),
        })
    }

    fn io(&self, intent: &'static str, source: io::Error) -> DataError {
        DataError::Io { intent, path: PathBuf::from(&self.name), source }
    }
}

/// What was seen of the text of a file.
#[derive(Default)]
struct SeenText {
    /// As much of it as readers look at for what ends lines.
    start: Vec<u8>,
    last: Option<u8>,
}

impl SeenText {
    fn see(&mut self, text: &[u8]) {
        let room = LINE_END_BYTES - self.start.len();
        self.start.extend_from_slice(&text[..text.len().min(room)]);
        self.last = text.last().copied().or(self.last);
    }
}

/// Looks at what an archive holds. All of it is unpacked for that, which also shows that it is whole.
fn unpack(file: &File, length: u64, compression: Compression, seen: &mut SeenText) -> io::Result<()> {
    let mut file = file;
    file.seek(SeekFrom::Start(0))?;
    let file = file.try_clone()?.take(length);
    if compression == Compression::Zstd {
        return see_all(zstd::Decoder::new(file)?, seen);
    }
    let mut members = GzipMembers::new(BufReader::new(Box::new(file)), Member { at: 0, before: 0 });
    see_all(&mut members, seen)?;
    if members.is_padded() {
        return Err(io::Error::other(
            "zeros follow the end of its archive, and many programs read nothing that is behind them; take them away",
        ));
    }
    Ok(())
}

fn see_all(mut text: impl Read, seen: &mut SeenText) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        match text.read(&mut block)? {
            0 => return Ok(()),
            count => seen.see(&block[..count]),
        }
    }
}

/// Removes what a process that was killed has left beside a target, and takes a part out that it had appended.
pub(super) fn clear(target: &Path) -> io::Result<()> {
    if !addition::path(target).exists() {
        return Ok(());
    }
    let file = match OpenOptions::new().read(true).write(true).open(target) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return fs::remove_file(addition::path(target));
        }
        Err(error) => return Err(error),
    };
    // Who holds it is at work on it.
    if file.try_lock().is_ok() { recover(&file, target) } else { Ok(()) }
}

/// Takes a part of an addition out of a file that is locked.
fn recover(file: &File, target: &Path) -> io::Result<()> {
    let Some(unfinished) = Unfinished::find(target)? else { return Ok(()) };
    let length = file.metadata()?.len();
    let common = unfinished.common(file, length)?;
    let is_whole = common == unfinished.length;
    let end = unfinished.before + common;
    if common > 0 && !is_whole {
        if length > end {
            return Err(io::Error::other(format!(
                "a process was killed while it appended, and others have written since; look at the file from byte {} on, where \
                 up to {common} bytes of a row may stand that is not whole, put it right and remove `{}`",
                unfinished.before,
                unfinished.path.display()
            )));
        }
        undo(file, unfinished.before)?;
    }
    unfinished.remove()
}

/// Cuts a file back.
fn undo(file: &File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.sync_all()
}

/// How a file ends that is cut at `length`.
fn tail(file: &File, length: u64) -> io::Result<FileEnd> {
    let mut last = vec![0; length.min(TAIL_BYTES) as usize];
    let start = length - last.len() as u64;
    file.read_exact_at(&mut last, start)?;
    Ok(FileEnd { length, digest: blake3::hash(&last).to_hex().to_string() })
}

/// How the file will end behind an addition.
fn joined_tail(file: &File, length: u64, added: &addition::Prepared) -> io::Result<FileEnd> {
    let more = added.last(TAIL_BYTES)?;
    let room = TAIL_BYTES - more.len() as u64;
    let mut last = vec![0; length.min(room) as usize];
    let start = length - last.len() as u64;
    file.read_exact_at(&mut last, start)?;
    last.extend_from_slice(&more);
    let digest = blake3::hash(&last).to_hex().to_string();
    Ok(FileEnd { length: length + added.length, digest })
}
