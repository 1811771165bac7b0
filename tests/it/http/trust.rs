//! These tests cover servers that speak TLS with certificates of their own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::project::Project;

/// As `openssl req -x509` makes it: of an authority.
const AUTHORITY: (&str, &str) = (include_str!("authority.pem"), include_str!("authority.key.pem"));
/// With `-addext basicConstraints=critical,CA:FALSE`.
const SERVER: (&str, &str) = (include_str!("server.pem"), include_str!("server.key.pem"));

/// The address of a server that shows this certificate and answers everybody the same.
fn serve((certificate, key): (&str, &str)) -> String {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config =
        config.expect("usual versions").with_no_client_auth().with_single_cert(vec![certificate], key);
    let config = Arc::new(config.expect("they belong together"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback");
    let address = listener.local_addr().expect("it has one").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            thread::spawn(move || {
                let mut stream = StreamOwned::new(connection, stream);
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\ntrusted");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            });
        }
    });
    address
}

fn project(address: &str, lua: &str) -> Project {
    Project::with(&format!(
        "permissions: {{net: [\"{address}\"], read: [pem]}}\nsteps:\n  docs: {{items: [1]}}\n  ask:\n    from: docs\n    map:\n      timeout: 20s\n      retries: 2\n      \
         min_success_ratio: 0\n      lua: |\n        local base = 'https://{address}'\n        {lua}\n  save:\n    from: ask\n    write: out.jsonl\n  lost:\n    from: ask.failed\n    write: failed.jsonl\n"
    ))
    .file("pem/server.pem", SERVER.0)
    .file("pem/both.pem", [AUTHORITY.0, SERVER.0].concat())
    .file("pem/authority.pem", AUTHORITY.0)
    .file("pem/none.pem", "nothing\n")
    .file("elsewhere.pem", SERVER.0)
}

#[test]
fn a_certificate_in_a_file_is_trusted_for_the_request_that_names_it() {
    let address = serve(SERVER);
    for file in ["server", "both"] {
        let lua =
            format!("return {{http.get(base, {{ca = 'pem/{file}.pem'}}).body, (pcall(http.get, base))}}");
        let project = project(&address, &lua);
        project.run(&["pipeline.yaml", "-q"]).ok();
        assert_eq!(project.read("out.jsonl"), "[\"trusted\",false]\n", "{}", project.read("failed.jsonl"));
    }
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_and_nothing_is_tried_again() {
    for (certificate, lua, expect) in [
        (
            SERVER,
            "return http.get(base)",
            "its certificate is signed by itself or by an authority that is not trusted; name the PEM file",
        ),
        (SERVER, "return http.get(base, {ca = 'pem/authority.pem'})", "not trusted"),
        (
            AUTHORITY,
            "return http.get(base, {ca = 'pem/authority.pem'})",
            "is one of an authority (CA:TRUE), as `openssl req -x509` makes it; make one for servers, with \
             `-addext basicConstraints=critical,CA:FALSE`, and name the PEM file",
        ),
    ] {
        let (kind, message, attempts) = project(&serve(certificate), lua).failure();
        assert!(message.starts_with("`http.get` does not trust https://127.0.0.1:"), "{message}");
        assert!(message.contains(expect), "{message}");
        assert_eq!((kind.as_str(), attempts), ("error", 1), "{message}");
    }
}

#[test]
fn a_file_of_certificates_has_to_be_one_and_to_be_granted() {
    let address = serve(SERVER);
    for (file, expect) in [
        (
            "pem/none.pem",
            "bad argument #2 to `http.get` (`ca` takes a PEM file with certificates, and in `pem/none.pem` there is none",
        ),
        ("pem/missing.pem", "`http.get` cannot read `pem/missing.pem`: "),
        ("elsewhere.pem", "`elsewhere.pem`"),
    ] {
        let (_, message, _) =
            project(&address, &format!("return http.get(base, {{ca = '{file}'}})")).failure();
        assert!(message.contains(expect), "{message}");
    }
}
