//! `--only` and `--until` select the steps of a plan that run.

use super::args::SelectArguments;
use super::exit::Complaint;
use crate::plan::{Plan, Step};
use crate::source::nearest;

/// Which ties a selected step pulls in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ties {
    /// `from`
    Data,
    /// `from` and `needs`
    All,
}

/// A flag for each step of the plan. Without any option, all run.
pub(super) fn steps(plan: &Plan, arguments: &SelectArguments) -> Result<Vec<bool>, Vec<Complaint>> {
    if arguments.only.is_empty() && arguments.until.is_empty() {
        return Ok(vec![true; plan.steps.len()]);
    }
    let mut selected = vec![false; plan.steps.len()];
    let mut complaints = Vec::new();
    let only = arguments.only.iter().map(|name| (name, "--only", Ties::Data));
    let until = arguments.until.iter().map(|name| (name, "--until", Ties::All));
    for (name, option, ties) in only.chain(until) {
        match plan.steps.iter().position(|step| *step.name == **name) {
            Some(at) => select(plan, at, ties, &mut selected),
            None => complaints.push(unknown(plan, name, option)),
        }
    }
    if complaints.is_empty() { Ok(selected) } else { Err(complaints) }
}

/// Selects a step and what it is tied to. A step that is selected already may have been so for fewer ties, so each
/// walk keeps its own record of where it was.
fn select(plan: &Plan, start: usize, ties: Ties, selected: &mut [bool]) {
    let mut seen = vec![false; plan.steps.len()];
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        selected[at] = true;
        open.extend(tied(&plan.steps[at], ties));
    }
}

fn tied(step: &Step, ties: Ties) -> impl Iterator<Item = usize> {
    let needs = if ties == Ties::All { &step.needs[..] } else { &[] };
    step.inputs().map(|input| input.step.at()).chain(needs.iter().map(|step| step.at()))
}

fn unknown(plan: &Plan, name: &str, option: &str) -> Complaint {
    let complaint = Complaint::new(format!("`{option} {name}` names no step of `{}`", plan.file.name()));
    let names: Vec<&str> = plan.steps.iter().map(|step| &*step.name).collect();
    match nearest(name, names.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help(format!("the steps are {}", list(&names))),
    }
}

/// `` `a`, `b` and `c` ``, or the first ten of them.
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(10).map(|name| format!("`{name}`")).collect();
    if names.len() > quoted.len() {
        return format!("{} and {} more", quoted.join(", "), names.len() - quoted.len());
    }
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::fixture::{plan, step};

    /// `setup` and `docs`; `clean` takes from `docs` and needs `setup`; `save` and `other` read on.
    fn branches() -> Plan {
        let setup = step("setup", &[]);
        let clean = Step { needs: vec![setup.id], ..step("clean", &[1]) };
        plan(vec![setup, step("docs", &[]), clean, step("save", &[2]), step("other", &[1])])
    }

    fn check(only: &[&str], until: &[&str], expect: &str) {
        let plan = branches();
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let found = match steps(&plan, &SelectArguments { only: owned(only), until: owned(until) }) {
            Ok(selected) => {
                let names = plan.steps.iter().zip(selected).filter(|(_, selected)| *selected);
                names.map(|(step, _)| step.name.to_string()).collect::<Vec<_>>().join(" ")
            }
            Err(complaints) => complaints
                .into_iter()
                .map(|complaint| format!("{} | {}", complaint.message, complaint.help.unwrap_or_default()))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        assert_eq!(found, expect);
    }

    #[test]
    fn everything_runs_without_an_option() {
        check(&[], &[], "setup docs clean save other");
    }

    #[test]
    fn only_follows_the_data_and_until_everything() {
        check(&["clean"], &[], "docs clean");
        check(&[], &["save"], "setup docs clean save");
        check(&["clean"], &["clean"], "setup docs clean");
        check(&["other", "setup"], &[], "setup docs other");
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_nearest_name() {
        check(&["claen"], &[], "`--only claen` names no step of `p.yaml` | did you mean `clean`?");
        check(
            &[],
            &["zzz"],
            "`--until zzz` names no step of `p.yaml` | the steps are `setup`, `docs`, `clean`, `save` and `other`",
        );
    }
}
