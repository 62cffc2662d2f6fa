//! Loopback addresses for servers.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::Mutex,
};

use anyhow::bail;
use sha2::{Digest as _, Sha256};

use super::PORT;

/// Hands out addresses in 127.0.0.0/8 on which nobody listens at PostgreSQL's port.
///
/// Several stacks run on one machine, so each begins at a place of its own, derived from a seed.
#[derive(Debug)]
pub struct Addresses(Mutex<Ipv4Addr>);

impl Addresses {
    /// Addresses from a place that `seed`, such as the path of the data directory, decides.
    #[must_use]
    pub fn seeded(seed: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(seed.as_bytes()).into();
        let [second, third, fourth, ..] = digest;
        // 127.0.x.y stays free: other programs like to take 127.0.0.1 and its neighbors.
        Self(Mutex::new(Ipv4Addr::new(127, second.max(1), third, fourth.clamp(1, 254))))
    }

    /// A free address. It is not reserved: a server that can't bind it asks for the next.
    ///
    /// # Errors
    /// When a thousand addresses in a row are taken, as they all are for a machine whose loopback knows only 127.0.0.1
    /// or where a server listens on all addresses.
    pub fn free(&self) -> anyhow::Result<Ipv4Addr> {
        let mut next = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for _ in 0..1000 {
            let candidate = *next;
            *next = following(candidate);
            if is_free(candidate) {
                return Ok(candidate);
            }
        }
        bail!(
            "no free address in 127.0.0.0/8 for a database server at port {PORT}: does another PostgreSQL listen on all addresses? \
             Set its listen_addresses to localhost"
        )
    }
}

/// Whether a server could listen there.
pub(super) fn is_free(address: Ipv4Addr) -> bool {
    TcpListener::bind((address, PORT)).is_ok()
}

fn following(address: Ipv4Addr) -> Ipv4Addr {
    let [_, second, third, fourth] = address.octets();
    match (third, fourth) {
        (_, 1..=253) => Ipv4Addr::new(127, second, third, fourth + 1),
        (0..=254, _) => Ipv4Addr::new(127, second, third + 1, 1),
        _ => Ipv4Addr::new(127, second.checked_add(1).unwrap_or(1), 0, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_use_is_passed_over() {
        let first = Addresses::seeded("some stack").free().unwrap();
        let _taken = TcpListener::bind((first, PORT)).unwrap();
        assert_ne!(Addresses::seeded("some stack").free().unwrap(), first);
    }

    #[test]
    fn addresses_go_on_past_the_end_of_a_block() {
        assert_eq!(following(Ipv4Addr::new(127, 7, 255, 254)), Ipv4Addr::new(127, 8, 0, 1));
        assert_eq!(following(Ipv4Addr::new(127, 255, 255, 254)), Ipv4Addr::new(127, 1, 0, 1));
    }
}
