//! Asks services from outside: HTTP, TCP and names. Databases are asked through the inspector, since they answer only inside
//! their network.
//!
//! What to ask stands in the plan, and nowhere else. All the same no question goes to where a function's own secrets are: its
//! loopback addresses (the runtime's interface) and link-local ones (keys of the instance). A local stack is on loopback
//! itself, so there those are allowed.

mod http;
mod names;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use jiff::SignedDuration;
use mayday_core::{
    plan::ProbeKind,
    port::{Answer, Probes},
};
use mayday_resolver::Resolver;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

pub use names::Reach;
use names::Unresolved;

/// Why there can be no prober.
#[derive(Debug, thiserror::Error)]
#[error("the client of the probes can't be set up")]
pub enum Setup {
    /// TLS could not be set up.
    Tls(#[from] rustls::Error),
    /// HTTP could not be set up.
    Http(#[from] reqwest::Error),
}

/// Asks over the network, with names looked up at chosen servers.
#[derive(Debug, Clone)]
pub struct Prober {
    resolver: Resolver,
    reach: Reach,
    http: reqwest::Client,
}

impl Prober {
    /// A prober that looks names up with this resolver. No connection is made yet.
    ///
    /// # Errors
    /// When TLS or HTTP can't be set up.
    pub fn new(resolver: Resolver, reach: Reach) -> Result<Self, Setup> {
        let http = http::client(names::Names::new(resolver.clone(), reach))?;
        Ok(Self { resolver, reach, http })
    }

    async fn tcp(&self, address: &str) -> Found {
        let Some((host, port)) = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?))) else {
            return Found::Blind(format!("{address} is no host:port"));
        };
        let addresses = match names::addresses(&self.resolver, self.reach, host.trim_matches(['[', ']'])).await {
            Ok(addresses) => addresses,
            Err(unresolved) => return unresolved.into(),
        };
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(SocketAddr::new(address, port)).await {
                Ok(_) => return Found::Well(format!("connected to {address}")),
                Err(error) => last = Some(error),
            }
        }
        last.map_or_else(|| Found::Blind("nothing was tried".to_owned()), |error| not_connected(&error))
    }

    async fn name(&self, name: &str, kind: &str, value: Option<&str>) -> Found {
        let answers = if kind.eq_ignore_ascii_case("CNAME") {
            self.resolver.cname(name).await.map(|target| target.into_iter().collect::<Vec<_>>())
        } else {
            let addresses = self.resolver.addresses(name).await;
            addresses.map(|addresses| addresses.iter().map(IpAddr::to_string).collect())
        };
        let answers = match answers {
            Ok(answers) => answers,
            Err(error) => return Unresolved::from(error).into(),
        };
        let wanted = value.map(|value| value.trim_end_matches('.').to_lowercase());
        match (answers.is_empty(), wanted) {
            (true, _) => Found::Ill(format!("{name} has no {kind} record")),
            (false, Some(wanted)) if !answers.contains(&wanted) => {
                Found::Ill(format!("{name} leads to {}, not to {wanted}", answers.join(", ")))
            }
            (false, _) => Found::Well(answers.join(", ")),
        }
    }
}

#[async_trait]
impl Probes for Prober {
    async fn ask(&self, probe: &ProbeKind, within: SignedDuration) -> Answer {
        let began = Instant::now();
        let asked = async {
            match probe {
                ProbeKind::Http { url, status, contains } => http::get(self, url, *status, contains.as_deref()).await,
                ProbeKind::Tcp { address } => self.tcp(address).await,
                ProbeKind::Dns { name, kind, value } => self.name(name, kind, value.as_deref()).await,
                ProbeKind::Postgres { .. } => Found::Blind("a database is asked through its inspector".to_owned()),
            }
        };
        let patience = Duration::try_from(within).unwrap_or_default();
        let found = timeout(patience, asked).await.unwrap_or_else(|_| Found::Ill(format!("no answer within {} s", within.as_secs())));
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match found {
            Found::Well(note) => Answer::Well { took_ms, note },
            Found::Ill(why) => Answer::Ill { why, took_ms },
            Found::Blind(why) => Answer::Blind { why },
        }
    }
}

/// An answer before anybody has looked at the watch.
enum Found {
    Well(String),
    Ill(String),
    Blind(String),
}

impl From<Unresolved> for Found {
    fn from(unresolved: Unresolved) -> Self {
        match unresolved {
            Unresolved::Nowhere(_) => Self::Ill(unresolved.to_string()),
            Unresolved::Unanswered(_) | Unresolved::Forbidden(_) | Unresolved::Private(_) => Self::Blind(unresolved.to_string()),
        }
    }
}

/// A connection that did not come about: whose trouble it is, the system's error says.
fn not_connected(error: &io::Error) -> Found {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown, NetworkUnreachable, TimedOut};
    match error.kind() {
        ConnectionRefused => Found::Ill("the connection was refused".to_owned()),
        ConnectionReset => Found::Ill("the connection was cut".to_owned()),
        TimedOut => Found::Ill("no connection in time".to_owned()),
        HostUnreachable => Found::Ill("the host can't be reached".to_owned()),
        // There is no way out of our own network, or no socket to go out by.
        NetworkDown | NetworkUnreachable | AddrNotAvailable => Found::Blind(format!("no way out of our own network ({error})")),
        _ => Found::Ill(format!("no connection ({error})")),
    }
}

#[cfg(test)]
mod tests;
