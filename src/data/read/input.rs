//! An input gives the bytes of one file or of standard input, decompressed on the way. The formats know what they
//! mean.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;

use crate::data::{Compression, DataError};

/// Compressed bytes read at a time.
const COMPRESSED_BLOCK: usize = 64 * 1024;

/// A byte stream with the name that messages give it.
pub(super) struct Input {
    name: Arc<str>,
    source: Box<dyn Read + Send>,
    compression: Compression,
    live: bool,
}

impl Input {
    /// Opens a file. `name` is what the user calls it.
    pub(super) fn open(path: &Path, name: Arc<str>, compression: Compression) -> Result<Self, DataError> {
        let io = |source| DataError::Io { intent: "open", path: PathBuf::from(&*name), source };
        let file = File::open(path).map_err(io)?;
        let kind = file.metadata().map_err(io)?.file_type();
        if kind.is_dir() {
            let folder = name.trim_end_matches('/');
            return Err(DataError::Usage(format!(
                "`{name}` is a folder; read its files with a pattern such as `{folder}/*.jsonl`"
            )));
        }
        Self::decode(Box::new(file), name, compression, !kind.is_file())
    }

    /// Standard input.
    pub(super) fn stdin(compression: Compression) -> Result<Self, DataError> {
        Self::decode(Box::new(io::stdin()), "standard input".into(), compression, true)
    }

    /// Bytes from anywhere, as they are.
    pub(super) fn plain(source: Box<dyn Read + Send>, name: Arc<str>) -> Self {
        Self { name, source, compression: Compression::None, live: false }
    }

    fn decode(
        source: Box<dyn Read + Send>,
        name: Arc<str>,
        compression: Compression,
        live: bool,
    ) -> Result<Self, DataError> {
        let source: Box<dyn Read + Send> = match compression {
            Compression::None => source,
            Compression::Gzip => {
                Box::new(MultiGzDecoder::new(BufReader::with_capacity(COMPRESSED_BLOCK, source)))
            }
            Compression::Zstd => {
                let buffered = BufReader::with_capacity(COMPRESSED_BLOCK, source);
                Box::new(zstd::Decoder::with_buffer(buffered).map_err(|source| DataError::Io {
                    intent: "decompress",
                    path: PathBuf::from(&*name),
                    source,
                })?)
            }
        };
        Ok(Self { name, source, compression, live })
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
        self.compression != Compression::None
    }

    /// Reads some bytes; 0 at the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        loop {
            match self.source.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
    }

    fn explain(&self, error: io::Error) -> DataError {
        let archive = match self.compression {
            Compression::None => None,
            Compression::Gzip => Some("gzip"),
            Compression::Zstd => Some("zstd"),
        };
        let path = PathBuf::from(&*self.name);
        match archive {
            None => DataError::Io { intent: "read", path, source: error },
            Some(archive) if error.kind() == ErrorKind::UnexpectedEof => {
                let message = format!("the {archive} data ends too early; the file is cut off");
                let source = io::Error::new(ErrorKind::UnexpectedEof, message);
                DataError::Io { intent: "decompress", path, source }
            }
            Some(_) => DataError::Io { intent: "decompress", path, source: error },
        }
    }
}
