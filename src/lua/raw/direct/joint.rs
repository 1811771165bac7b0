//! Expressions that only compute with fields are evaluated together: each item is read once, and Lua is not asked at all.

use std::sync::Arc;

use super::ITEM_BYTES_MAX;
use super::beside::Beside;
use super::columns;
use super::evaluate::{Outcome, Run};
use super::fields::ItemFields;
use super::share::WayShare;
use super::texts::MadeTexts;
use crate::lua::script::{JointPrograms, Program, Script};
use crate::value::Chunk;

/// Evaluates expressions for the items of chunks, without Lua.
pub struct JointEvaluation {
    programs: Vec<Program>,
    fields: ItemFields,
    texts: MadeTexts,
    scratch: String,
    /// Of the chunks.
    share: WayShare,
}

impl JointEvaluation {
    /// Of these expressions; `None` where one of them needs Lua.
    pub fn of(scripts: &[Arc<Script>]) -> Option<Self> {
        let JointPrograms { fields, programs } = JointPrograms::of(scripts)?;
        let fields = ItemFields::of(fields, &[]);
        let (texts, scratch, share) = (MadeTexts::default(), String::new(), WayShare::default());
        Some(Self { programs, fields, texts, scratch, share })
    }

    /// Appends to each of `outs`, of which there are as many as expressions, the JSON text of its value for every item, a line
    /// each. `false`: Lua has to be asked for one of the items, and what was appended counts for nothing. Where that is so too
    /// often, nothing is evaluated here any more.
    pub fn evaluate(&mut self, chunk: &Chunk, outs: &mut [Vec<u8>]) -> bool {
        if self.share.is_in_vain() {
            return false;
        }
        let went = (0..chunk.len()).all(|at| self.item(chunk.item(at), outs).is_some());
        self.share.count(went);
        went
    }

    fn item(&mut self, text: &[u8], outs: &mut [Vec<u8>]) -> Option<()> {
        let Self { programs, fields, texts, scratch, .. } = self;
        if text.len() > ITEM_BYTES_MAX || !fields.read(text, scratch) || !fields.copy(text, true, scratch) {
            return None;
        }
        let mut run = Run::new(fields, text, texts);
        for (program, out) in programs.iter().zip(outs) {
            let Some(Outcome::Value(value)) = run.outcome(program) else { return None };
            // No part of an item stands where an expression's value stands, so none says how a number is written.
            columns::value_part(value, Beside::Nothing, &run)?.write_whole(out).then_some(())?;
            out.push(b'\n');
        }
        Some(())
    }
}
