//! What one would use instead, one file a family. Where a crate leaves a choice, the quicker way of using it is taken.

mod breakers;
mod counters;
mod opentelemetry;
mod queues;
mod reference;

use crate::measure::Subject;

pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects = reference::subjects();
    subjects.extend(counters::subjects());
    subjects.extend(opentelemetry::subjects());
    subjects.extend(breakers::subjects());
    subjects.extend(queues::subjects());
    subjects
}
