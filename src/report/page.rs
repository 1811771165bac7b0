//! The page is the report of a run as one HTML page that needs nothing else: no network, no other file.
//!
//! It shows the [`Account`]. It says by a content security policy which script and style are its own, so that nothing
//! in an item or a message can become one.

mod durations;
mod failures;
mod html;
mod source;
mod spent;
mod summary;
mod timeline;
mod workers;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use self::html::text;
use self::source::LinePlaces;
use super::account::Account;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// The whole page.
pub fn page(account: &Account) -> String {
    let places = LinePlaces::of(account);
    let mut out = String::with_capacity(64 * 1024);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action \
         'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" \
         content=\"light dark\">\n<meta name=\"generator\" content=\"flowrun\">\n<title>{} {} – run {}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<a class=\"skip\" href=\"#main\">Skip to the summary</a>\n",
        hash(STYLE),
        hash(SCRIPT),
        text(&account.pipeline),
        text(&account.status),
        text(&account.run),
    );
    summary::head(&mut out, account);
    out.push_str("<main id=\"main\">\n");
    summary::section(&mut out, account);
    if let Some(graph) = &account.graph {
        let _ = write!(
            out,
            "<section aria-labelledby=\"graph\"><h2 id=\"graph\">Steps</h2>\n<div class=\"wide graph\" role=\"region\" \
             aria-label=\"Steps and what flows between them\" tabindex=\"0\">{graph}</div></section>\n"
        );
    }
    timeline::section(&mut out, account);
    spent::section(&mut out, account);
    failures::section(&mut out, account, &places);
    durations::section(&mut out, account);
    workers::section(&mut out, account);
    failures::retries(&mut out, account);
    source::section(&mut out, account);
    source::surroundings(&mut out, account);
    let _ = write!(
        out,
        "</main>\n<footer class=\"about\">Written by flowrun.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    );
    out
}

/// What the policy knows a script or a style by.
fn hash(content: &str) -> String {
    STANDARD.encode(Sha256::digest(content.as_bytes()))
}

#[cfg(test)]
mod tests;
