//! This module says in words what is wrong with the certificate of a server, and what helps.

use std::error::Error;

use rustls::{CertificateError, Error as TlsError};

/// What helps where nobody who is trusted has signed.
const TRUST: &str = "name the PEM file of the authority that signed it in the option `ca`, or in the environment variable \
                     SSL_CERT_FILE";

/// What is wrong with the certificate of the server, if that is the cause of an error.
pub(super) fn complaint(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(TlsError::InvalidCertificate(error)) = tls(error) {
            return Some(words(error));
        }
        cause = error.source();
    }
    None
}

/// An error of TLS, also one within errors of input and output, which do not name what they wrap as their source.
fn tls<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a TlsError> {
    let wrapped = || tls(error.downcast_ref::<std::io::Error>()?.get_ref()?);
    error.downcast_ref().or_else(wrapped)
}

fn words(error: &CertificateError) -> String {
    match error {
        // The last two are said where another authority is trusted that has the same name.
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            format!("its certificate is signed by itself or by an authority that is not trusted; {TRUST}")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; the server needs a new one".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; compare the clocks of both machines".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for other names (subjectAltName) than the host that was asked; ask by one of them".to_owned()
        }
        CertificateError::Revoked => "its certificate was revoked; the server needs a new one".to_owned(),
        // What the library for certificates says beside those has no type of its own.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            format!(
                "its certificate is one of an authority (CA:TRUE), as `openssl req -x509` makes it; make one for servers, with \
                 `-addext basicConstraints=critical,CA:FALSE`, and {TRUST}"
            )
        }
        other => format!("its certificate is not accepted: {other}"),
    }
}
