//! A batch is what `sbatch` is given for a wave: its arguments, and a script on its standard input.

use std::time::Duration;

use super::slurm_options::SlurmOptions;
use crate::fleet::job_engine::WaveJobs;
use crate::fleet::job_needs::JobNeeds;
use crate::schedule::fleet::Submission;
use crate::value::shell_word;

/// A worker is told to end so long before the end of its job, and at the latest at this share of it: more than the whole time
/// would mean at once.
const TERM_BEFORE: (Duration, u32) = (Duration::from_secs(60), 4);
const MEBIBYTE: u64 = 1 << 20;

/// What `sbatch` says where it is not known whether the controller has taken the jobs.
const UNANSWERED: [&str; 6] = [
    "Unable to contact slurm controller",
    "timed out",
    "Zero Bytes were transmitted",
    "Unexpected message received",
    "standby mode",
    "authentication",
];
/// What it says of jobs that will never be taken. Everything else may be a limit of today.
const FINAL: [&str; 8] = [
    "Invalid",
    "invalid",
    "not available",
    "can not be satisfied",
    "not permitted",
    "denied",
    "unrecognized option",
    "not supported",
];
/// What the same words follow though there may be room later.
const LIMITS: [&str; 3] = ["MaxSubmit", "MaxJobs", "quota"];

/// The arguments for a wave of a step whose remote folder is this one.
pub(super) fn arguments(
    options: &SlurmOptions,
    needs: &JobNeeds,
    remote: &str,
    wave: &WaveJobs,
) -> Vec<String> {
    let mut words: Vec<String> =
        ["--parsable", "--export=ALL", "--requeue", "--open-mode=append"].map(str::to_owned).to_vec();
    let last = wave.jobs.saturating_sub(1);
    words.extend([
        format!("--job-name={}", wave.name),
        format!("--array=0-{last}%{}", wave.throttle.max(1)),
        // A folder that is missing fails the job without a word; this one is there. The log is named from there, because
        // a `%` in the path would mean something.
        format!("--chdir={remote}"),
        format!("--output=log/{}.%a.out", wave.wave),
        format!("--cpus-per-task={}", needs.cores),
        format!("--mem={}M", needs.memory.div_ceil(MEBIBYTE)),
    ]);
    if let Some(time) = needs.time {
        let before = TERM_BEFORE.0.min(time / TERM_BEFORE.1).as_secs();
        words.extend([format!("--time={}", clock(time)), format!("--signal=B:TERM@{before}")]);
    }
    words.extend(needs.gpus.iter().map(|gpus| format!("--gpus={gpus}")));
    words.extend(options.options.iter().map(|(name, value)| format!("--{name}={value}")));
    words.extend(options.extra.iter().cloned());
    words
}

/// Days, hours, minutes and seconds, as Slurm reads them.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs().max(1);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    format!("{days}-{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

/// The script: its process becomes the worker, so that signals for the job are the worker's.
pub(super) fn script(options: &SlurmOptions, remote: &str, wave: u32) -> String {
    let setup = options.setup.as_deref().map(|setup| format!("{}\n", setup.trim_end())).unwrap_or_default();
    let program = shell_word(&options.program.to_string_lossy());
    format!(
        "#!/bin/sh\n{setup}exec {program} worker {} {wave} \"$SLURM_ARRAY_TASK_ID\"\n",
        shell_word(remote)
    )
}

/// The id that `sbatch --parsable` has printed, perhaps with the name of a cluster behind it.
pub(super) fn id(printed: &str) -> Option<u64> {
    printed.lines().rev().find(|line| !line.trim().is_empty())?.split(';').next()?.trim().parse().ok()
}

/// What it means that `sbatch` has taken nothing, by its words.
pub(super) fn refusal(complaint: &str) -> Submission {
    let has = |words: &[&str]| words.iter().any(|word| complaint.contains(word));
    let lines =
        complaint.lines().map(|line| line.trim_start_matches("sbatch: ").trim_start_matches("error: "));
    let lines: Vec<&str> =
        lines.filter(|line| !line.trim().is_empty() && !line.starts_with("Try ")).collect();
    let why = if lines.is_empty() { "`sbatch` did not end with 0".into() } else { lines.join("; ").into() };
    if has(&UNANSWERED) {
        Submission::Unsure
    } else if has(&FINAL) && !has(&LIMITS) {
        Submission::Refused(why)
    } else {
        Submission::Full(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_an_array_whose_script_becomes_the_worker() {
        let options = SlurmOptions {
            program: "/state/bin/flowrun-1".into(),
            setup: Some("module load x\n".to_owned()),
            env: Vec::new(),
            options: vec![("partition", "batch".to_owned()), ("nice", "100".to_owned())],
            extra: vec!["--exclusive=user".to_owned()],
        };
        let time = Some(Duration::from_secs(3 * 86_400 + 90));
        let needs = JobNeeds { cores: 4, memory: 4_000_000_000, gpus: Some("a100:2".to_owned()), time };
        let name = "fr-r-s2-w7".to_owned();
        let wave = WaveJobs { wave: 7, name, jobs: 100, throttle: 50, logs: Vec::new() };
        let expect = "--parsable --export=ALL --requeue --open-mode=append --job-name=fr-r-s2-w7 --array=0-99%50 \
            --chdir=/s/r --output=log/7.%a.out --cpus-per-task=4 --mem=3815M --time=3-00:01:30 --signal=B:TERM@60 \
            --gpus=a100:2 --partition=batch --nice=100 --exclusive=user";
        assert_eq!(arguments(&options, &needs, "/s/r", &wave).join(" "), expect);
        let script = script(&options, "/s/a run", 7);
        let expect = "#!/bin/sh\nmodule load x\nexec /state/bin/flowrun-1 worker '/s/a run' 7 \"$SLURM_ARRAY_TASK_ID\"\n";
        assert_eq!(script, expect);
        let short = JobNeeds { time: Some(Duration::from_secs(60)), ..needs };
        let words = arguments(&options, &short, "/s/r", &wave).join(" ");
        assert!(words.contains("--time=0-00:01:00 --signal=B:TERM@15 "), "{words}");
    }

    #[test]
    fn ids_may_have_a_cluster_behind_them() {
        assert_eq!(id("1234\n"), Some(1234));
        assert_eq!(id("welcome\n1234;campus\n"), Some(1234));
        assert_eq!(id("welcome\n"), None);
    }

    #[test]
    fn refusals_are_for_good_for_now_or_no_answer() {
        let refused = [
            "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified",
            "sbatch: error: Memory specification can not be satisfied\nsbatch: error: Batch job submission failed: Requested node configuration is not available",
            "sbatch: unrecognized option '--bogus=1'\nTry \"sbatch --help\" for more information",
            "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
        ];
        for said in refused {
            assert!(matches!(refusal(said), Submission::Refused(_)), "{said}");
        }
        let expect = "unrecognized option '--bogus=1'";
        assert_eq!(refusal(refused[2]), Submission::Refused(expect.into()));
        for said in [
            "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
            "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
            "sbatch: error: Slurm temporarily unable to accept job",
            "sbatch: error: come back tomorrow",
        ] {
            assert!(matches!(refusal(said), Submission::Full(_)), "{said}");
        }
        for said in [
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
            "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
        ] {
            assert_eq!(refusal(said), Submission::Unsure, "{said}");
        }
    }
}
