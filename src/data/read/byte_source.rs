//! A byte source is what the bytes of an input come from: a file, standard input, or what decompresses either. It reads
//! into buffers that nobody has filled before where the system does the reading.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use rustix::buffer::spare_capacity;
use rustix::fd::AsFd;
use rustix::io::Errno;

use super::gzip_members::GzipMembers;
use super::zstd_frames::ZstdFrames;
use crate::data::error::DECOMPRESS;
use crate::data::{Compression, DataError, Member};

/// Compressed bytes read at a time.
const COMPRESSED_BLOCK: usize = 64 * 1024;

/// Where bytes come from.
pub(super) enum ByteSource {
    File(File),
    Stdin,
    Other(Box<dyn Read + Send>),
    Gzip(Box<GzipMembers>),
    Zstd(Box<ZstdFrames>),
}

impl ByteSource {
    /// What decompresses these bytes, of which `start` is the first.
    pub(super) fn decompress(
        bytes: Box<dyn Read + Send>,
        name: &str,
        compression: Compression,
        start: Member,
    ) -> Result<Self, DataError> {
        let buffered = |bytes| BufReader::with_capacity(COMPRESSED_BLOCK, bytes);
        Ok(match compression {
            Compression::None => Self::Other(bytes),
            Compression::Gzip => Self::Gzip(Box::new(GzipMembers::new(buffered(bytes), start))),
            Compression::Zstd => {
                let io = |source| DataError::Io { intent: DECOMPRESS, path: PathBuf::from(name), source };
                Self::Zstd(Box::new(ZstdFrames::new(buffered(bytes), start).map_err(io)?))
            }
        })
    }

    /// What it decompresses; `None`, if it does not.
    pub(super) fn archive(&self) -> Option<&'static str> {
        match self {
            Self::File(_) | Self::Stdin | Self::Other(_) => None,
            Self::Gzip(_) => Some("gzip"),
            Self::Zstd(_) => Some("zstd"),
        }
    }

    /// Reads once, up to about `count` bytes, to the end of `bytes`; 0 at the end.
    pub(super) fn read_behind(&mut self, bytes: &mut Vec<u8>, count: usize) -> io::Result<usize> {
        bytes.reserve_exact(count);
        // A buffer that was used for more is not filled as a whole: most of what it would hold would be copied again.
        let fits = bytes.spare_capacity_mut().len() <= count + count / 2;
        match self {
            Self::File(file) if fits => Ok(rustix::io::read(file.as_fd(), spare_capacity(bytes))?),
            Self::Stdin if fits => match rustix::io::read(rustix::stdio::stdin(), spare_capacity(bytes)) {
                // It is closed.
                Err(Errno::BADF) => Ok(0),
                read => Ok(read?),
            },
            source => {
                let old = bytes.len();
                bytes.resize(old + count, 0);
                let read = source.read(&mut bytes[old..]);
                bytes.truncate(old + *read.as_ref().unwrap_or(&0));
                read
            }
        }
    }
}

impl Read for ByteSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stdin => io::stdin().read(buffer),
            Self::Other(bytes) => bytes.read(buffer),
            Self::Gzip(gzip) => gzip.read(buffer),
            Self::Zstd(zstd) => zstd.read(buffer),
        }
    }
}
