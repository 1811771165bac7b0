//! This module lists the facts about one step before it runs, a line each.

use std::time::Duration;

use super::{Count, resources};
use crate::data::{JoinHow, JoinMany, ReadOptions, SampleSize, SplitOptions, WriteMode, WriteOptions};
use crate::plan::{
    Aggregate, Body, Collect, Input, Items, Join, MapLike, Plan, Step, TypeOrigin, Verb, WrittenColumn,
    WrittenColumns, written_columns,
};
use crate::program::ItemProgram;
use crate::report::{items, percent_of};
use crate::schedule::{Breaker, FailFast, Policy, RateUse, Retries, worst_item, worst_step};
use crate::value::{duration, printable, size};

/// The lines about a step that gets `count` items.
pub(super) fn of(plan: &Plan, selected: &[bool], step: &Step, count: Option<Count>) -> Vec<String> {
    let mut facts = vec![flow(plan, step, count)];
    if let Body::Ready(Verb::MapLike(each)) = &step.body {
        facts.push(effort(each));
        facts.extend(resources::needs(&each.resources));
        facts.push(verdict(&each.policy, count));
        facts.push(time(&each.policy, count, step.deadline));
    }
    if let Body::Ready(verb) = &step.body {
        facts.extend(verb.written().and_then(columns));
    }
    facts.extend(conditions(plan, selected, step));
    facts.extend(step.description.iter().map(|text| printable(text).into_owned()));
    facts
}

/// What is done when the run has ended.
pub(super) fn ending(plan: &Plan) -> impl Iterator<Item = String> {
    let at_end = plan.at_end.as_ref().map(|at_end| {
        format!("  at the end: `at_end` is called, for {} at most", duration::format(at_end.limit))
    });
    let keep = plan.keep.map(|keep| {
        let beyond = keep.runs.map(|runs| format!("beyond the newest {runs}"));
        let old = keep.age.map(|age| format!("older than {}", duration::format(age)));
        let which: Vec<String> = [beyond, old].into_iter().flatten().collect();
        format!("  when it ends well: runs {} are removed", which.join(" and "))
    });
    at_end.into_iter().chain(keep)
}

/// So many fields.
pub(super) fn fields(count: usize) -> String {
    format!("{count} field{}", if count == 1 { "" } else { "s" })
}

