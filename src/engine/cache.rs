//! This module looks up a step's items in the cache across runs, and says why it does not know others.
//!
//! The cache only saves work: an error in it costs work and never the run. The store keeps new results.

use crate::store::{Cache, Digest, Fingerprint, Known, LinesPerItem, StoreError, differences};

/// Of an item that no function of the step has had.
const UNKNOWN: &str = "not in the cache";

/// The cache's view of one step: results of its function, and of its earlier functions.
pub(super) struct StepCache {
    cache: Cache,
    function: Digest,
    /// Earlier functions of the step, each with the reason why its results are of no use.
    earlier: Vec<(Digest, String)>,
    warnings: Vec<String>,
}

impl StepCache {
    /// For a step with this function.
    pub(super) fn new(
        cache: Cache,
        pipeline: &str,
        step: &str,
        function: Digest,
        fingerprint: &Fingerprint,
    ) -> Self {
        // A cache that cannot name its functions gives no reasons; its results are checked one by one all the same.
        let earlier = cache.earlier(pipeline, step, function).unwrap_or_default();
        let reason = |(function, old): (Digest, Fingerprint)| (function, changed(&old, fingerprint));
        let warnings = cache.begun_anew().map(str::to_owned).into_iter().collect();
        Self { cache, function, earlier: earlier.into_iter().map(reason).collect(), warnings }
    }

    /// What is known of a content; result lines are appended. `None`: it must be worked out.
    pub(super) fn get(&mut self, content: Digest, shape: LinesPerItem, out: &mut Vec<u8>) -> Option<Known> {
        let length = out.len();
        let known = self.cache.get(self.function, content, shape, out);
        let known = self.heard(known).flatten();
        if known.is_none() {
            out.truncate(length);
        }
        known
    }

    /// Whether a result of a content is known.
    pub(super) fn has(&mut self, content: Digest) -> bool {
        let known = self.cache.has(self.function, content);
        self.heard(known).unwrap_or(false)
    }

    /// Why there is none.
    pub(super) fn reason(&self, content: Digest) -> String {
        let had = |function: &Digest| self.cache.has(*function, content).unwrap_or(false);
        let earlier = self.earlier.iter().find(|(function, _)| had(function));
        earlier.map_or_else(|| UNKNOWN.to_owned(), |(_, reason)| reason.clone())
    }

    /// Whether anything of this function is known.
    pub(super) fn has_any(&self) -> bool {
        self.cache.has_any(self.function).unwrap_or(true)
    }

    /// Why nothing of the last function is of use, if the step had another one.
    pub(super) fn other_function(&self) -> Option<&str> {
        self.earlier.first().map(|(_, reason)| reason.as_str())
    }

    /// What is wrong with it.
    pub(super) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn heard<T>(&mut self, answer: Result<T, StoreError>) -> Option<T> {
        answer
            .map_err(|error| {
                let warning = format!("{error}; what the cache cannot tell is worked out again");
                if !self.warnings.contains(&warning) {
                    self.warnings.push(warning);
                }
            })
            .ok()
    }
}

/// What is different between two functions of one step. The key tells items apart and decides no result.
fn changed(old: &Fingerprint, new: &Fingerprint) -> String {
    let mut parts = differences(old, new);
    parts.retain(|part| part != "key");
    if parts.is_empty() {
        parts.push("verb".to_owned());
    }
    format!("{} changed", parts.join(" and "))
}
