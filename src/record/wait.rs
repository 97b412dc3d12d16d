//! How long an attempt took, on its way to the collector.

/// How long an attempt took, in one word: path + 1 in the upper 20 bits, nanoseconds in the lower 44.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitSample {
    pub(crate) path: u32,
    pub(crate) wait_ns: u64,
}

impl WaitSample {
    const NS_BITS: u32 = 44;
    /// About 4.9 hours; longer waits are recorded as this.
    const MAX_NS: u64 = (1 << Self::NS_BITS) - 1;

    #[inline(always)]
    pub(crate) fn to_word(self) -> u64 {
        ((u64::from(self.path) + 1) << Self::NS_BITS) | self.wait_ns.min(Self::MAX_NS)
    }

    pub(crate) fn from_word(word: u64) -> Self {
        Self { path: ((word >> Self::NS_BITS) - 1) as u32, wait_ns: word & Self::MAX_NS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_survives_its_packing_and_a_huge_one_is_clamped() {
        let sample = WaitSample { path: 65_536, wait_ns: 12_345 };
        assert_eq!(WaitSample::from_word(sample.to_word()), sample);
        let huge = WaitSample { path: 0, wait_ns: u64::MAX };
        assert_eq!(WaitSample::from_word(huge.to_word()).wait_ns, WaitSample::MAX_NS);
    }
}