/// What it reads, takes and writes.
fn flow(plan: &Plan, step: &Step, count: Option<Count>) -> String {
    let taken = (!step.from.is_empty()).then(|| format!("takes {}", inputs(plan, &step.from)));
    let own = match &step.body {
        Body::Ready(Verb::Read(read)) => Some(format!("reads {}", reading(&read.options))),
        Body::Ready(Verb::Glob(glob)) => Some(format!("lists {}", printable(&glob.options.pattern))),
        Body::Ready(Verb::Items(Items::List(_))) => Some("a list in the file".to_owned()),
        Body::Ready(Verb::Items(Items::Lua { .. })) => Some("a list that Lua returns".to_owned()),
        Body::Ready(Verb::Write(write)) => {
            let does = match write.mode {
                WriteMode::Replace => "writes",
                WriteMode::Append => "appends to",
                WriteMode::Upsert => "upserts into",
            };
            Some(format!("{does} {}", writing(write)))
        }
        Body::Ready(Verb::Split(split)) => Some(format!("writes {}", parts(&split.options))),
        Body::Ready(Verb::Collect(Collect::Batch(size))) => Some(format!("lists of up to {size}")),
        Body::Ready(Verb::Collect(Collect::Take(count))) => Some(format!("keeps the first {count}")),
        Body::Ready(Verb::Collect(Collect::Sample(sample))) => Some(match sample.size {
            SampleSize::Count(count) => format!("draws {count}"),
            SampleSize::Chance(chance) => format!("draws each with a chance of {}", percent_of(chance)),
        }),
        Body::Ready(Verb::Collect(Collect::Join(join))) => Some(joining(plan, step, join)),
        Body::Ready(Verb::Collect(Collect::Aggregate(aggregate))) => Some(gathering(aggregate)),
        Body::Ready(Verb::Collect(Collect::Sort { descending: true, .. })) => {
            Some("the largest first".to_owned())
        }
        Body::Ready(Verb::Collect(Collect::Reduce(reduce))) if reduce.combine.is_some() => {
            Some("in parallel parts".to_owned())
        }
        Body::Ready(Verb::MapLike(_) | Verb::Collect(_)) => None,
        Body::Deferred(_) => Some("decided by the results of other steps".to_owned()),
    };
    let count =
        count.map(|count| format!("{}{}", if count.exact { "" } else { "up to " }, items(count.most)));
    [taken, own, count].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn inputs(plan: &Plan, from: &[Input]) -> String {
    let name = |input: &Input| {
        format!("{}{}", plan.steps[input.step.at()].name, if input.failed { ".failed" } else { "" })
    };
    from.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// What an item gets from the other side.
fn joining(plan: &Plan, step: &Step, join: &Join) -> String {
    let with = inputs(plan, step.with.as_slice());
    let several = match join.rule.many {
        JoinMany::Error => "",
        JoinMany::First => ", the first of several",
        JoinMany::All => ", with each of several",
    };
    let field = printable(&join.name);
    match join.rule.how {
        JoinHow::Left => format!("`{field}` is their partner in {with}, or null{several}"),
        JoinHow::Inner => format!("`{field}` is their partner in {with}, those without one go{several}"),
        JoinHow::Semi => format!("keeps those with a partner in {with}"),
        JoinHow::Anti => format!("keeps those without a partner in {with}"),
    }
}

/// `3 fields for each group`
fn gathering(aggregate: &Aggregate) -> String {
    let fields = fields(aggregate.options.fields());
    if aggregate.has_key { format!("{fields} for each group") } else { format!("{fields} of all items") }
}

fn reading(options: &ReadOptions) -> String {
    let path = if options.path == "-" { "standard input".into() } else { printable(&options.path) };
    match options.format {
        Some(format) => format!("{path} ({})", format.name()),
        None => path.into_owned(),
    }
}

fn writing(options: &WriteOptions) -> String {
    let path = if &*options.name == "-" { "standard output".into() } else { printable(&options.name) };
    let table = options.table.as_ref().map(|table| format!(", table {}", printable(&table.name)));
    format!("{path} ({}{})", options.format.name(), table.unwrap_or_default())
}

/// `out/{key}/{part}.csv (csv), a file for each key and 1000 items or 64MB`
fn parts(split: &SplitOptions) -> String {
    let key = split.path.has_key().then(|| "key".to_owned());
    let bytes = split.bytes.map(size::format);
    let each = match split.rows {
        // One item has one key, and is never cut.
        Some(1) => "item".to_owned(),
        rows => {
            let rows = rows.map(|rows| format!("{rows} items"));
            let most: Vec<String> = rows.into_iter().chain(bytes).collect();
            let most = (!most.is_empty()).then(|| most.join(" or "));
            key.into_iter().chain(most).collect::<Vec<_>>().join(" and ")
        }
    };
    format!("{}, a file for each {each}", writing(&split.each))
}

/// Where the types of columns come from: `types: id integer, price number declared`.
fn columns(options: &WriteOptions) -> Option<String> {
    let WrittenColumns { source, columns, is_part } = written_columns(options)?;
    let of = |origin| columns.iter().filter(move |column| column.origin == origin);
    let names = |origin| listed(of(origin).map(|column| &column.name));
    let has = |origin| of(origin).next().is_some();
    let mut parts = Vec::new();
    parts.extend(has(TypeOrigin::Declared).then(|| declared(&columns, source.as_deref())));
    parts.extend(from_sources(&columns));
    parts.extend(has(TypeOrigin::Guessed).then(|| format!("{} guessed", names(TypeOrigin::Guessed))));
    let said = match (parts.is_empty(), is_part, source) {
        (false, false, _) => parts.join(" · "),
        (false, true, Some(source)) => {
            format!("{} · others from {source}, when it is there", parts.join(" · "))
        }
        (false, true, None) => format!("{} · others guessed", parts.join(" · ")),
        (true, _, Some(source)) => format!("from {source}, when it is there"),
        (true, _, None) => "guessed from the first items".to_owned(),
    };
    Some(printable(&format!("types: {said}")).into_owned())
}

/// The columns that were declared, or are those of a source.
fn declared(columns: &[WrittenColumn], source: Option<&str>) -> String {
    let declared = columns.iter().filter(|column| column.origin == TypeOrigin::Declared);
    let typed =
        |column: &WrittenColumn| format!("{} {}", column.name, column.kind.as_deref().unwrap_or_default());
    match source {
        Some(source) => {
            format!("{} declared, those of {source}", listed(declared.map(|column| &column.name)))
        }
        None => format!("{} declared", listed(declared.map(typed))),
    }
}

/// `a, b from docs` for each source.
fn from_sources(columns: &[WrittenColumn]) -> Vec<String> {
    let mut sources: Vec<(&str, Vec<&str>)> = Vec::new();
    for column in columns.iter().filter(|column| column.origin == TypeOrigin::Source) {
        let source = column.source.as_deref().unwrap_or("several sources");
        match sources.iter_mut().find(|(known, _)| *known == source) {
            Some((_, names)) => names.push(&column.name),
            None => sources.push((source, vec![&column.name])),
        }
    }
    sources.into_iter().map(|(source, names)| format!("{} from {source}", names.join(", "))).collect()
}

fn listed(parts: impl Iterator<Item = impl ToString>) -> String {
    parts.map(|part| part.to_string()).collect::<Vec<_>>().join(", ")
}

/// How items are worked on: `concurrency 8 · retries 1 (1s) · timeout 10s`.
fn effort(each: &MapLike) -> String {
    let policy = &each.policy;
    let mut parts: Vec<String> =
        each.function.program().map(|program| running(program, policy)).into_iter().collect();
    let total = policy.total.map(|total| format!(", {total} in all processes together"));
    parts.push(format!("concurrency {}{}", policy.concurrency, total.unwrap_or_default()));
    if policy.retries.max > 0 {
        parts.push(retries(&policy.retries, each.retry_when.is_some()));
    }
    let limits = [("timeout", policy.timeout), ("item deadline", policy.item_deadline)];
    parts.extend(limits.iter().filter_map(|(name, limit)| Some(format!("{name} {}", duration((*limit)?)))));
    parts.extend(policy.rate_limits.iter().map(rate));
    parts.extend(policy.breaker.as_ref().map(breaker));
    parts.join(" · ")
}

/// `` `python3 clean.py` in 2 processes with 64 lanes each ``
fn running(program: &ItemProgram, policy: &Policy) -> String {
    let processes = policy.concurrency.div_ceil(policy.lanes);
    let several = if processes == 1 { "process" } else { "processes" };
    let lanes = match policy.lanes {
        1 => String::new(),
        lanes if lanes > policy.concurrency => {
            format!(" with {lanes} lanes, {} of them in use", policy.concurrency)
        }
        lanes => format!(" with {lanes} lanes{}", if processes == 1 { "" } else { " each" }),
    };
    format!("`{}` in {processes} {several}{lanes}", printable(&program.shown()))
}

/// ``at most 600/m, shared as `api` ``
fn rate(limit: &RateUse) -> String {
    let shared = limit.name.as_ref().map(|name| format!(", shared as `{name}`")).unwrap_or_default();
    let taken = if limit.weighted { ", each attempt by its cost" } else { "" };
    format!("at most {}{shared}{taken}", limit.rate)
}

/// `pauses 1m after 20 failures in a row, up to 10m`
fn breaker(breaker: &Breaker) -> String {
    let (pause, longest) = (duration(breaker.pause), duration(breaker.max_pause));
    let failures = if breaker.after == 1 { "failure" } else { "failures in a row" };
    let up_to = if breaker.max_pause > breaker.pause { format!(", up to {longest}") } else { String::new() };
    format!("pauses {pause} after {} {failures}{up_to}", breaker.after)
}

/// `retries 3 (1s, then twice as long, up to 1m)`
fn retries(retries: &Retries, conditional: bool) -> String {
    // No wait is longer than `max_delay`, the first one neither.
    let mut waits = vec![format!("after {}", duration(retries.delay.min(retries.max_delay)))];
    if retries.max > 1 && retries.factor > 1.0 && !retries.delay.is_zero() {
        let cap = duration(retries.max_delay);
        waits.push(format!("each wait {} times the last, up to {cap}", retries.factor));
    }
    waits.extend(retries.jitter.phrase().map(str::to_owned));
    if conditional {
        waits.push("if its `when` says so".to_owned());
    }
    let waits = waits.join(", ");
    let budget = retries.budget.map_or(String::new(), |budget| format!(", {budget} in all"));
    format!("retries {}{budget} ({waits})", retries.max)
}

/// What it takes to succeed: `needs 95 % to succeed, 190 of 200 items · at most 10 failed`
fn verdict(policy: &Policy, count: Option<Count>) -> String {
    let ratio = policy.min_success_ratio;
    let known = count.filter(|count| count.exact).map(|count| count.most);
    let known = known.map_or(String::new(), |most| format!(", {} of {most} items", ratio.of(most)));
    let mut parts = vec![format!("needs {} to succeed{known}", percent_of(ratio))];
    parts.extend(policy.max_failures.map(|most| format!("at most {most} failed")));
    match policy.fail_fast {
        FailFast::Off => {}
        FailFast::Interrupt => parts.push("stops at the first failure".to_owned()),
        FailFast::Drain => parts.push("starts nothing after the first failure".to_owned()),
    }
    if policy.stop_early {
        parts.push("stops when that is out of reach".to_owned());
    }
    parts.join(" · ")
}

/// How long it can take.
fn time(policy: &Policy, count: Option<Count>, deadline: Option<Duration>) -> String {
    let whole = match count {
        Some(count) => worst_step(policy, count.most, deadline),
        None => deadline,
    };
    let unbounded = count.and_then(|count| worst_step(policy, count.most, None));
    if let (Some(item), Some(worst), Some(deadline)) = (worst_item(policy), unbounded, deadline)
        && worst > deadline
    {
        let (item, worst, deadline) = (duration(item), duration(worst), duration(deadline));
        return format!("at worst {item} an item, {worst} in all: longer than the deadline of {deadline}");
    }
    // How many pauses there will be nobody knows.
    let endless = policy.breaker.is_some() && policy.item_deadline.is_none();
    let pauses = if endless { ", without pauses of the breaker" } else { "" };
    match (worst_item(policy), whole) {
        (Some(item), Some(whole)) => {
            format!("at worst {} an item, {} in all{pauses}", duration(item), duration(whole))
        }
        (Some(item), None) => format!("at worst {} an item{pauses}", duration(item)),
        (None, Some(whole)) => format!("no limit of time for an item, {} in all", duration(whole)),
        (None, None) => "no limit of time".to_owned(),
    }
}

/// What must hold or have ended before, and by when it must end.
fn conditions(plan: &Plan, selected: &[bool], step: &Step) -> Option<String> {
    let needs: Vec<&str> =
        step.needs.iter().filter(|id| selected[id.at()]).map(|id| &*plan.steps[id.at()].name).collect();
    let when = step.when.as_ref().and_then(|when| plan.file.text().get(when.span.start..when.span.end));
    let parts: Vec<String> = [
        (!needs.is_empty()).then(|| format!("after {}", needs.join(", "))),
        when.map(|when| format!("only when {}", printable(when.trim()))),
        step.deadline.map(|deadline| format!("deadline {}", duration(deadline))),
        step.local.then(|| "never sent elsewhere".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn duration(duration: Duration) -> String {
    duration::format(duration)
}
