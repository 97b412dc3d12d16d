//! How much of a thing: little on every run, all of it where `ci/deep` asks.

/// `deep` if `FORESHOCK_DEEP` is set, else `light`.
pub(crate) fn scaled(light: u64, deep: u64) -> u64 {
    if std::env::var_os("FORESHOCK_DEEP").is_some() { deep } else { light }
}
