//! An output is the place where a writer's bytes go: a file beside its target, or a stream. The writers know the
//! formats.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::write::GzEncoder;
use tempfile::NamedTempFile;

use super::append::AppendTarget;
use super::target::{folder_of, follow_links, missing_folders};
use super::{beside, pipe};
use crate::data::{self, Compression, DataError, Ledger, Target, WriteMode, WriteOptions, Written};

/// Bytes gathered before they are written. Most chunks are longer and go to the system without being copied once more.
const BUFFER_BYTES: usize = 32 * 1024;

/// What standard output is called in messages.
const STDOUT: &str = "standard output";

/// What readers take away from the front of a file.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// Where a writer writes.
pub(super) struct Output {
    name: Arc<str>,
    bytes: Encoder,
    live: bool,
    begun: bool,
    /// Whether a byte order mark stands before all else.
    bom: bool,
    /// What the file holds already; `None`: nothing.
    held: Option<HeldText>,
}

/// What stands in a file that is appended to.
#[derive(Clone, Copy)]
struct HeldText {
    /// What goes between it and what is written.
    between: &'static [u8],
    /// Whether rows of an earlier run go, so that even nothing is something to write.
    takes_back: bool,
}

enum Encoder {
    Plain(BufWriter<OutputPlace>),
    Gzip(GzEncoder<BufWriter<OutputPlace>>),
    Zstd(zstd::Encoder<'static, BufWriter<OutputPlace>>),
}

/// Where bytes go, and how many went there.
struct OutputPlace {
    kind: PlaceKind,
    written: u64,
}

enum PlaceKind {
    /// Written to as it comes.
    Stream(File),
    /// A part of a split output, which somebody else puts in its place.
    Part(File),
    /// Renamed to `target` at the end.
    Beside { file: NamedTempFile, target: PathBuf, folders: Folders },
    /// Appended to the target at the end.
    Append { file: NamedTempFile, target: AppendTarget, folders: Folders },
}

impl Output {
    /// Opens the place that the options name.
    pub(super) fn create(options: &WriteOptions, ledger: &dyn Ledger) -> Result<Self, DataError> {
        let name = match options.target {
            Target::Stdout => STDOUT.into(),
            Target::File(_) => Arc::clone(&options.name),
        };
        let fail = |intent, source| DataError::Io { intent, path: PathBuf::from(&*name), source };
        let place = match &options.target {
            Target::Stdout if data::stdout_is_closed() => {
                return Err(fail("open", io::Error::new(io::ErrorKind::NotConnected, "it is closed")));
            }
            Target::Stdout => {
                let own = io::stdout().as_fd().try_clone_to_owned();
                PlaceKind::Stream(File::from(own.map_err(|source| fail("open", source))?))
            }
            Target::File(path) => PlaceKind::create(path, options, ledger, &fail)?,
        };
        Self::on(options, name, place)
    }

    /// Writes a part to a file that is open.
    pub(super) fn part(options: &WriteOptions, name: Arc<str>, file: File) -> Result<Self, DataError> {
        Self::on(options, name, PlaceKind::Part(file))
    }

    fn on(options: &WriteOptions, name: Arc<str>, place: PlaceKind) -> Result<Self, DataError> {
        let fail = |intent, source| DataError::Io { intent, path: PathBuf::from(&*name), source };
        let live = matches!(place, PlaceKind::Stream(_)) && options.compression == Compression::None;
        let held = match &place {
            PlaceKind::Append { target, .. } if !target.found.is_empty() => Some(HeldText {
                between: if target.found.is_open { options.rows.line_end.bytes() } else { b"" },
                takes_back: target.takes_back(),
            }),
            _ => None,
        };
        let place = OutputPlace { kind: place, written: 0 };
        let buffered = BufWriter::with_capacity(BUFFER_BYTES, place);
        let bytes = match options.compression {
            Compression::None => Encoder::Plain(buffered),
            Compression::Gzip => Encoder::Gzip(GzEncoder::new(buffered, flate2::Compression::default())),
            Compression::Zstd => {
                let encoder = zstd::Encoder::new(buffered, zstd::DEFAULT_COMPRESSION_LEVEL);
                let mut encoder = encoder.map_err(|source| fail("compress", source))?;
                encoder.include_checksum(true).map_err(|source| fail("compress", source))?;
                Encoder::Zstd(encoder)
            }
        };
        Ok(Self { name, bytes, live, begun: false, bom: options.rows.bom, held })
    }

    /// Whether what is written comes behind what a file holds already.
    pub(super) fn is_behind(&self) -> bool {
        self.held.is_some()
    }

    /// The name for messages.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Adds bytes, and hands on what was gathered if somebody may be waiting for it.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        let written = self.write_all(bytes).and_then(|()| self.flush());
        written.map_err(|source| DataError::Io { intent: "write", path: PathBuf::from(&*self.name), source })
    }

