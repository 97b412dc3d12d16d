//! Giving the numbers of idle paths back.
//!
//! A thread that records by name pins its block, looks the number up and records; no fence on its side costs more
//! than a compiler barrier. The collector therefore goes in steps, each at its own tick:
//!
//! 1. condemn: the name is marked, (FENCE) a heavy fence is passed, and every block that is pinned is noted. A
//!    thread that pins after the fence sees the mark and takes the name back by a compare-exchange; one that pinned
//!    before is noted. Pairs with the light fence in `Writer::pin`.
//! 2. when each noted pin has ended: what was recorded inside of it is visible, and so is a handle that was taken. If no handle
//!    is left, what was recorded through the last one is visible too, and nothing is recorded any more unless the name is
//!    taken back: the sums of the next tick show all of it. (Asked together with those sums it would be too late: a record
//!    may come between them and the end of the last handle.)
//! 3. kill: if nothing was recorded and nobody took the name back, look-ups pass the name over from now on; it is unlinked,
//!    and after another (FENCE) every pinned block is noted again.
//! 4. when each noted pin has ended no thread stands on the node any more: the number is free.

use super::paths::{PathState, PathSums};
use crate::record::shared::Shared;
use crate::sync::{Ordering, order, seeded, two_sided_fence};

/// A path that is idle, and kept for another reason, is looked at again after this long.
const LOOK_AGAIN_NS: u64 = 1_000_000_000;

#[derive(Default)]
pub(crate) struct Retirement {
    candidates: Vec<Candidate>,
    /// Before this time no path can become a candidate.
    due: u64,
}

struct Candidate {
    path: u32,
    step: Step,
    /// Blocks that were pinned at the fence: place in the pool, token.
    pins: Vec<(usize, u64)>,
    sums: PathSums,
}

/// Stands for pins that nothing is known about. No block has this place.
const NEVER_ENDS: (usize, u64) = (usize::MAX, 0);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Condemned,
    /// Every pin of the fence has ended; the next sums count.
    Quiet,
    Dead,
}

impl Retirement {
    /// There may be a path that was idle for long enough.
    pub(super) fn is_due(&self, now: u64) -> bool {
        now >= self.due
    }

    /// Looks for idle paths, and begins their retirement. `false`: this machine has no heavy fence, and nothing is
    /// retired.
    pub(super) fn find_idle(
        &mut self,
        shared: &Shared,
        now: u64,
        retire_after_ns: u64,
        paths: &[Option<PathState>],
        mentioned: impl Fn(u32) -> bool,
    ) -> bool {
        self.due = now.saturating_add(retire_after_ns);
        let mut idle = Vec::new();
        for (number, path) in (0..shared.paths.other()).zip(paths) {
            let Some(path) = path else { continue };
            let idle_at = path.last_active.saturating_add(retire_after_ns);
            let look_at = if idle_at > now { idle_at } else { now.saturating_add(LOOK_AGAIN_NS) };
            self.due = self.due.min(look_at);
            let is_free = || path.placed == 0 && !is_held(shared, number) && !mentioned(number);
            if idle_at <= now && !self.is_candidate(number) && is_free() {
                idle.push((number, path.sums));
            }
        }
        self.condemn(shared, idle)
    }

    pub(crate) fn is_candidate(&self, path: u32) -> bool {
        self.candidates.iter().any(|c| c.path == path)
    }

    /// Begins the retirement of paths that had these sums and were idle; `false` as of `find_idle`.
    pub(crate) fn condemn(&mut self, shared: &Shared, idle: Vec<(u32, PathSums)>) -> bool {
        let marked: Vec<_> = idle.into_iter().filter(|(path, _)| shared.paths.condemn(*path)).collect();
        if marked.is_empty() {
            return true;
        }
        // (FENCE)
        if !two_sided_fence::heavy() {
            for (path, _) in marked {
                shared.paths.rescue(path);
            }
            return false;
        }
        let pins = pinned(shared);
        self.candidates.extend(marked.into_iter().map(|(path, sums)| Candidate {
            path,
            step: Step::Condemned,
            pins: pins.clone(),
            sums,
        }));
        true
    }

    /// One step for each candidate. `sums` are this tick's; `mentioned`: something still speaks of the path.
    /// Returns the paths that ended: nothing is recorded under their numbers any more.
    pub(crate) fn advance(
        &mut self,
        shared: &Shared,
        sums: impl Fn(u32) -> PathSums,
        mentioned: impl Fn(u32) -> bool,
    ) -> Vec<u32> {
        let mut ended = Vec::new();
        self.candidates.retain_mut(|candidate| {
            let path = candidate.path;
            if !candidate.pins_ended(shared) {
                return true;
            }
            match candidate.step {
                Step::Condemned => {
                    let is_held = is_held(shared, path) && !seeded("handle_asked_late");
                    if is_held {
                        shared.paths.rescue(path);
                    }
                    candidate.step = Step::Quiet;
                    !is_held
                }
                Step::Quiet => {
                    if (sums(path) != candidate.sums && !seeded("sums_unasked"))
                        || mentioned(path)
                        || !shared.paths.kill(path)
                    {
                        shared.paths.rescue(path);
                        return false;
                    }
                    shared.paths.unlink(path);
                    candidate.step = Step::Dead;
                    ended.push(path);
                    true
                }
                Step::Dead => {
                    if let Some(cell) = shared.cell(path) {
                        cell.reset(shared.id, || shared.is_live());
                    }
                    shared.paths.free(path);
                    false
                }
            }
        });
        if !ended.is_empty() {
            self.note_pins_of_dead(shared);
        }
        ended
    }

    fn note_pins_of_dead(&mut self, shared: &Shared) {
        // (FENCE) Cannot fail where the one of `condemn` did not; if it does, nothing is freed.
        let fenced = two_sided_fence::heavy();
        let pins = pinned(shared);
        for candidate in self.candidates.iter_mut().filter(|c| c.step == Step::Dead) {
            candidate.pins = if fenced { pins.clone() } else { vec![NEVER_ENDS] };
        }
    }
}

impl Candidate {
    fn pins_ended(&mut self, shared: &Shared) -> bool {
        self.pins.retain(|(index, token)| shared.pool.pin_lasts(*index, *token));
        self.pins.is_empty()
    }
}

fn pinned(shared: &Shared) -> Vec<(usize, u64)> {
    if seeded("pins_unnoted") {
        return Vec::new();
    }
    let pins = shared.pool.blocks();
    pins.filter_map(|block| block.pinned().map(|token| (block.index, token))).collect()
}

/// A handle is held on the path, an attempt is in flight that has no place of its own, or one was announced and not
/// answered.
pub(crate) fn is_held(shared: &Shared, path: u32) -> bool {
    if seeded("handles_unasked") {
        return false;
    }
    shared.cell(path).is_some_and(|cell| {
        // Acquire: pairs with (HANDLE) in `record/path.rs`.
        cell.handles.load(order!(Acquire, "handle_seen")) > 0
            || cell.unplaced.load(Ordering::Relaxed) > 0
            || cell.announced.load(Ordering::Relaxed) > 0
    })
}
