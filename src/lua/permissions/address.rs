//! This module compares hosts as `permissions: {net: …}` names them to those of URLs. It looks nothing up.

use std::net::IpAddr;

/// Whether a grant such as `api.example.org`, `*.example.org`, `[::1]:8080` or `*` covers a host and port.
pub(super) fn covers(granted: &str, host: &str, port: u16) -> bool {
    let (name, ports) = split(granted);
    if matches!(ports, Ports::None) || matches!(ports, Ports::One(one) if one != port) {
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

/// Which ports a grant covers.
enum Ports {
    All,
    One(u16),
    /// What is written there is no port.
    None,
}

fn split(granted: &str) -> (&str, Ports) {
    if granted.parse::<IpAddr>().is_ok() {
        return (granted, Ports::All);
    }
    match granted.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && !granted.ends_with(']') => {
            (name, port.parse().map_or(Ports::None, Ports::One))
        }
        _ => (granted, Ports::All),
    }
}

fn normal(host: &str) -> String {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}