    /// Writes what is left and puts the file in its place.
    pub(super) fn commit(self, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        let has_nothing = !self.begun && self.held.is_some_and(|held| !held.takes_back);
        let Self { name, bytes, .. } = self;
        if has_nothing {
            return Ok(vec![Written { name, rows: None, bytes: Some(0), said: None }]);
        }
        let fail = |intent, source| DataError::Io { intent, path: PathBuf::from(&*name), source };
        let place = bytes.finish().map_err(|source| fail("write", source))?;
        match place.kind {
            PlaceKind::Stream(file) => settle(&file).map_err(|source| fail("write", source))?,
            // All parts of an output are brought to the disk together.
            PlaceKind::Part(_) => {}
            PlaceKind::Beside { file, target, mut folders } => {
                // Otherwise a crash of the machine could leave an empty file under the new name.
                file.as_file().sync_data().map_err(|source| fail("write", source))?;
                file.persist(&target).map_err(|error| fail("replace", error.error))?;
                folders.keep();
            }
            PlaceKind::Append { file, target, mut folders } => {
                target.commit(file, ledger)?;
                folders.keep();
            }
        }
        let name = if &*name == STDOUT { "-".into() } else { name };
        Ok(vec![Written { name, rows: None, bytes: Some(place.written), said: None }])
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.begun && !bytes.is_empty() {
            self.begun = true;
            // One that begins the text belongs to the first item, and readers take only one away.
            let has_mark = self.bom || bytes.starts_with(BOM);
            self.bytes.write_all(self.held.map_or(if has_mark { BOM } else { b"" }, |held| held.between))?;
        }
        self.bytes.write(bytes)
    }

    /// Hands on what was gathered if somebody may be waiting for it.
    fn flush(&mut self) -> io::Result<()> {
        if self.live { self.bytes.flush() } else { Ok(()) }
    }
}

impl PlaceKind {
    fn create(
        path: &Path,
        options: &WriteOptions,
        ledger: &dyn Ledger,
        fail: &dyn Fn(&'static str, io::Error) -> DataError,
    ) -> Result<Self, DataError> {
        let target = follow_links(path).map_err(|source| fail("open", source))?;
        let old = fs::metadata(&target).ok();
        match &old {
            Some(old) if old.is_dir() => {
                return Err(fail("write", io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")));
            }
            Some(old) if !old.is_file() => {
                if options.mode == WriteMode::Append {
                    return Err(fail("append to", io::Error::other("it is no ordinary file")));
                }
                return pipe::open(&target).map(Self::Stream).map_err(|source| fail("open", source));
            }
            _ => {}
        }
        let folders =
            Folders::make(folder_of(&target)).map_err(|source| fail("create the folder of", source))?;
        let file = beside::create(&target).map_err(|source| fail("create a file beside", source))?;
        if options.mode == WriteMode::Append {
            let target = AppendTarget::open(&target, options, ledger)?;
            return Ok(Self::Append { file, target, folders });
        }
        if let Some(old) = old {
            let keep = Permissions::from_mode(old.permissions().mode() & 0o777);
            file.as_file().set_permissions(keep).map_err(|source| fail("keep the permissions of", source))?;
        }
        Ok(Self::Beside { file, target, folders })
    }
}

/// Folders that were made for a file and go with it when the file does not come to be.
#[derive(Debug)]
struct Folders(Vec<PathBuf>);

impl Folders {
    fn make(folder: &Path) -> io::Result<Self> {
        let folders = Self(missing_folders(folder));
        fs::create_dir_all(folder)?;
        Ok(folders)
    }

    fn keep(&mut self) {
        self.0.clear();
    }
}

impl Drop for Folders {
    fn drop(&mut self) {
        for folder in &self.0 {
            // Somebody else may have put something into it meanwhile.
            if fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}

/// Hears of what a file system says only at the end (a quota, a server that is gone): closing a file reports nothing.
fn settle(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.sync_data() } else { Ok(()) }
}

impl Encoder {
    fn finish(self) -> io::Result<OutputPlace> {
        let buffered = match self {
            Self::Plain(buffered) => buffered,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        };
        buffered.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl Write for Encoder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(inner) => inner.write(bytes),
            Self::Gzip(inner) => inner.write(bytes),
            Self::Zstd(inner) => inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(inner) => inner.flush(),
            Self::Gzip(inner) => inner.flush(),
            Self::Zstd(inner) => inner.flush(),
        }
    }
}

impl Write for OutputPlace {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.kind {
            PlaceKind::Stream(file) => pipe::write(file, bytes),
            PlaceKind::Part(file) => file.write(bytes),
            PlaceKind::Beside { file, .. } | PlaceKind::Append { file, .. } => file.write(bytes),
        }?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.kind {
            PlaceKind::Stream(file) | PlaceKind::Part(file) => file.flush(),
            PlaceKind::Beside { file, .. } | PlaceKind::Append { file, .. } => file.flush(),
        }
    }
}
