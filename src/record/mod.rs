//! The recording path: any thread, bounded steps, no lock, no allocation, no system call.
//!
//! Top to bottom: the handles a host holds (`path`, `attempt`, `component`) -> what they share (`shared`) -> the
//! thread's own block (`operations`, `local`, `pool`, `writer`, `block`) -> counters and rings, which the collector reads.

mod attempt;
pub(crate) mod block;
pub(crate) mod boxed;
pub(crate) mod calm;
pub(crate) mod cell;
mod component;
pub(crate) mod counters;
pub(crate) mod event;
pub(crate) mod failure;
mod local;
pub(crate) mod name;
pub(crate) mod open;
mod operations;
pub(crate) mod outcome;
mod path;
pub(crate) mod pin;
pub(crate) mod pool;
mod recent;
pub(crate) mod ring;
pub(crate) mod run;
pub(crate) mod sequence;
pub(crate) mod shared;
pub(crate) mod table;
pub(crate) mod tally;
pub(crate) mod wait;
pub(crate) mod writer;

pub use attempt::Attempt;
pub use component::Component;
pub use event::Operation;
pub use failure::FailureType;
pub(crate) use local::forget_last;
pub use outcome::Outcome;
pub use path::LockPath;
