//! This module takes a zstd archive apart, frame by frame, and notes where each begins. A frame asks for memory: a window of
//! what came before.

use std::io::{self, BufReader, Read};

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer, WriteBuf};
use zstd::stream::zio;

use crate::data::Member;
use crate::data::read::members::Members;

/// The largest window that is read, as a power of two: what `zstd --long=31` makes. It takes no more memory than the text has
/// been long.
const WINDOW_LOG_MAX: u32 = if cfg!(target_pointer_width = "64") { 31 } else { 30 };

/// What frames begin with, and those that readers skip.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// The last four bits of the first byte may be any.
const SKIPPED_MAGIC: [u8; 4] = [0x50, 0x2A, 0x4D, 0x18];

/// Bytes at the beginning of a frame that tell its window.
const HEADER_BYTES: usize = 6;

/// The text of all frames, one after the other.
pub(super) struct ZstdFrames {
    decoder: zio::Reader<BufReader<Box<dyn Read + Send>>, NotingDecoder>,
    frames: Members,
    packed: u64,
}

/// The decoder of frames, which counts what goes in and comes out.
struct NotingDecoder {
    decoder: Decoder<'static>,
    /// Frames that have begun since somebody last looked.
    begun: Vec<Member>,
    /// Bytes of the file and of the text so far.
    reached: Member,
    /// How the frame at hand begins, and where in the file.
    header: Vec<u8>,
    frame: u64,
}

impl ZstdFrames {
    /// Reads an archive whose next byte begins this frame.
    pub(super) fn new(bytes: BufReader<Box<dyn Read + Send>>, first: Member) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        let header = Vec::with_capacity(HEADER_BYTES);
        let decoder = NotingDecoder { decoder, begun: Vec::new(), reached: first, header, frame: first.at };
        Ok(Self { decoder: zio::Reader::new(bytes, decoder), frames: Members::new(first), packed: first.at })
    }

    /// Bytes of the archive that were taken.
    pub(super) fn packed(&self) -> u64 {
        self.packed
    }

    /// The frames that were seen.
    pub(super) fn members(&self) -> &Members {
        &self.frames
    }
}

impl Read for ZstdFrames {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(out);
        let noted = self.decoder.operation_mut();
        self.packed = noted.reached.at;
        for frame in noted.begun.drain(..) {
            self.frames.note(frame);
        }
        read
    }
}

impl Operation for NotingDecoder {
    fn run<C: WriteBuf + ?Sized>(
        &mut self,
        input: &mut InBuffer<'_>,
        output: &mut OutBuffer<'_, C>,
    ) -> io::Result<usize> {
        let (taken, given) = (input.pos(), output.pos());
        let hint = self.decoder.run(input, output);
        // Of a frame that is refused, the decoder does not say that it took its header.
        let seen = &input.src[taken..];
        self.header.extend(seen.iter().take(HEADER_BYTES - self.header.len()));
        let hint = hint.map_err(|error| self.explain(error))?;
        self.reached.at += (input.pos() - taken) as u64;
        self.reached.before += (output.pos() - given) as u64;
        Ok(hint)
    }

    fn flush<C: WriteBuf + ?Sized>(&mut self, output: &mut OutBuffer<'_, C>) -> io::Result<usize> {
        self.decoder.flush(output)
    }

    /// One frame has ended, and there are bytes behind it.
    fn reinit(&mut self) -> io::Result<()> {
        self.begun.push(self.reached);
        self.frame = self.reached.at;
        self.header.clear();
        self.decoder.reinit()
    }

    fn finish<C: WriteBuf + ?Sized>(
        &mut self,
        output: &mut OutBuffer<'_, C>,
        finished_frame: bool,
    ) -> io::Result<usize> {
        // Fewer bytes than a frame begins with are not refused before the end.
        if !finished_frame && let Some(why) = self.no_frame() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        self.decoder.finish(output, finished_frame)
    }
}

impl NotingDecoder {
    /// Says what the decoder does not about an error of its own.
    fn explain(&self, error: io::Error) -> io::Error {
        match self.no_frame() {
            Some(why) => io::Error::new(error.kind(), why),
            None => explain(error, &self.header),
        }
    }

    /// What is said of bytes behind a frame that begin no other one.
    fn no_frame(&self) -> Option<String> {
        let at = self.frame;
        let start = &self.header[..self.header.len().min(MAGIC.len())];
        let (first, rest) = start.split_first()?;
        let is_skipped = first & 0xF0 == SKIPPED_MAGIC[0] && SKIPPED_MAGIC[1..].starts_with(rest);
        if at == 0 || is_skipped || MAGIC.starts_with(start) {
            return None;
        }
        let what =
            if self.header.iter().all(|byte| *byte == 0) { "zeros stand" } else { "something else stands" };
        Some(format!(
            "{what} behind the last frame, which no zstd reader takes; the first {at} bytes of the file are whole, `head -c {at}` keeps them"
        ))
    }
}

/// Says which window a frame asks for that is refused because of it.
fn explain(error: io::Error, header: &[u8]) -> io::Error {
    let text = error.to_string();
    let window = window(header).filter(|_| text.to_lowercase().contains("memory"));
    let Some(window) = window else { return error };
    let most = 1_u64 << WINDOW_LOG_MAX;
    let mebibytes = window >> 20;
    let why = if window > most {
        format!("the most that is read is {} MiB", most >> 20)
    } else {
        "there is not so much memory".to_owned()
    };
    let way_out = "pack it with a smaller one, `zstd --long=27` say";
    io::Error::new(
        error.kind(),
        format!("a frame asks for a window of {mebibytes} MiB, and {why}; {way_out} ({text})"),
    )
}

/// The window that a frame asks for, by its first bytes; `None` where these do not tell.
fn window(header: &[u8]) -> Option<u64> {
    let [0x28, 0xB5, 0x2F, 0xFD, descriptor, window] = header else { return None };
    let is_single_segment = descriptor & 0x20 != 0;
    let base = 1_u64.checked_shl(10 + u32::from(window >> 3))?;
    (!is_single_segment).then(|| base + base / 8 * u64::from(window & 7))
}
