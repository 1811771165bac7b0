//! The plan's wants are the results of steps that its Lua code may look at: nothing else needs to be kept for it.

use super::step::Plan;

/// What Lua code may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// `results` or `successful_results` of steps.
    pub results: bool,
    /// `errors` of steps.
    pub errors: bool,
    /// `steps` or `run`, in functions of items too.
    pub scope: bool,
}

impl Plan {
    /// What Lua code of this plan may ask for. Over-approximated from the text of the pipeline file: at worst results are
    /// kept that nobody asks for.
    pub fn wants(&self) -> Wants {
        wants(self.file.text())
    }
}

fn wants(text: &str) -> Wants {
    // As a key of the file it asks for nothing.
    let mut mentions = text.match_indices("steps");
    let steps = mentions.any(|(at, word)| !text[at + word.len()..].trim_start().starts_with(':'));
    Wants {
        results: steps && text.contains("results"),
        errors: steps && text.contains("errors"),
        scope: steps || text.contains("run."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_file_ask_for_nothing() {
        let nothing = Wants { results: false, errors: false, scope: false };
        assert_eq!(wants("steps :\n  results: { items: [1] }\n"), nothing);
        assert_eq!(wants("steps:\n  a: { when: steps.b.total > 0 }\n"), Wants { scope: true, ..nothing });
        assert_eq!(wants("x: run.id\n"), Wants { scope: true, ..nothing });
        let all = Wants { results: true, errors: true, scope: true };
        assert_eq!(wants("steps.a.successful_results steps.a.errors"), all);
    }
}
