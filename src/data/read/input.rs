//! An input gives the bytes of one file or of standard input, decompressed on the way. The formats know what they
//! mean.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::byte_source::ByteSource;
use crate::data::error::DECOMPRESS;
use crate::data::position::{changed, foreign};
use crate::data::{ByteSpot, Compression, DataError, FileMark, Member};
use crate::value::Extent;

/// Bytes passed over at a time.
const SKIPPED_BLOCK: usize = 64 * 1024;

/// A byte stream with the name that messages give it.
pub(super) struct Input {
    name: Arc<str>,
    bytes: ByteSource,
    live: bool,
    /// Known for an ordinary file, which can be opened again.
    mark: Option<FileMark>,
    /// Where that is, and the mark with the edges of the file once somebody has asked for a place in it.
    path: PathBuf,
    marked: OnceLock<FileMark>,
    /// Bytes of the text before what comes next.
    offset: u64,
}

/// Which bytes of a file's text are wanted.
#[derive(Clone, Copy, Default)]
pub(super) struct TextRange<'a> {
    /// Where they begin, in which file; else at the front.
    pub(super) from: Option<(&'a FileMark, &'a ByteSpot)>,
    /// Before which byte they end; not for compressed files. Else at the end.
    pub(super) until: Option<u64>,
}

impl Input {
    /// Opens a file. `name` is what the user calls it.
    pub(super) fn open(
        path: &Path,
        name: Arc<str>,
        compression: Compression,
        range: TextRange<'_>,
    ) -> Result<Self, DataError> {
        let (mut file, metadata) = open_file(path, &name)?;
        let is_file = metadata.is_file();
        let mark = is_file.then(|| FileMark::of(&metadata));
        let seen = || mark.map(|mark| mark.with_edges(&file));
        let start = range.from.map(|from| start(&name, compression, seen().as_ref(), from)).transpose()?;
        let start = start.unwrap_or_default();
        let io = |source| DataError::Io { intent: "read", path: PathBuf::from(&*name), source };
        if start.at > 0 {
            file.seek(SeekFrom::Start(start.at)).map_err(io)?;
        }
        let bytes = match (range.until, compression) {
            (None, Compression::None) => ByteSource::File(file),
            (None, _) => ByteSource::decompress(Box::new(file), &name, compression, start)?,
            (Some(until), Compression::None) => {
                ByteSource::Other(Box::new(file.take(until.saturating_sub(start.before))))
            }
            (Some(_), _) => return Err(foreign(&name)),
        };
        let (path, marked) = (path.to_path_buf(), OnceLock::new());
        let mut input = Self { name, bytes, live: !is_file, mark, path, marked, offset: start.before };
        if let Some((_, spot)) = range.from.filter(|(_, spot)| !spot.from_front) {
            input.skip(spot.offset - start.before)?;
        }
        Ok(input)
    }

    /// Standard input.
    pub(super) fn stdin(compression: Compression) -> Result<Self, DataError> {
        let name: Arc<str> = "standard input".into();
        let bytes = match compression {
            Compression::None => ByteSource::Stdin,
            _ => ByteSource::decompress(Box::new(io::stdin()), &name, compression, Member::default())?,
        };
        Ok(Self::unmarked(name, bytes, true))
    }

    /// Bytes from anywhere, as they are.
    pub(super) fn plain(source: Box<dyn Read + Send>, name: Arc<str>) -> Self {
        Self::unmarked(name, ByteSource::Other(source), false)
    }

    /// Bytes that cannot be come back to.
    fn unmarked(name: Arc<str>, bytes: ByteSource, live: bool) -> Self {
        Self { name, bytes, live, mark: None, path: PathBuf::new(), marked: OnceLock::new(), offset: 0 }
    }

    /// The name for messages.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether more bytes may take their time, so that what is there should be handed on: a pipe or a terminal.
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// Whether the bytes come out of a decompressor.
    pub(super) fn is_compressed(&self) -> bool {
        self.bytes.archive().is_some()
    }

