//! Hosts and paths are compared here by their names alone; nothing is opened or made.

use std::path::Path;

use super::grants::Permissions;
use super::refusal::{self, RefusedUse, refused};
use super::{address, walk};
use crate::lua::host_error::HostError;
use crate::lua::script::Reached;

impl Permissions {
    /// Why something that Lua code visibly reaches for would be refused, and what to do about it. Compares names, and
    /// opens and makes nothing.
    pub fn complaint(&self, reached: &Reached) -> Option<(String, String)> {
        let needs = |module: &str, what: &str, entry: &str| {
            let message = format!("`{module}` is used, and the file grants no {what}");
            Some((message, format!("add `permissions: {{{entry}}}` to the pipeline file")))
        };
        let refused = match reached {
            Reached::AnyHost if self.grants.lists.net.is_empty() => {
                return needs("http", "host", "net: [HOST]");
            }
            Reached::AnyProgram if self.grants.lists.exec.is_empty() => {
                return needs("exec", "program", "exec: [PROGRAM]");
            }
            Reached::AnyHost | Reached::AnyProgram => return None,
            Reached::Url(text) => {
                let url = url::Url::parse(text).ok()?;
                self.net(url.host_str()?, url.port_or_known_default().unwrap_or(0))
            }
            Reached::Program(program) => self.may_run(program),
            Reached::Read(path) => self.named(RefusedUse::Read, Path::new(path)),
            Reached::Write(path) => self.named(RefusedUse::Write, Path::new(path)),
        };
        let error = refused.err()?;
        let (message, help) = error.message.split_once("; ").unwrap_or((&error.message, ""));
        Some((message.to_owned(), help.to_owned()))
    }

    /// Whether this host may be reached: a name or an address, as it stands in a URL. To be asked for each redirect
    /// too.
    pub(in crate::lua) fn net(&self, host: &str, port: u16) -> Result<(), HostError> {
        if self.grants.lists.net.iter().any(|granted| address::covers(granted, host, port)) {
            return Ok(());
        }
        let wanted = match port {
            // Those of `https` and `http`, which nobody writes.
            443 | 80 | 0 => address::shown(host),
            port => format!("{}:{port}", address::shown(host)),
        };
        Err(refused(RefusedUse::Net, &wanted, None, &wanted, &self.grants.lists.net))
    }

    /// The refusal of a path by its name alone, as things are now.
    fn named(&self, kind: RefusedUse, path: &Path) -> Result<(), HostError> {
        let root = &self.grants.lists.root;
        let Ok(real) = walk::resolve(root, path) else { return Ok(()) };
        let granted = self.listed(kind);
        let covers = |granted: &String| {
            walk::resolve(root, Path::new(granted)).is_ok_and(|granted| real.starts_with(granted))
        };
        if !granted.iter().any(covers) {
            return Err(self.uncovered(kind, path, &real));
        }
        let kept = self.grants.lists.protected.files.iter().chain(&self.grants.lists.protected.folders);
        match (kind, kept.into_iter().find(|kept| real.starts_with(kept))) {
            (RefusedUse::Write, Some(kept)) => Err(refusal::protected(path, kept)),
            _ => Ok(()),
        }
    }
}
