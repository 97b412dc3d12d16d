//! Memory whose allocation may fail without taking the host down.
//!
//! `Box` and `Vec` abort where the allocator has no room; here that is an error, and nothing panics.

use crate::error::Error;
use std::alloc::{Layout, alloc};
use std::hint::black_box;
use std::ptr::{self, NonNull};

/// The allocator has no room for this. Plain data: an [`Error`] may hold what the host's platform says, and a record that met
/// one could not promise that its drop does not panic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoMemory(&'static str);

impl From<NoMemory> for Error {
    fn from(NoMemory(what): NoMemory) -> Self {
        Self::memory(what)
    }
}

/// A boxed slice of `len` elements, or an error where the allocator has no room.
pub(crate) fn boxed<T>(
    what: &'static str,
    len: usize,
    mut element: impl FnMut() -> T,
) -> Result<Box<[T]>, NoMemory> {
    let layout = Layout::array::<T>(len).map_err(|_| NoMemory(what))?;
    let table = allocated::<T>(what, layout)?;
    for place in 0..len {
        // SAFETY: inside of what was allocated for `len` elements. (Should `element` panic the memory is lost, and no more.)
        unsafe { table.add(place).write(element()) };
    }
    // SAFETY: allocated by the global allocator with the layout of the slice, and every element was written.
    Ok(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(table.as_ptr(), len)) })
}

/// A boxed value, or an error where the allocator has no room.
pub(crate) fn boxed_one<T>(what: &'static str, value: T) -> Result<Box<T>, NoMemory> {
    let place = allocated::<T>(what, Layout::new::<T>())?;
    // SAFETY: allocated by the global allocator with the layout of a `T`, which is written before it is read.
    Ok(unsafe {
        place.write(value);
        Box::from_raw(place.as_ptr())
    })
}

/// A boxed copy of a text, or an error where the allocator has no room.
pub(crate) fn boxed_str(what: &'static str, text: &str) -> Result<Box<str>, NoMemory> {
    let mut bytes = text.bytes();
    let copy = boxed(what, text.len(), || bytes.next().unwrap_or_default())?;
    // SAFETY: as many bytes as the text has, and the same.
    Ok(unsafe { std::str::from_boxed_utf8_unchecked(copy) })
}

/// More than the small allocations of a start take together, with as many patterns and types as there may be. Less than what
/// the C library asks the system for one by one, and learns from.
const SMALL_BYTES: usize = 96 << 10;

/// Asks for all the room that small allocations may take which abort where there is none (shared pointers, names, the
/// thread), and gives it back. To be called before them, and again after each allocation that may have taken the last of it.
pub(crate) fn room_for_small() -> Result<(), NoMemory> {
    let mut room = Vec::<u8>::new();
    room.try_reserve_exact(SMALL_BYTES).map_err(|_| NoMemory("small parts"))?;
    // Or a compiler that sees through it asks nobody.
    black_box(room);
    Ok(())
}

fn allocated<T>(what: &'static str, layout: Layout) -> Result<NonNull<T>, NoMemory> {
    if layout.size() == 0 {
        return Ok(NonNull::dangling());
    }
    // SAFETY: the size is not 0.
    let place = unsafe { alloc(layout) };
    NonNull::new(place.cast()).ok_or(NoMemory(what))
}

#[cfg(all(test, not(foreshock_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_boxed_is_what_was_given() {
        let mut next = 0;
        let counted = boxed("numbers", 5, || {
            next += 1;
            next
        });
        assert_eq!(*counted.unwrap(), [1, 2, 3, 4, 5]);
        assert_eq!(*boxed("nothing", 0, || 1u64).unwrap(), [0u64; 0]);
        assert_eq!(boxed("units", 3, || ()).unwrap().len(), 3);
        assert_eq!(*boxed_one("a number", 7).unwrap(), 7);
        assert_eq!(&*boxed_str("a text", "bucket/€").unwrap(), "bucket/€");
        assert_eq!(&*boxed_str("no text", "").unwrap(), "");
    }

    #[test]
    fn what_no_memory_can_hold_is_an_error() {
        let error = Error::from(boxed("too much", usize::MAX, || 1u64).unwrap_err());
        assert_eq!(error.to_string(), "no memory for too much");
    }
}
