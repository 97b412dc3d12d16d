//! Any settings at all: `start` gives a monitor that works where every value is in its documented range, and else an
//! error that names a setting which is out of its range, its value and what is allowed.

#![no_main]

mod input;
mod model;

use foreshock::{Builder, Clock, Error, FailureType, Monitor, Pattern};
use input::{Kind, PatternInput, Setting, Time};
use libfuzzer_sys::fuzz_target;
use model::{Model, NUMBERS, TIMES};
use std::time::Duration;

fn set(builder: Builder, model: &mut Model, setting: &Setting) -> Builder {
    match setting {
        Setting::Number(place, number) => {
            let field = NUMBERS[usize::from(*place) % NUMBERS.len()];
            set_number(builder, model, field, number.value())
        }
        Setting::Time(place, time) => {
            let field = TIMES[usize::from(*place) % TIMES.len()];
            let time = time.value();
            if (field, time) == ("refresh_every", Duration::MAX) {
                // Stands for the default in the model.
                return builder;
            }
            model.times.insert(field, time);
            set_time(builder, field, time)
        }
        Setting::Prefix(name) => {
            model.prefix = name.value();
            builder.prefix(name.value())
        }
        Setting::CustomFailure(name) => {
            model.custom.push(name.forever());
            builder.custom_failure(name.forever())
        }
        Setting::Pattern(input) => set_pattern(builder, model, input),
        Setting::NoPatterns => {
            model.patterns.clear();
            builder.no_patterns()
        }
        Setting::Flags(latency, raise) => builder.track_latency(*latency).raise_lock_timeouts(*raise),
    }
}

fn set_number(builder: Builder, model: &mut Model, field: &'static str, value: u64) -> Builder {
    let (size, small) = (value as usize, value as u32);
    let is_small = matches!(field, "consecutive_timeouts" | "min_completed" | "timeout_percent");
    if (field, value) == ("max_published_paths", u64::MAX) {
        // Stands for the default in the model.
        return builder;
    }
    model.numbers.insert(field, if is_small { small.into() } else { value });
    match field {
        "max_paths" => builder.max_paths(size),
        "max_components" => builder.max_components(size),
        "max_threads" => builder.max_threads(size),
        "ring_events" => builder.ring_events(size),
        "open_attempts" => builder.open_attempts(size),
        "max_published_paths" => builder.max_published_paths(size),
        "consecutive_timeouts" => builder.consecutive_timeouts(small),
        "min_completed" => builder.min_completed(small),
        "timeout_percent" => builder.timeout_percent(small),
        "recurrence_episodes" => builder.recurrence_episodes(size),
        _ => builder.kept_episodes(size),
    }
}

fn set_time(builder: Builder, field: &'static str, time: Duration) -> Builder {
    match field {
        "tick" => builder.tick(time),
        "publish_every" => builder.publish_every(time),
        "refresh_every" => builder.refresh_every(time),
        "degraded_for" => builder.degraded_for(time),
        "window" => builder.window(time),
        "bucket" => builder.bucket(time),
        "slow_after" => builder.slow_after(time),
        "local_pause_after" => builder.local_pause_after(time),
        "late_after" => builder.late_after(time),
        "retire_after" => builder.retire_after(time),
        _ => builder.recurrence_window(time),
    }
}

fn set_pattern(builder: Builder, model: &mut Model, input: &PatternInput) -> Builder {
    let (name, initial) = (input.name.value(), input.initial.value());
    let subsequent: Vec<FailureType> = input.subsequent.iter().map(Kind::value).collect();
    let window = input.window.map_or(Duration::from_secs(30), Time::value);
    let min = input.min_subsequent.map_or(2, |min| min.value() as u32);
    model.patterns.retain(|(known, ..)| *known != name);
    model.patterns.push((name.clone(), initial, subsequent.clone(), window, min.into()));
    builder.pattern(Pattern::new(name, initial).subsequent(subsequent).window(window).min_subsequent(min))
}

fn check_error(error: &Error, wrong: &[&'static str]) {
    assert!(error.is_config() && !error.is_memory() && !error.is_thread(), "{error}");
    let field = error.field().expect("a refused setting has a name");
    assert!(wrong.contains(&field), "{error}, but wrong are {wrong:?}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("{field} = ")) && text.contains(": allowed is "), "{text}");
    assert!(text.len() < 8_192 && !text.contains('\n'), "{text}");
}

/// It records, judges, publishes and ends.
fn check_monitor(monitor: &Monitor, time: &foreshock::ManualTime, custom: &[&'static str]) {
    let path = monitor.lock_path("a");
    for second in [0, 1, 40, 400] {
        time.advance(Duration::from_secs(second));
        let attempt = path.attempt();
        monitor.record_failure(FailureType::PeerUnreachable, "b");
        monitor.record_timeout("a");
        for kind in custom {
            monitor.record_failure(FailureType::Custom(kind), "b");
        }
        attempt.success();
        monitor.tick();
    }
    monitor.shutdown();
    let statistics = monitor.statistics();
    assert_eq!((statistics.outcomes.success, statistics.outcomes.timeout), (4, 4));
    assert_eq!(statistics.total_events, statistics.processed_events + statistics.dropped_events);
    assert_eq!((statistics.panics, statistics.dropped.unregistered_type), (0, 0));
}

fuzz_target!(|settings: Vec<Setting>| {
    let (mut model, builder) = Model::small();
    let builder =
        settings.iter().take(64).fold(builder, |builder, setting| set(builder, &mut model, setting));
    let wrong = model.wrong();
    if wrong.is_empty() && model.is_large() {
        return;
    }
    let (clock, time) = Clock::manual();
    match builder.clock(clock).start() {
        Ok(monitor) => {
            assert!(wrong.is_empty(), "started with {wrong:?} out of their ranges");
            check_monitor(&monitor, &time, &model.custom);
        }
        Err(error) => check_error(&error, &wrong),
    }
});
