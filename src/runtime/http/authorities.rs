//! Authorities are certificates that a request trusts beside those that the system does.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use reqwest::Certificate;

/// One or more certificates of a PEM file.
#[derive(Clone)]
pub struct Authorities {
    /// What they were read from; two that are equal are the same.
    pem: Arc<[u8]>,
    certificates: Arc<[Certificate]>,
}

impl Authorities {
    /// The certificates of a file.
    ///
    /// # Errors
    /// Fails when there is none, or one of them cannot be read.
    pub fn read(pem: &[u8]) -> Result<Self, &'static str> {
        let certificates =
            Certificate::from_pem_bundle(pem).map_err(|_| "there is one that cannot be read")?;
        if certificates.is_empty() {
            return Err("there is none: `-----BEGIN CERTIFICATE-----` begins one");
        }
        Ok(Self { pem: pem.into(), certificates: certificates.into() })
    }

    /// Each of them.
    pub(super) fn certificates(&self) -> impl Iterator<Item = Certificate> {
        self.certificates.iter().cloned()
    }
}

impl PartialEq for Authorities {
    fn eq(&self, other: &Self) -> bool {
        self.pem == other.pem
    }
}

impl Eq for Authorities {}

impl Hash for Authorities {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pem.hash(state);
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorities").field("certificates", &self.certificates.len()).finish_non_exhaustive()
    }
}
