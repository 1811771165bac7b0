//! This module compresses and unpacks with gzip and zstd, piece by piece, so that neither time nor memory runs away.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use mlua::Value;
use zstd::stream::{read, write};

use crate::lua::host::call::Call;

use super::piece::PIECE_BYTES;

/// The largest window that zstd's own tool unpacks without being asked: 128 MB.
const WINDOW_LOG_MAX: u32 = 27;

/// `codec.gzip.encode`
pub(super) fn gzip(call: &Call<'_>, (s, level): &(Value, Value)) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    let level = self::level(call, level, 0..=9, 6)?;
    call.build(|out| {
        let mut encoder = GzEncoder::new(out, Compression::new(level.unsigned_abs()));
        pour(call, &bytes, &mut encoder)?;
        encoder.finish().map(drop).map_err(|error| failed(call, &error))
    })
}

/// `codec.gzip.decode`
pub(super) fn gunzip(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    unpack(call, MultiGzDecoder::new(&*bytes))
}

/// `codec.zstd.encode`
pub(super) fn zstd(call: &Call<'_>, (s, level): &(Value, Value)) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    let level = self::level(call, level, 1..=19, 3)?;
    let _claim = call.claim(tables(level, bytes.len()))?;
    call.build(|out| {
        let mut encoder = write::Encoder::new(out, level).map_err(|error| failed(call, &error))?;
        encoder.set_pledged_src_size(Some(bytes.len() as u64)).map_err(|error| failed(call, &error))?;
        pour(call, &bytes, &mut encoder)?;
        encoder.finish().map(drop).map_err(|error| failed(call, &error))
    })
}

/// `codec.zstd.decode`
pub(super) fn unzstd(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    let mut decoder = read::Decoder::with_buffer(&*bytes).map_err(|error| failed(call, &error))?;
    // The window is allocated as the frame asks for it.
    let window_log = call.room()?.max(1).ilog2().min(WINDOW_LOG_MAX);
    decoder.window_log_max(window_log).map_err(|error| failed(call, &error))?;
    let unpacked = unpack(call, decoder);
    if window_log < WINDOW_LOG_MAX && unpacked.as_ref().is_err_and(is_too_large) {
        return Err(call.too_much().into());
    }
    unpacked
}

/// Whether a frame asks for a larger window than is allowed.
fn is_too_large(error: &mlua::Error) -> bool {
    error.to_string().contains("requires too much memory")
}

/// What packing takes beside the result: the tables of a level, which are smaller for small inputs.
fn tables(level: i32, len: usize) -> usize {
    let most = match level {
        ..=9 => 24 << 20,
        10..=15 => 64 << 20,
        _ => 112 << 20,
    };
    most.min(len.saturating_mul(16))
}

fn level(
    call: &Call<'_>,
    level: &Value,
    allowed: std::ops::RangeInclusive<i32>,
    default: i32,
) -> mlua::Result<i32> {
    let Some(level) = call.optional_integer(2, level)? else { return Ok(default) };
    i32::try_from(level).ok().filter(|level| allowed.contains(level)).ok_or_else(|| {
        let (low, high) = (allowed.start(), allowed.end());
        call.bad_because(2, &format!("a level from {low} to {high} expected, got {level}"))
    })
}

fn pour(call: &Call<'_>, bytes: &[u8], into: &mut impl Write) -> mlua::Result<()> {
    for piece in bytes.chunks(PIECE_BYTES) {
        into.write_all(piece).map_err(|error| failed(call, &error))?;
        call.checkpoint()?;
    }
    Ok(())
}

fn unpack(call: &Call<'_>, mut from: impl Read) -> mlua::Result<Value> {
    let mut piece = vec![0; PIECE_BYTES];
    call.build(|out| {
        loop {
            match from.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(len) => {
                    call.room_for(out.len() + len)?;
                    out.extend_from_slice(&piece[..len]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(call, &error)),
            }
            call.checkpoint()?;
        }
    })
}

fn failed(call: &Call<'_>, error: &io::Error) -> mlua::Error {
    call.fail(&format!("failed: {error}"))
}
