//! This module takes a zstd archive apart, frame by frame, and notes where each begins.

use std::io::{self, BufReader, Read};

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer, WriteBuf};
use zstd::stream::zio;

use crate::data::Member;
use crate::data::read::members::Members;

/// The text of all frames, one after the other.
pub(super) struct ZstdFrames {
    decoder: zio::Reader<BufReader<Box<dyn Read + Send>>, NotingDecoder>,
    frames: Members,
}

/// The decoder of frames, which counts what goes in and comes out.
struct NotingDecoder {
    decoder: Decoder<'static>,
    /// Frames that have begun since somebody last looked.
    begun: Vec<Member>,
    /// Bytes of the file and of the text so far.
    reached: Member,
}

impl ZstdFrames {
    /// Reads an archive whose next byte begins this frame.
    pub(super) fn new(bytes: BufReader<Box<dyn Read + Send>>, first: Member) -> io::Result<Self> {
        let decoder = NotingDecoder { decoder: Decoder::new()?, begun: Vec::new(), reached: first };
        Ok(Self { decoder: zio::Reader::new(bytes, decoder), frames: Members::new(first) })
    }

    /// The frames that were seen.
    pub(super) fn members(&self) -> &Members {
        &self.frames
    }
}

impl Read for ZstdFrames {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(out);
        for frame in self.decoder.operation_mut().begun.drain(..) {
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
        let hint = self.decoder.run(input, output)?;
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
