//! This module sends chunks of lines through a rayon pool to a file in input order: what a careful programmer writes by hand. The buffers
//! go round in a ring, which bounds the memory.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::work::Work;

const CHUNK_BYTES: usize = 256 * 1024;

/// The text of whole lines, and the results.
#[derive(Default)]
struct Buffers {
    input: Vec<u8>,
    output: Vec<u8>,
}

type Done = (u64, Buffers, Result<(), serde_json::Error>);

pub(crate) fn run(
    work: Work,
    input: &str,
    output: &str,
    workers: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut source = File::open(input)?;
    let target = File::create(output)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build()?;
    let ring = 4 * workers;
    let (free, spare) = bounded(ring);
    let (done, arrived) = bounded::<Done>(ring);
    for _ in 0..ring {
        free.send(Buffers::default())?;
    }
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || write(target, &arrived, &free));
        let read = read(&mut source, &spare, |sequence, mut buffers| {
            let done = done.clone();
            pool.spawn(move || {
                let result = process(work, &mut buffers);
                // The writer has gone only after an error, which it reports itself.
                let _ = done.send((sequence, buffers, result));
            });
        });
        drop(done);
        writer.join().map_err(|_| "the writer panicked")??;
        Ok(read?)
    })
}

fn read(
    source: &mut impl Read,
    spare: &Receiver<Buffers>,
    mut hand_on: impl FnMut(u64, Buffers),
) -> io::Result<()> {
    let mut rest = Vec::new();
    for sequence in 0.. {
        let Ok(mut buffers) = spare.recv() else { break };
        buffers.input.clear();
        buffers.input.append(&mut rest);
        let read = source.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut buffers.input)?;
        if read == 0 && buffers.input.is_empty() {
            break;
        }
        if read > 0 {
            let end = memchr::memrchr(b'\n', &buffers.input).map_or(0, |at| at + 1);
            rest.extend_from_slice(&buffers.input[end..]);
            buffers.input.truncate(end);
        }
        hand_on(sequence, buffers);
    }
    Ok(())
}

fn process(work: Work, buffers: &mut Buffers) -> Result<(), serde_json::Error> {
    buffers.output.clear();
    let lines = buffers.input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    for line in lines {
        work(line, &mut buffers.output)?;
    }
    Ok(())
}

fn write(
    mut target: File,
    arrived: &Receiver<Done>,
    free: &Sender<Buffers>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (sequence, buffers, result) in arrived {
        result?;
        early.insert(sequence, buffers);
        while let Some(buffers) = early.remove(&next) {
            target.write_all(&buffers.output)?;
            next += 1;
            // The reader has gone when it has read everything.
            let _ = free.send(buffers);
        }
    }
    Ok(())
}
