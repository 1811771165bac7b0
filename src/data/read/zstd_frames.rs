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
    /// How the frame at hand begins.
    header: Vec<u8>,
}

impl ZstdFrames {
    /// Reads an archive whose next byte begins this frame.
    pub(super) fn new(bytes: BufReader<Box<dyn Read + Send>>, first: Member) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        let header = Vec::with_capacity(HEADER_BYTES);
        let decoder = NotingDecoder { decoder, begun: Vec::new(), reached: first, header };
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
        let hint = hint.map_err(|error| explain(error, &self.header))?;
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
        self.header.clear();
        self.decoder.reinit()
    }

    fn finish<C: WriteBuf + ?Sized>(
        &mut self,
        output: &mut OutBuffer<'_, C>,
        finished_frame: bool,
    ) -> io::Result<usize> {
        self.decoder.finish(output, finished_frame)
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
