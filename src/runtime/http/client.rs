//! The client is the one HTTP client of the process: its connections outlive the requests. Those that trust more than the system does
//! have one of their own.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};

use super::authorities::Authorities;
use super::names;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// How long a connection may take; the attempt's deadline may come sooner.
const CONNECT: Duration = Duration::from_secs(30);

/// Clients that are kept for requests that trust more: one for each file of certificates.
const TRUSTING_MAX: usize = 16;

/// The client for requests that trust these certificates beside the usual ones, or why there is none. To be called on the executor.
pub(super) fn client(authorities: Option<&Authorities>) -> Result<Client, String> {
    static CLIENT: OnceLock<Result<Client, String>> = OnceLock::new();
    static TRUSTING: Mutex<Option<HashMap<Authorities, Client>>> = Mutex::new(None);
    let Some(authorities) = authorities else { return CLIENT.get_or_init(|| make(None)).clone() };
    let mut trusting = TRUSTING.lock().unwrap_or_else(PoisonError::into_inner);
    let trusting = trusting.get_or_insert_default();
    if let Some(client) = trusting.get(authorities) {
        return Ok(client.clone());
    }
    let client = make(Some(authorities))?;
    if trusting.len() >= TRUSTING_MAX {
        trusting.clear();
    }
    trusting.insert(authorities.clone(), client.clone());
    Ok(client)
}

fn make(authorities: Option<&Authorities>) -> Result<Client, String> {
    // One that was installed before is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    names::without_modules();
    let own = || authorities.into_iter().flat_map(Authorities::certificates);
    // A system without root certificates can still speak to servers that need none.
    let built = builder().tls_certs_merge(own()).build().or_else(|_| builder().tls_certs_only(own()).build());
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