    /// Bytes of the text before what comes next.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The file, and how to come back to a byte that was read; `None` where that is not possible. `from_front`: the
    /// text is made of the bytes in a way that depends on what stands before.
    pub(super) fn place(&self, offset: u64, line: u64, from_front: bool) -> Option<(FileMark, ByteSpot)> {
        let member = match &self.bytes {
            _ if from_front => None,
            ByteSource::Gzip(gzip) => Some(gzip.members().holding(offset)),
            ByteSource::Zstd(zstd) => Some(zstd.members().holding(offset)),
            _ => None,
        };
        let mark = self.mark?;
        let with_edges = || File::open(&self.path).map_or(mark, |file| mark.with_edges(&file));
        let mark = *self.marked.get_or_init(with_edges);
        Some((mark, ByteSpot { offset, line, member, from_front }))
    }

    /// How far the reading is in the file as it lies on the disk.
    pub(super) fn extent(&self) -> Option<Extent> {
        let done = match &self.bytes {
            ByteSource::Gzip(gzip) => gzip.packed(),
            ByteSource::Zstd(zstd) => zstd.packed(),
            _ => self.offset,
        };
        self.mark.map(|mark| Extent { done: done.min(mark.size), of: mark.size })
    }

    /// Reads once, up to about `count` bytes, to the end of `into`; 0 at the end.
    pub(super) fn read(&mut self, into: &mut Vec<u8>, count: usize) -> Result<usize, DataError> {
        self.read_with(|bytes| bytes.read_behind(into, count))
    }

    fn read_with(
        &mut self,
        mut read: impl FnMut(&mut ByteSource) -> io::Result<usize>,
    ) -> Result<usize, DataError> {
        loop {
            match read(&mut self.bytes) {
                Ok(count) => {
                    self.offset += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
    }

    /// Passes over the next `count` bytes of the text.
    fn skip(&mut self, count: u64) -> Result<(), DataError> {
        let mut block = vec![0; usize::try_from(count).unwrap_or(usize::MAX).min(SKIPPED_BLOCK)];
        let mut left = count;
        while left > 0 {
            let wanted = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            match self.read_with(|bytes| bytes.read(&mut block[..wanted]))? {
                0 => {
                    return Err(changed(
                        &self.name,
                        format!("its text ends {left} bytes before the position"),
                    ));
                }
                read => left -= read as u64,
            }
        }
        Ok(())
    }

    fn explain(&self, error: io::Error) -> DataError {
        let path = PathBuf::from(&*self.name);
        match self.bytes.archive() {
            None => DataError::Io { intent: "read", path, source: error },
            Some(archive) if error.kind() == ErrorKind::UnexpectedEof => {
                let message = format!("the {archive} data ends too early; the file is cut off");
                let source = io::Error::new(ErrorKind::UnexpectedEof, message);
                DataError::Io { intent: DECOMPRESS, path, source }
            }
            Some(_) => DataError::Io { intent: DECOMPRESS, path, source: error },
        }
    }
}

fn open_file(path: &Path, name: &str) -> Result<(File, Metadata), DataError> {
    let io = |source| DataError::Io { intent: "open", path: PathBuf::from(name), source };
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.is_dir() {
        let folder = name.trim_end_matches('/');
        return Err(DataError::Usage(format!(
            "`{name}` is a folder; read its files with a pattern such as `{folder}/*.jsonl`"
        )));
    }
    Ok((file, metadata))
}

/// Where to start reading a file so that the wanted byte comes.
fn start(
    name: &str,
    compression: Compression,
    seen: Option<&FileMark>,
    (mark, spot): (&FileMark, &ByteSpot),
) -> Result<Member, DataError> {
    let seen = seen.ok_or_else(|| changed(name, "it is no ordinary file"))?;
    mark.check(name, seen)?;
    let start = match (compression, spot.member) {
        _ if spot.from_front => return Ok(Member::default()),
        (Compression::None, None) => Member { at: spot.offset, before: spot.offset },
        (Compression::Gzip | Compression::Zstd, Some(member)) => member,
        _ => return Err(changed(name, "it is compressed in another way")),
    };
    if start.at > seen.size || start.before > spot.offset {
        return Err(changed(name, "the position lies behind its end"));
    }
    Ok(start)
}
