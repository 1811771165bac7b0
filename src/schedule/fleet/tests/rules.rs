//! Each rule of the machine, alone, with its times. What holds in every world stands beside this file.

mod deaths;
mod endings;
mod stage;
mod waves;
