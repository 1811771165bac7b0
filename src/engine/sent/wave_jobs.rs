//! The jobs of a wave are known by their names, whoever coordinates them.

use crate::fleet::WaveJobs;
use crate::store::{RemoteFile, RemotePlace};

/// A wave of a step of a run, which is known by its name whoever coordinates it: so many jobs, and how many at once.
pub(in crate::engine) fn wave_jobs(
    place: &RemotePlace,
    (run, position): (&str, usize),
    wave: u32,
    (jobs, throttle): (u32, u32),
) -> WaveJobs {
    let name = format!("fr-{run}-s{position}-w{wave}");
    let logs = (0..jobs).map(|task| place.file(&RemoteFile::Log(wave, task))).collect();
    WaveJobs { wave, name, jobs, throttle, logs }
}
