//! This module takes the secrets out of events, out of all text in them. Most secrets are hidden where the text is
//! made; this is the last gate before the reporters, for what any floor may have put into a message.

use std::sync::Arc;

use super::Event;
use crate::value::Mask;

impl Event {
    /// The same without secrets.
    #[must_use]
    pub fn masked(&self, mask: &Mask) -> Self {
        let mut event = self.clone();
        match &mut event {
            Self::RunStarted { pipeline, params, .. } => {
                *pipeline = mask.shared(pipeline);
                *params = mask.json(params).into();
            }
            Self::ItemRetried { message, key, fields, .. } => {
                *message = mask.shared(message);
                *key = key.as_ref().map(|key| mask.shared(key));
                *fields = fields.as_ref().map(|fields| mask.json(fields).into());
            }
            Self::ItemFailed { message, place, key, fields, .. } => {
                *message = mask.shared(message);
                *key = key.as_ref().map(|key| mask.shared(key));
                *fields = fields.as_ref().map(|fields| mask.json(fields).into());
                *place = place.take().map(|place| place.masked(mask));
            }
            Self::Log { message, fields, .. } | Self::RunLog { message, fields, .. } => {
                *message = mask.owned(std::mem::take(message));
                *fields = fields.take().map(|fields| mask.json(&fields).into_owned());
            }
            Self::Waiting { limit, .. } => *limit = mask.shared(limit),
            Self::Notice { message, .. } => *message = mask.owned(std::mem::take(message)),
            Self::StepFinished { result, .. } => *result = Arc::new(result.as_ref().clone().masked(mask)),
            Self::StepStarted { .. }
            | Self::Progress { .. }
            | Self::ItemSlow { .. }
            | Self::Breaker { .. }
            | Self::Fleet { .. }
            | Self::Interrupted { .. }
            | Self::RunFinished { .. } => {}
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::{FailureKind, LogLevel, StepId};

    #[test]
    fn every_text_of_an_event_is_searched() {
        let mask = Mask::new(["hush-hush"].into_iter());
        let log = Event::Log {
            step: StepId(0),
            index: 1,
            level: LogLevel::Info,
            message: "say hush-hush".to_owned(),
            fields: Some("{\"a\":\"hush-hush\"}".to_owned()),
        };
        let retried = Event::ItemRetried {
            step: StepId(0),
            index: 1,
            key: Some("hush-hush".into()),
            attempt: 1,
            kind: FailureKind::Error,
            message: "no hush-hush".into(),
            fields: Some("{\"body\":\"hush-hush\"}".into()),
            delay: Duration::ZERO,
        };
        let notice = Event::Notice { step: None, message: "cannot read hush-hush".to_owned() };
        let (run, pipeline, steps) = ("r".into(), "p".into(), Vec::new());
        let params = "{\"a\":\"hush-hush\"}".into();
        let started = Event::RunStarted { run, pipeline, params, steps };
        for event in [log, retried, notice, started] {
            let text = format!("{:?}", event.masked(&mask));
            assert!(text.contains("***") && !text.contains("hush-hush"), "{text}");
        }
    }
}
