//! Where a host is, and whether it may be asked.

use std::net::{IpAddr, SocketAddr};

use mayday_resolver::{LookupError, Resolver};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Which addresses may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All but loopback and link-local ones: a function's own secrets are there.
    Outside,
    /// Loopback too: a local stack is there.
    Local,
}

impl Reach {
    /// Whether an address may be asked.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        // An IPv6 form of an IPv4 address leads to the same host.
        let address = address.to_canonical();
        let link_local = match address {
            IpAddr::V4(address) => address.is_link_local(),
            // `fd00:ec2::254` is where an instance's keys are by IPv6.
            IpAddr::V6(address) => {
                let [first, second, ..] = address.segments();
                first & 0xffc0 == 0xfe80 || (first, second) == (0xfd00, 0x0ec2)
            }
        };
        !link_local && !address.is_unspecified() && !address.is_multicast() && (self == Self::Local || !address.is_loopback())
    }

    /// Why an address is not asked, if it isn't.
    pub(crate) fn refuses(self, address: IpAddr) -> Option<Unresolved> {
        if !self.allows(address) {
            return Some(Unresolved::Forbidden(address));
        }
        let private = match address.to_canonical() {
            IpAddr::V4(address) => address.is_private(),
            IpAddr::V6(address) => address.is_unique_local(),
        };
        // The functions stand outside of every private network: silence from there would say nothing.
        (private && self == Self::Outside).then_some(Unresolved::Private(address))
    }
}

/// Why there is no address to ask.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unresolved {
    /// The name servers say that there is none.
    #[error("{0} does not resolve")]
    Nowhere(String),
    /// No name server says anything.
    #[error("{0}")]
    Unanswered(String),
    /// It is an address that no question goes to.
    #[error("{0} is an address of our own, which is not asked")]
    Forbidden(IpAddr),
    /// It is an address that can't be reached from here, whoever is well there.
    #[error("{0} is in a private network, where nobody can be asked from here")]
    Private(IpAddr),
}

impl From<LookupError> for Unresolved {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::BadName(_) | LookupError::Circle(_) => Self::Nowhere(error.to_string()),
            LookupError::NoServers | LookupError::BadServer(_) | LookupError::Unanswered { .. } => Self::Unanswered(error.to_string()),
        }
    }
}

/// The addresses of a host that may be asked.
pub(crate) async fn addresses(resolver: &Resolver, reach: Reach, host: &str) -> Result<Vec<IpAddr>, Unresolved> {
    let all = resolver.addresses(host).await.map_err(Unresolved::from)?;
    match all.iter().find_map(|address| reach.refuses(*address)) {
        Some(refused) => Err(refused),
        None if all.is_empty() => Err(Unresolved::Nowhere(host.to_owned())),
        None => Ok(all),
    }
}

/// The client's way to addresses.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    resolver: Resolver,
    reach: Reach,
}

impl Names {
    pub(crate) fn new(resolver: Resolver, reach: Reach) -> Self {
        Self { resolver, reach }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { resolver, reach } = self.clone();
        Box::pin(async move {
            let found = addresses(&resolver, reach, name.as_str()).await?;
            let sockets: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(sockets)
        })
    }
}
