//! The client is the one HTTP client of the process: its connections outlive the requests.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// How long a connection may take; the attempt's deadline may come sooner.
const CONNECT: Duration = Duration::from_secs(30);

/// The client, or why there is none. To be called on the executor.
pub(super) fn client() -> Result<&'static Client, &'static str> {
    static CLIENT: OnceLock<Result<Client, String>> = OnceLock::new();
    CLIENT.get_or_init(make).as_ref().map_err(String::as_str)
}

fn make() -> Result<Client, String> {
    // One that was installed before is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A system without root certificates can still speak to servers that need none.
    let built = builder().build().or_else(|_| builder().tls_certs_only([]).build());
    built.map_err(|error| error.to_string())
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("flowrun/", env!("CARGO_PKG_VERSION")))
        // Followed by hand: each host is checked.
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(usize::MAX)
        .tcp_nodelay(true)
}
