//! A holder is the process that is at work on a run, as others know it.

use std::fmt;
use std::time::Duration;

/// Who is at work on a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// The process, where it says so.
    pub process: Option<u32>,
    /// Its machine, where that is another one.
    pub host: Option<String>,
}

impl Holder {
    /// Where what is known of a run comes from that is going on on another machine, and has said something so long ago.
    pub(super) fn heard_afar(&self, age: Option<Duration>) -> String {
        let said = match age {
            Some(age) => format!("this is what it said {} s ago, with its newest failures", age.as_secs()),
            None => "it has said nothing yet that can be read".to_owned(),
        };
        format!("the run is going on elsewhere ({self}), and its books can be read there alone; {said}")
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.process, &self.host) {
            (Some(process), Some(host)) => {
                write!(f, "process {process} on {host}, heard of in the last 30 s")
            }
            (Some(process), None) => write!(f, "process {process}"),
            (None, Some(host)) => write!(f, "a process on {host}, heard of in the last 30 s"),
            (None, None) => write!(f, "a process"),
        }
    }
}
