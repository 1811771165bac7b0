//! `--on slurm` against a real Slurm of one controller and three nodes, which `tests/slurm.sh` starts on this machine: what comes
//! out is what one process gives, whatever is killed meanwhile. Without `FLOWRUN_SLURM=1` these tests are not run.

mod cluster;
mod deaths;
mod happy;
mod limits;
