//! This module takes a gzip archive apart, member by member, and notes where each begins. Zeros behind the last one, with which
//! tapes and some stores fill their blocks, are no member.

use std::io::{self, BufRead, BufReader, Read};
use std::mem;

use flate2::bufread::GzDecoder;

use crate::data::Member;
use crate::data::read::members::Members;

/// The text of all members, one after the other.
pub(in crate::data) struct GzipMembers {
    decoder: GzDecoder<Packed>,
    members: Members,
    /// Bytes of text before what comes next.
    offset: u64,
    ended: bool,
    /// Whether zeros follow the last member.
    is_padded: bool,
}

/// The bytes of the archive, counted. There are none only while the decoder is prepared for its next member.
#[derive(Default)]
struct Packed {
    bytes: Option<BufReader<Box<dyn Read + Send>>>,
    /// Bytes of the file before the next one.
    at: u64,
}

impl GzipMembers {
    /// Reads an archive whose next byte begins this member.
    pub(in crate::data) fn new(bytes: BufReader<Box<dyn Read + Send>>, first: Member) -> Self {
        let decoder = GzDecoder::new(Packed { bytes: Some(bytes), at: first.at });
        Self { decoder, members: Members::new(first), offset: first.before, ended: false, is_padded: false }
    }

    /// The members that were seen.
    pub(super) fn members(&self) -> &Members {
        &self.members
    }

    /// Bytes of the archive that were taken.
    pub(super) fn packed(&self) -> u64 {
        self.decoder.get_ref().at
    }

    /// Whether zeros follow the last member, as far as it was read.
    pub(in crate::data) fn is_padded(&self) -> bool {
        self.is_padded
    }

    /// Passes over zeros behind a member; `true` at the end.
    fn has_ended(&mut self) -> io::Result<bool> {
        let end = self.packed();
        let ended = self.decoder.get_mut().skip_zeros()?;
        self.is_padded = ended && self.packed() > end;
        Ok(ended)
    }

    fn next_member(&mut self) {
        let packed = mem::take(self.decoder.get_mut());
        self.members.note(Member { at: packed.at, before: self.offset });
        self.decoder.reset(packed);
    }
}

impl Read for GzipMembers {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended {
            match self.decoder.read(out) {
                Ok(0) if out.is_empty() => return Ok(0),
                Ok(0) if self.has_ended()? => self.ended = true,
                Ok(0) => self.next_member(),
                Ok(count) => {
                    self.offset += count as u64;
                    return Ok(count);
                }
                Err(error) => {
                    // An interrupted call is made again, and all other errors are final.
                    self.ended = error.kind() != io::ErrorKind::Interrupted;
                    return Err(error);
                }
            }
        }
        Ok(0)
    }
}

impl Packed {
    /// Passes over zeros; `true` at the end.
    fn skip_zeros(&mut self) -> io::Result<bool> {
        loop {
            let block = self.fill_buf()?;
            let (zeros, len) = (block.iter().take_while(|byte| **byte == 0).count(), block.len());
            self.consume(zeros);
            if zeros < len || len == 0 {
                return Ok(len == 0);
            }
        }
    }
}

impl Read for Packed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.as_mut().map_or(Ok(0), |bytes| bytes.read(out))?;
        self.at += count as u64;
        Ok(count)
    }
}

impl BufRead for Packed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes.as_mut().map_or(Ok(&[]), BufRead::fill_buf)
    }

    fn consume(&mut self, count: usize) {
        if let Some(bytes) = &mut self.bytes {
            bytes.consume(count);
            self.at += count as u64;
        }
    }
}
