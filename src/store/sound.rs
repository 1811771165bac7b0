//! All bytes of a step's commits are read here and proved before anybody relies on them. What is damaged is counted, and
//! nothing is given on.

use super::endings::EndingKind;
use super::index::{CommitSpan, StepIndex};
use super::{LinesPerItem, line};

impl StepIndex {
    /// Items of commits that are damaged anywhere: in their endings, digests, notes or results. Ends early, with what it has
    /// found, once `is_over`.
    pub(super) fn unsound(&self, shape: LinesPerItem, is_over: &dyn Fn() -> bool) -> u64 {
        let mut spans = vec![Vec::new(); self.commits() as usize];
        for span in &self.spans {
            spans[span.commit as usize].push(*span);
        }
        let mut found = 0;
        for (commit, spans) in spans.iter().enumerate() {
            if is_over() {
                break;
            }
            if !self.is_sound(commit as u32, spans, shape) {
                found += u64::from(self.rows(commit as u32));
            }
        }
        found
    }

    fn is_sound(&self, commit: u32, spans: &[CommitSpan], shape: LinesPerItem) -> bool {
        self.notes(commit).is_some() && self.has_results(commit, spans, shape).is_some()
    }

    /// Whether each item of a commit that succeeded has its results.
    fn has_results(&self, commit: u32, spans: &[CommitSpan], shape: LinesPerItem) -> Option<()> {
        let (identities, contents) = self.digests(commit)?;
        let contents = if contents.is_empty() { identities } else { contents };
        let text = self.results(commit)?;
        let mut lines = text.split_inclusive(|byte| *byte == b'\n');
        let succeeded: Vec<Option<&[u8]>> = (0..self.rows(commit))
            .map(|row| {
                (self.state(commit, row) == EndingKind::Succeeded).then(|| lines.next().unwrap_or_default())
            })
            .collect();
        let (is_proved, mut out) = (self.proves_results(commit), Vec::new());
        for span in spans {
            for at in 0..span.count {
                let row = (span.row + at) as usize;
                let content = contents.get(row)?;
                let Some(text) = succeeded.get(row)? else { continue };
                let line = line::parse(text)?;
                if line.index != span.first + u64::from(at) || !(is_proved || line.is_of(*content)) {
                    return None;
                }
                out.clear();
                line.value.map_or(Some(0), |value| line::spread(&mut out, shape, value))?;
            }
        }
        lines.next().is_none().then_some(())
    }
}
