//! Randomness for ids, from the operating system.

use mayday_core::port::Random;

/// The operating system's random bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn bits(&self) -> u128 {
        let mut bytes = [0; 16];
        // The Linux kernel refuses only before it has booted. Were it ever to, ids would be told apart by their time alone,
        // and the table's conditions would catch two that are the same.
        let _ = getrandom::fill(&mut bytes);
        u128::from_be_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_differ_in_both_halves() {
        let (one, other) = (SystemRandom.bits(), SystemRandom.bits());
        assert_ne!(one >> 64, other >> 64);
        assert_ne!(one & u128::from(u64::MAX), other & u128::from(u64::MAX));
    }
}
