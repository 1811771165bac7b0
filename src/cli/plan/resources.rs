//! This module says what one worker of a step needs, and whether this machine has it.

use std::fs;

use crate::cli::load;
use crate::plan::{Body, MapLike, Plan, Verb};
use crate::schedule::Resources;
use crate::value::{duration, size};

/// `each worker needs 4 cores, 8GB, 1 GPU, 4h`
pub(super) fn needs(resources: &Resources) -> Option<String> {
    let Resources { cores, memory, gpus, time } = resources;
    let parts: Vec<String> = [
        cores.map(cores_in_words),
        memory.map(size::format),
        gpus.as_ref().map(|gpus| match gpus.as_str() {
            "1" => "1 GPU".to_owned(),
            gpus => format!("{gpus} GPUs"),
        }),
        time.map(duration::format),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("each worker needs {}", parts.join(", ")))
}

/// What this machine lacks that steps need, a line each.
pub(super) fn lacking(plan: &Plan, selected: &[bool]) -> Vec<String> {
    let (cores, memory) = (load::cores(), total_memory());
    let mut lines = Vec::new();
    for step in plan.steps.iter().filter(|step| selected[step.id.at()]) {
        let Body::Ready(Verb::MapLike(each)) = &step.body else { continue };
        lines.extend(
            lacks(each, cores, memory).into_iter().map(|lack| format!("step `{}` {lack}", step.name)),
        );
    }
    lines
}

fn lacks(each: &MapLike, cores: usize, memory: Option<u64>) -> Vec<String> {
    let asked = each.resources.cores.filter(|asked| *asked as usize > cores);
    let too_few = asked.map(|asked| {
        let has = u32::try_from(cores).unwrap_or(u32::MAX);
        format!("asks for {} a worker, and this machine has {}", cores_in_words(asked), cores_in_words(has))
    });
    let asked = each.resources.memory.zip(memory).filter(|(asked, has)| asked > has);
    let too_small = asked.map(|(asked, has)| {
        let has = has as f64 / 1e9;
        format!("asks for {} of memory a worker, and this machine has {has:.1}GB", size::format(asked))
    });
    too_few.into_iter().chain(too_small).collect()
}

fn cores_in_words(count: u32) -> String {
    format!("{count} core{}", if count == 1 { "" } else { "s" })
}

/// Bytes of memory of the machine, where it says so.
fn total_memory() -> Option<u64> {
    let about = fs::read_to_string("/proc/meminfo").ok()?;
    let line = about.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
