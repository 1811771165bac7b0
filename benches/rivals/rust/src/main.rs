//! This is the hand-written Rust that flowrun is measured against, the generator of the input files and the checker of the
//! outputs. Uses nothing of flowrun; `benches/run.sh` drives it.

mod check;
mod generate;
mod serve;
mod stream;
mod work;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use work::Work;

const USAGE: &str = "usage:
  rival gen KIND LINES OUT                      write a deterministic input file; kinds: records text numeric wide orders
                                                matched customers calls
  rival value|typed records|text|numeric IN OUT [WORKERS]
                                                do the work on `serde_json::Value` or on typed structs
  rival typed filter|wide IN OUT [WORKERS]      the same, for what is written on typed structs alone
  rival serve MILLISECONDS                      answer HTTP requests on loopback after a pause
  rival check A B                               compare two JSONL files, line by line, as values
  rival check-sets A B                          the same, whatever the order of their lines";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when even standard error is closed.
            let _ = writeln!(io::stderr(), "rival: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), Box<dyn Error + Send + Sync>> {
    match words {
        ["gen", kind, lines, out] => generate::file(kind, lines.parse()?, out),
        ["serve", milliseconds] => serve::forever(milliseconds.parse()?),
        ["check", left, right] => check::files(left, right),
        ["check-sets", left, right] => check::sets(left, right),
        [model, kind, input, output] => process(model, kind, input, output, 2),
        [model, kind, input, output, workers] => process(model, kind, input, output, workers.parse()?),
        _ => Err(USAGE.into()),
    }
}

fn process(
    model: &str,
    kind: &str,
    input: &str,
    output: &str,
    workers: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let work: Work = work::find(model, kind).ok_or(USAGE)?;
    stream::run(work, input, output, workers)
}
