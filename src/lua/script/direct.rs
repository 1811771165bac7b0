//! A function is compiled for its item where its text proves that it looks at single fields only: the fields become its
//! parameters, the tables that it returns become plain values, fields that only go into the result are copied as text, and
//! what is nothing but arithmetic and comparisons of fields needs no Lua at all. Nothing but speed may be seen: what the
//! proof does not cover, and each item that is unusual, takes the general way.

pub(super) mod compile;
mod rewrite;
mod table;
pub(super) mod uses;

use std::ops::Range;
use std::sync::Arc;

use self::table::Plan;
use self::uses::{FieldUse, add, field_uses};
use super::compiled::Direct;
use super::obstacle::Obstacle;
use super::syntax::Function;
use super::{Script, ScriptSource};

/// Fields that a function may have as parameters. The compiler allows two hundred locals, parameters among them.
const FIELDS_MAX: usize = 60;

/// How the items of a function go that is compiled for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FastWay {
    /// Fields that become parameters.
    pub passed: usize,
    /// Fields whose text is copied into the result.
    pub copied: usize,
    /// The function needs no Lua, unless a value is unusual.
    pub without_lua: bool,
}

impl Script {
    /// The function as it is compiled for its item, or what prevents that.
    pub(in crate::lua) fn direct(&self) -> Result<&Arc<Direct>, &Obstacle> {
        self.direct.get_or_init(|| self.make_direct().map(Arc::new)).as_ref()
    }

    /// In which way items go through the function.
    ///
    /// # Errors
    /// Says what prevents that the function is compiled for its item.
    pub fn way(&self) -> Result<FastWay, Obstacle> {
        if self.waits() {
            return Err(Obstacle::waits());
        }
        let direct = self.direct().map_err(Clone::clone)?;
        Ok(FastWay {
            passed: direct.passed.len(),
            copied: direct.looked_at - direct.passed.len(),
            without_lua: direct.program.is_some(),
        })
    }

    fn make_direct(&self) -> Result<Direct, Obstacle> {
        let block = match &self.source {
            ScriptSource::Body(block) | ScriptSource::Expression(block) => block,
            ScriptSource::File { .. } => return Err(Obstacle::file()),
        };
        let text = &*block.text;
        let line = |at: usize| block.line + text[..at].matches('\n').count();
        let uses = field_uses(text).map_err(|at| Obstacle::whole(line(at)))?;
        let function = self.parsed().ok_or_else(Obstacle::syntax)?;
        if function.writes_item {
            return Err(Obstacle::written());
        }
        // The compiler takes the line of an operator from its last operand that is no local, be it in another line, be it a call
        // that it has replaced by what the called function does.
        let setup = self.setup_text();
        let may_replace = [text, setup].iter().any(|text| text.contains("function"));
        let broken = |used: &FieldUse| {
            let within = |span: &Range<usize>| span.start <= used.span.start && used.span.end <= span.end;
            text[used.span.clone()].contains('\n')
                || function.broken.iter().any(within)
                || (may_replace && function.calling.iter().any(within))
        };
        if let Some(used) = uses.iter().find(|used| broken(used)) {
            return Err(Obstacle::broken(line(used.span.start)));
        }
        let mut fields = Vec::new();
        for used in &uses {
            add(&mut fields, used.name.clone());
        }
        if fields.len() > FIELDS_MAX {
            return Err(Obstacle::many(FIELDS_MAX));
        }
        let plan = Plan::new(&function, &uses, fields);
        let direct = self.compiled(plan, &uses, &function);
        // Parameters are locals too, of which there may be too many now.
        direct.filter(|direct| super::check::compiles(&direct.chunk.text)).ok_or_else(Obstacle::syntax)
    }

    pub(super) fn setup_text(&self) -> &str {
        self.setup.as_ref().map_or("", |setup| &*setup.text)
    }

    fn compiled(&self, plan: Plan<'_>, uses: &[FieldUse], function: &Function) -> Option<Direct> {
        let rewritten = rewrite::rewrite(self, &plan, uses)?;
        let program = compile::program(function, &plan.tables, &plan.fields, self.setup_text());
        Some(Direct {
            passed: plan.passed().collect(),
            looked_at: plan.copied.len(),
            index: rewritten.index,
            ctx: rewritten.ctx,
            results: plan.results,
            tables: plan.tables.iter().map(|table| table.columns.clone()).collect(),
            program,
            chunk: rewritten.chunk,
            fields: plan.fields,
        })
    }
}

#[cfg(test)]
mod tests;
