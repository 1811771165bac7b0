//! This module writes WebP files, with and without loss.
//!
//! What libwebp writes is smaller by up to half than what the small encoder writes that large pictures get without loss:
//! libwebp would take some seconds for them, and some fifty bytes for each pixel.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use ::image::codecs::webp::WebPEncoder;
use ::image::{ExtendedColorType, ImageEncoder};
use mlua::Error;
use webp::{Encoder, PixelLayout, WebPConfig};

use super::picture::{Layout, Size};
use crate::lua::host::call::Call;

/// Pixels up to which libwebp writes without loss: a second or two. What is written depends on the picture alone, not on
/// how much time or memory there is.
const WITHOUT_LOSS_MAX: usize = 1 << 21;
/// What libwebp holds for each pixel meanwhile, measured on noise, which takes the most.
const WITHOUT_LOSS_BYTES: usize = 48;
const WITH_LOSS_BYTES: usize = 16;
/// Effort, as other programs have it: more takes longer for a percent or two.
const METHOD: i32 = 4;
const EFFORT: f32 = 80.0;

/// How often there is a look at the deadline.
const LOOK: Duration = Duration::from_millis(5);

/// Bits of the head of an extended file: it has a profile, it has transparency.
const HAS_PROFILE: u8 = 0x20;
const HAS_ALPHA: u8 = 0x10;

/// A picture for such a file, RGB or RGBA.
#[derive(Clone, Copy)]
pub(super) struct WebpFile<'a> {
    pub(super) size: Size,
    pub(super) layout: Layout,
    pub(super) pixels: &'a [u8],
    /// From 1 to 100; `None`: without loss.
    pub(super) quality: Option<u8>,
    pub(super) icc: &'a [u8],
}

impl WebpFile<'_> {
    /// The bytes of the file.
    pub(super) fn bytes(self, call: &Call<'_>) -> mlua::Result<Vec<u8>> {
        let bytes = if self.quality.is_none() && self.count() > WITHOUT_LOSS_MAX {
            self.large(call)
        } else {
            self.small(call)
        }?;
        Ok(if self.icc.is_empty() { bytes } else { self.with_profile(&bytes) })
    }

    fn count(self) -> usize {
        self.size.width as usize * self.size.height as usize
    }

    /// What the small encoder makes of it.
    fn large(self, call: &Call<'_>) -> mlua::Result<Vec<u8>> {
        // A copy with four parts for each pixel.
        let _claim = call.claim(self.count().saturating_mul(4))?;
        let color =
            if self.layout == Layout::Rgba { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
        let mut bytes = Vec::new();
        let encoder = WebPEncoder::new_lossless(&mut bytes);
        let done = encoder.write_image(self.pixels, self.size.width, self.size.height, color);
        done.map_err(|error| cannot(call, &error.to_string()))?;
        Ok(bytes)
    }

    /// What libwebp makes of it, on a thread of its own: it does not stop at a deadline. The memory counts until it is through.
    fn small(self, call: &Call<'_>) -> mlua::Result<Vec<u8>> {
        let each = if self.quality.is_some() { WITH_LOSS_BYTES } else { WITHOUT_LOSS_BYTES };
        let held = self.count().saturating_mul(each).saturating_add(self.pixels.len());
        drop(call.claim(held)?);
        let account = call.account()?;
        account.take(held)?;
        let (pixels, size, layout, quality) =
            (Arc::<[u8]>::from(self.pixels), self.size, self.layout, self.quality);
        let (sender, receiver) = channel();
        let work = move || {
            let _account = account;
            // Nobody may be waiting any more.
            let _ = sender.send(encoded(&pixels, size, layout, quality));
        };
        let started = std::thread::Builder::new().name("webp".to_owned()).spawn(work);
        started.map_err(|error| cannot(call, &error.to_string()))?;
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(done) => return done.map_err(|why| cannot(call, &why)),
                Err(RecvTimeoutError::Timeout) => {
                    call.end_when_due()?;
                    call.checkpoint()?;
                }
                Err(RecvTimeoutError::Disconnected) => return Err(cannot(call, "the encoder broke down")),
            }
        }
    }

    /// The file with the profile, which only the extended form has room for.
    fn with_profile(self, file: &[u8]) -> Vec<u8> {
        let mut chunks = file.get(12..).unwrap_or_default();
        let mut flags = HAS_PROFILE;
        if self.layout == Layout::Rgba {
            flags |= HAS_ALPHA;
        }
        if let Some(rest) = chunks.strip_prefix(b"VP8X") {
            // It is extended already, for its transparency.
            chunks = rest.get(14..).unwrap_or_default();
        }
        let less = |length: u32| (length - 1).to_le_bytes();
        let ([w0, w1, w2, _], [h0, h1, h2, _]) = (less(self.size.width), less(self.size.height));
        let mut out = b"RIFF\0\0\0\0WEBP".to_vec();
        chunk(&mut out, *b"VP8X", &[flags, 0, 0, 0, w0, w1, w2, h0, h1, h2]);
        chunk(&mut out, *b"ICCP", self.icc);
        out.extend_from_slice(chunks);
        let len = u32::try_from(out.len() - 8).unwrap_or(u32::MAX).to_le_bytes();
        out[4..8].copy_from_slice(&len);
        out
    }
}

fn chunk(out: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    out.extend_from_slice(&name);
    out.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(content);
    // Each begins at an even byte.
    if content.len() % 2 == 1 {
        out.push(0);
    }
}

fn encoded(pixels: &[u8], size: Size, layout: Layout, quality: Option<u8>) -> Result<Vec<u8>, String> {
    let mut config = WebPConfig::new().map_err(|()| "the encoder is of another version".to_owned())?;
    config.method = METHOD;
    config.lossless = i32::from(quality.is_none());
    config.quality = quality.map_or(EFFORT, f32::from);
    // Colours that nobody sees are colours.
    config.exact = 1;
    let layout = if layout == Layout::Rgba { PixelLayout::Rgba } else { PixelLayout::Rgb };
    let encoder = Encoder::new(pixels, layout, size.width, size.height);
    match encoder.encode_advanced(&config) {
        Ok(file) => Ok(file.to_vec()),
        Err(error) => Err(format!("{error:?}")),
    }
}

fn cannot(call: &Call<'_>, why: &str) -> Error {
    call.refuse(&format!("cannot write a webp file: {why}"))
}
