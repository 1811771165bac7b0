//! Programs as item functions: what they are sent and what they answer, which process gets which item, and the processes
//! themselves.
//!
//! A process is started at its first item and kept. It is spoken to in JSON lines, and what it does wrong (it hangs, dies, or
//! says what is no answer) costs as few items as can be told.

mod answer;
mod answer_lines;
mod crew;
mod definition;
mod process;
mod rehearsal;
mod request;
mod result;
mod sayings;

pub use answer::{Answer, ErrorAnswer, Line, Said, read};
pub use answer_lines::{AnswerLines, TooLong};
pub use crew::place::Job;
pub use crew::{Answered, Crew, CrewOptions, End, Order};
pub use definition::{ItemProgram, ProgramValue};
pub use process::{Leaving, PATIENCE, Process, ProcessEvent, Pulse};
pub use rehearsal::{Judgement, Scene, Wanted, rehearse};
pub use request::{Request, RequestContext};
pub use result::{write, write_all};
pub use sayings::{Sayings, boundary};
