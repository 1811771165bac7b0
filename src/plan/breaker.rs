//! This module turns the breaker of a step as written into pauses with every default filled in.

use super::codes;
use super::places::DocumentPart;
use super::resolve::{Built, StepBuilder};
use crate::config;
use crate::schedule::Breaker;

impl StepBuilder<'_> {
    /// The breaker of the step whose verb is at `at`, by all that was `written` for it.
    pub(super) fn breaker(&self, at: &str, written: &config::Policy) -> Built<Option<Breaker>> {
        let pointer = format!("{at}/breaker");
        let Some(written) = self.known(&pointer, written.breaker.as_ref())? else { return Ok(None) };
        let field = |key: &str| format!("{pointer}/{key}");
        let after = self.known(&field("after"), written.after.as_ref())?;
        let pause = self.known(&field("pause"), written.pause.as_ref())?;
        let max_pause = self.known(&field("max_pause"), written.max_pause.as_ref())?;
        let standard = Breaker::default();
        let after = after.map_or(standard.after, |after| after.0);
        let pause = pause.map_or(standard.pause, |pause| pause.0);
        let max_pause = match max_pause {
            None => standard.max_pause.max(pause),
            Some(longest) if longest.0 >= pause => longest.0,
            Some(longest) => {
                let shown = crate::value::duration::format;
                let (longest, first) = (shown(longest.0), shown(pause));
                let message = format!("the longest pause, {longest}, is shorter than the first, {first}");
                // Where both are written is told; one of them may stand in `defaults` or in a policy.
                let is_own = |key: &str| self.places.value().pointer(&field(key)).is_some();
                let (longest_at, first_at) = (field("max_pause"), field("pause"));
                let found = if is_own("max_pause") {
                    let part = DocumentPart::Value(&longest_at);
                    let found = self.places.error(codes::BREAKER_PAUSES, message, &part, "never that short");
                    if is_own("pause") {
                        self.places.also(found, &DocumentPart::Value(&first_at), "the first pause")
                    } else {
                        found
                    }
                } else {
                    let part = DocumentPart::Key(&pointer);
                    self.places.error(
                        codes::BREAKER_PAUSES,
                        message,
                        &part,
                        "with the longest pause beneath it",
                    )
                };
                return Err(found.help(format!("take `max_pause` away, or write `pause: {longest}`")).into());
            }
        };
        Ok(Some(Breaker { after, pause, max_pause }))
    }
}
