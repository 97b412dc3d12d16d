//! The quick tests of the core in one program, for `cargo mutants`: it links one where `cargo test` links twenty.
//!
//! `cargo test` passes this target over (`test = false`), for each of these is a program of its own there.

#![allow(clippy::duplicate_mod)]

#[path = "../cascades.rs"]
mod cascades;
#[path = "../episodes.rs"]
mod episodes;
#[path = "../in_flight.rs"]
mod in_flight;
#[path = "../late_events.rs"]
mod late_events;
#[path = "../late_in_a_storm.rs"]
mod late_in_a_storm;
#[path = "../lifecycle.rs"]
mod lifecycle;
#[path = "../limits.rs"]
mod limits;
#[path = "../lock_health.rs"]
mod lock_health;
#[path = "../many_components.rs"]
mod many_components;
#[path = "../noise.rs"]
mod noise;
#[path = "../published_series.rs"]
mod published_series;
#[path = "../published_values.rs"]
mod published_values;
#[path = "../races.rs"]
mod races;
#[path = "../retirement.rs"]
mod retirement;
#[path = "../section_7.rs"]
mod section_7;
#[path = "../storm.rs"]
mod storm;
#[path = "../threads.rs"]
mod threads;
#[path = "../time.rs"]
mod time;
