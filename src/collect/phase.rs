//! The phases of a tick by name, for a test to have one panic.

/// What a tick has just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    ClockRead,
    PathSummed,
    PathsSummed,
    FailuresSummed,
    /// Out of its ring and counted, and not yet judged.
    EventTaken,
    Drained,
    Detected,
    InFlightFound,
    Judged,
    PathsRetired,
    PathLetGo,
    Looked,
    WaitsTaken,
}

/// Nothing, but in a test.
#[derive(Default)]
pub(super) struct Faults {
    /// A tick that gets there panics.
    #[cfg(test)]
    pub(super) after: Option<Phase>,
}

impl Faults {
    #[inline(always)]
    pub(super) fn reached(&self, phase: Phase) {
        #[cfg(test)]
        assert_ne!(self.after, Some(phase), "asked for by a test");
        #[cfg(not(test))]
        let _ = phase;
    }
}
