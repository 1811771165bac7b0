//! Rules are what whoever asks has a say in while a request is under way.

use std::fmt;
use std::pin::Pin;

use url::Url;

/// What whoever asks has a say in.
pub struct Rules<'a, E> {
    /// Says whether a URL may be asked for: the first one, and each that a redirect leads to.
    pub permit: &'a (dyn Fn(&Url) -> Result<(), E> + Sync),
    /// Counts bytes of the answer before they are kept.
    pub count: &'a (dyn Fn(usize) -> Result<(), E> + Sync),
    /// Takes the body of an answer that is good, piece by piece, where the answer is not to have it itself.
    pub keep: Option<&'a Keep<'a, E>>,
    /// Waits until a request may be sent: the first one, and each that follows a redirect.
    pub admit: &'a (dyn Fn() -> Admission<'a> + Sync),
}

/// Takes a piece of a body.
pub type Keep<'a, E> = dyn Fn(&[u8]) -> Result<(), E> + Sync + 'a;

/// A wait for being admitted.
pub type Admission<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl<E> fmt::Debug for Rules<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").finish_non_exhaustive()
    }
}
