//! These are the lists of a document in which the wanted one is missing: the error names them. `document` finds them.

/// Names of an object, and lists of the document, that a message tells.
pub(super) const NAMES_MAX: usize = 12;

/// Bytes that are looked through for other lists.
const LOOK_BYTES: usize = 64 << 20;

/// Why the wanted list is not there, and the lists that do not lie in lists.
#[derive(Default)]
pub(super) struct OtherLists {
    fault: Option<(u64, String)>,
    /// Bytes that were looked through since.
    looked: usize,
    lists: Vec<String>,
}

impl OtherLists {
    /// The wanted list is not there, which is known from this line. The first reason counts.
    pub(super) fn miss(&mut self, line: u64, message: String) {
        self.fault.get_or_insert((line, message));
    }

    /// Whether it is known that it is not there.
    pub(super) fn is_missed(&self) -> bool {
        self.fault.is_some()
    }

    /// Whether another list is of interest.
    pub(super) fn has_room(&self) -> bool {
        self.lists.len() <= NAMES_MAX
    }

    /// A list stands here.
    pub(super) fn note(&mut self, path: String) {
        self.lists.push(path);
    }

    /// So many bytes more were read.
    pub(super) fn look(&mut self, bytes: usize) {
        if self.is_missed() {
            self.looked += bytes;
        }
    }

    /// The error, once enough was looked through; `is_over`: nothing more can be.
    pub(super) fn fault(&self, is_over: bool) -> Option<(u64, String)> {
        let (line, message) = self.fault.as_ref()?;
        if !is_over && self.looked < LOOK_BYTES && self.has_room() {
            return None;
        }
        let lists = match self.lists.as_slice() {
            [] => String::new(),
            [one] => format!("; there is a list at `{one}`"),
            lists => format!("; there are lists at {}", some_of(lists)),
        };
        Some((*line, format!("{message}{lists}")))
    }
}

/// Names for messages, the first ones if there are many.
pub(super) fn some_of(names: &[String]) -> String {
    let mut some: Vec<String> = names.iter().take(NAMES_MAX).map(|name| format!("`{name}`")).collect();
    if names.len() > NAMES_MAX {
        some.push("…".to_owned());
    }
    some.join(", ")
}
