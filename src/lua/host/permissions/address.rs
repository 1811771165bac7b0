//! Hosts as `permissions: {net: …}` names them, compared to those of URLs. Looks nothing up.

use std::net::IpAddr;

/// Whether a grant such as `api.example.org`, `*.example.org`, `[::1]:8080` or `*` covers a host and port.
pub(super) fn covers(granted: &str, host: &str, port: u16) -> bool {
    let (name, only) = split(granted);
    if only.is_some_and(|only| only != Some(port)) {
        return false;
    }
    let (name, host) = (normal(name), normal(host));
    if host.is_empty() {
        return false;
    }
    match (name.parse::<IpAddr>(), host.parse::<IpAddr>()) {
        (Ok(name), Ok(host)) => name == host,
        // Labels of an address are no names below a domain.
        (_, Ok(_)) => name == "*",
        _ => match name.strip_prefix("*.") {
            Some(domain) => {
                host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            None => name == "*" || name == host,
        },
    }
}

/// The host for a message, without control characters.
pub(super) fn shown(host: &str) -> String {
    host.chars().take(255).flat_map(char::escape_debug).collect()
}

/// Name and port; a port that is none matches nothing.
fn split(granted: &str) -> (&str, Option<Option<u16>>) {
    if granted.parse::<IpAddr>().is_ok() {
        return (granted, None);
    }
    match granted.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && !granted.ends_with(']') => {
            (name, Some(port.parse().ok()))
        }
        _ => (granted, None),
    }
}

fn normal(host: &str) -> String {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}
