//! This type keeps what a program has written so far: whoever ends the program asks for it, whatever its reader does
//! meanwhile.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::lua::host::outside::Account;
use crate::lua::host_error::HostError;
use crate::value::Mask;

/// Bytes of a stream that are read at a time, as many as a pipe holds.
const PIECE_BYTES: usize = 64 << 10;
/// Bytes at the end of standard error that an error tells: room for a traceback.
const ERR_BYTES: usize = 16 << 10;
/// The same of standard output, which is data mostly.
const OUT_BYTES: usize = 4 << 10;
/// Characters of the last line in a message.
const LINE_CHARS: usize = 200;

/// What a program has written so far.
#[derive(Debug)]
pub(super) struct Said {
    out: Mutex<Vec<u8>>,
    err: Mutex<Vec<u8>>,
    /// Whether nothing more will come.
    is_over: Mutex<bool>,
    over: Condvar,
    /// Hides secrets in what is told of it; what Lua code gets as the output is data.
    mask: Mask,
}

/// One of the streams that a program writes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

/// Why what a program writes is read no further.
pub(super) enum Trouble {
    /// It passed `max_output`.
    TooLong,
    /// It passed the memory of the step.
    Memory(HostError),
    Io(io::Error),
}

/// The ends of both streams, as text without secrets.
#[derive(Debug, Serialize)]
pub(super) struct Ends {
    stdout: String,
    stderr: String,
}

impl Said {
    pub(super) fn new(mask: Mask) -> Self {
        Self {
            out: Mutex::default(),
            err: Mutex::default(),
            is_over: Mutex::default(),
            over: Condvar::new(),
            mask,
        }
    }

    /// All of one stream so far. It stays: whoever ends the program in the same moment still asks for it.
    pub(super) fn bytes(&self, stream: Stream) -> MutexGuard<'_, Vec<u8>> {
        let bytes = match stream {
            Stream::Out => &self.out,
            Stream::Err => &self.err,
        };
        bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps all that comes from one stream.
    pub(super) async fn read(
        &self,
        stream: Stream,
        mut from: impl AsyncRead + Unpin,
        max: usize,
        account: &Account,
    ) -> Result<(), Trouble> {
        loop {
            let (read, length) = poll_fn(|context| {
                let mut bytes = self.bytes(stream);
                bytes.reserve(PIECE_BYTES);
                let read = pin!(from.read_buf(&mut *bytes)).poll(context);
                read.map_ok(|read| (read, bytes.len()))
            })
            .await
            .map_err(Trouble::Io)?;
            if read == 0 {
                return Ok(());
            }
            if length > max {
                return Err(Trouble::TooLong);
            }
            account.take(read).map_err(Trouble::Memory)?;
        }
    }

    /// Says, when it is dropped, that nothing more will come.
    pub(super) fn until_over(&self) -> UntilOver<'_> {
        UntilOver(self)
    }

    /// How both end when nothing more comes, or after this time: what an ended program has written may still be on its way.
    pub(super) fn last(&self, patience: Duration) -> Ends {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.over.wait_timeout_while(is_over, patience, |is_over| !*is_over));
        self.ends()
    }

    /// How both end so far.
    pub(super) fn ends(&self) -> Ends {
        Ends {
            stdout: end(&self.bytes(Stream::Out), OUT_BYTES, &self.mask),
            stderr: end(&self.bytes(Stream::Err), ERR_BYTES, &self.mask),
        }
    }
}

/// A program whose output is being read.
pub(super) struct UntilOver<'a>(&'a Said);

impl Drop for UntilOver<'_> {
    fn drop(&mut self) {
        *self.0.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.over.notify_all();
    }
}

impl Ends {
    /// The fields of an error.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("two strings are JSON")
    }

    /// The same, unless nothing was written.
    pub(super) fn some(&self) -> Option<String> {
        (!self.stdout.is_empty() || !self.stderr.is_empty()).then(|| self.json())
    }

    /// The last thing that was said on standard error.
    pub(super) fn last_line(&self) -> Option<String> {
        let line = self.stderr.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        Some(match line.char_indices().nth(LINE_CHARS) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line.to_owned(),
        })
    }
}

/// The last bytes as text. Secrets are hidden before anything is cut off: half of one would not be found any more.
fn end(bytes: &[u8], max: usize, mask: &Mask) -> String {
    // A secret may begin before what is shown, but hardly this long before it.
    let from = bytes.len().saturating_sub(max * 4);
    let text = mask.owned(String::from_utf8_lossy(&bytes[from..]).into_owned());
    if text.len() <= max && from == 0 {
        return text;
    }
    let least = text.len().saturating_sub(max);
    let start = (least..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("…{}", &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stderr: &str, mask: Mask, expect: impl Fn(&Ends)) {
        let said = Said::new(mask);
        said.err.lock().expect("ours").extend_from_slice(stderr.as_bytes());
        expect(&said.ends());
    }

    #[test]
    fn the_end_is_told_with_its_last_line() {
        check("one\ntwo  \n\n", Mask::default(), |ends| {
            assert_eq!(ends.json(), r#"{"stdout":"","stderr":"one\ntwo  \n\n"}"#);
            assert_eq!(ends.last_line().as_deref(), Some("two"));
        });
        check("", Mask::default(), |ends| assert_eq!((ends.some(), ends.last_line()), (None, None)));
        check(&"ä".repeat(40_000), Mask::default(), |ends| {
            assert_eq!(ends.stderr.trim_matches('ä'), "…");
            assert_eq!((ends.stderr.len() - '…'.len_utf8()) / 2, ERR_BYTES / 2);
            assert_eq!(ends.last_line().map(|line| line.chars().count()), Some(LINE_CHARS + 1));
        });
    }

    #[test]
    fn a_secret_at_the_cut_is_hidden() {
        let secret = "s3cret".repeat(10);
        for before in ERR_BYTES - 70..ERR_BYTES + 10 {
            let mask = Mask::new(std::iter::once(secret.as_str()));
            check(&format!("x{secret}{}", "y".repeat(before)), mask, |ends| {
                assert!(!ends.stderr.contains("s3cret"), "{before}");
            });
        }
    }
}
