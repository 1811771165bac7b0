//! A record that cannot be ends the run.

/// Why a record cannot be: the run ends, because whoever wrote it does not follow the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFault {
    /// Its name.
    pub name: Box<str>,
    /// What is wrong.
    pub what: &'static str,
}
