//! Fixed tables whose allocation may fail without taking the host down.

use crate::error::Error;

/// A boxed slice of `len` elements, or an error where the allocator has no room.
pub(crate) fn boxed<T>(
    what: &'static str,
    len: usize,
    mut element: impl FnMut() -> T,
) -> Result<Box<[T]>, Error> {
    let mut table = Vec::new();
    table.try_reserve_exact(len).map_err(|_| Error::memory(what))?;
    table.extend((0..len).map(|_| element()));
    // Nothing is left over to give back, so this does not allocate.
    Ok(table.into_boxed_slice())
}
