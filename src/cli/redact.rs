//! This module keeps the secrets of the pipeline files that were read out of the messages of the process. Engine and
//! store hide those of their run themselves; this is for the messages of the command line, diagnostics and panics
//! above all.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use crate::value::Mask;

/// One of each pipeline file with secrets.
static MASKS: RwLock<Vec<Mask>> = RwLock::new(Vec::new());

/// From now on these secrets are hidden as well.
pub(super) fn keep(mask: &Mask) {
    if !mask.is_empty() {
        MASKS.write().unwrap_or_else(PoisonError::into_inner).push(mask.clone());
    }
}

/// The text without secrets.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    all(text, Mask::owned)
}

/// The text without secrets. JSON stays JSON.
pub(super) fn json(text: &str) -> Cow<'_, str> {
    all(text, |mask, text| mask.json(&text).into_owned())
}

fn all(text: &str, hide: impl Fn(&Mask, String) -> String) -> Cow<'_, str> {
    let masks = MASKS.read().unwrap_or_else(PoisonError::into_inner);
    if masks.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(masks.iter().fold(text.to_owned(), |text, mask| hide(mask, text)))
}
