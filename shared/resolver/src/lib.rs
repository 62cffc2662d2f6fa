//! Asks name servers: what a CNAME says now, and where a host is.
//!
//! A crate of its own, since the inspector needs it without the AWS SDK, and the AWS adapters need it without the
//! inspector. The servers can be chosen (`MAYDAY_DNS_SERVERS`), which the system's resolver doesn't offer to a process;
//! nothing is cached, because the question is always what the servers say *now*.

mod exchange;

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{Name, RData, RecordType},
};

/// Attempts at each server before the question counts as unanswered: UDP loses packets.
const ROUNDS: usize = 2;
/// How long one server may take. Route 53 Resolver answers within milliseconds, and what it forwards within a second or two.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many CNAMEs in a row are followed; more are a loop.
const HOPS: usize = 8;
/// The port of the protocol, where a server's address names none.
const DNS_PORT: u16 = 53;

/// Why a question has no answer. That a name does not exist is an answer.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// No name server is known.
    #[error("no name server is configured")]
    NoServers,
    /// A server's address can't be read.
    #[error("{0:?} is not the address of a name server: it should look like 127.0.0.1:53")]
    BadServer(String),
    /// The name can't be asked for.
    #[error("{0:?} is not a host name")]
    BadName(String),
    /// Nobody answered; the last reason.
    #[error("no name server answered for {name}: {why}")]
    Unanswered {
        /// What was asked for.
        name: String,
        /// What the last server did.
        why: String,
    },
    /// CNAMEs lead in a circle.
    #[error("{0} leads from alias to alias without end")]
    Circle(String),
}

/// Name servers to ask, in order.
#[derive(Debug, Clone)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
}

impl Resolver {
    /// The servers of a list such as `127.0.0.1:5300, 10.0.0.2`.
    ///
    /// # Errors
    /// When an entry is not an address, or there is none.
    pub fn from_list(list: &str) -> Result<Self, LookupError> {
        let servers = list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(parse_server).collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() { Err(LookupError::NoServers) } else { Ok(Self { servers }) }
    }

    /// The servers of a `resolv.conf`.
    ///
    /// # Errors
    /// When the file names none, or can't be read.
    pub fn from_resolv_conf(path: &Path) -> Result<Self, LookupError> {
        let text = std::fs::read_to_string(path).map_err(|_| LookupError::NoServers)?;
        let servers = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("nameserver"))
            .filter_map(|address| address.trim().parse::<IpAddr>().ok())
            .map(|address| SocketAddr::new(address, DNS_PORT))
            .collect::<Vec<_>>();
        if servers.is_empty() { Err(LookupError::NoServers) } else { Ok(Self { servers }) }
    }

    /// The servers of `MAYDAY_DNS_SERVERS` if that is set, else the system's.
    ///
    /// # Errors
    /// As for [`Self::from_list`] and [`Self::from_resolv_conf`].
    pub fn configured(list: Option<&str>) -> Result<Self, LookupError> {
        list.map_or_else(|| Self::from_resolv_conf(Path::new("/etc/resolv.conf")), Self::from_list)
    }

    /// What the name's CNAME record says; `None` when it has none, or does not exist. In lower case, without the final dot.
    ///
    /// # Errors
    /// When no server gives an answer, which says nothing about the name.
    pub async fn cname(&self, name: &str) -> Result<Option<String>, LookupError> {
        let asked = parse_name(name)?;
        let answer = self.ask(&asked, RecordType::CNAME).await?;
        Ok(alias_of(&answer, &asked).map(|target| plain(&target)))
    }

    /// The addresses of a host, through its aliases; IPv6 only where there is no IPv4. Empty when there are none.
    ///
    /// # Errors
    /// As for [`Self::cname`]; also when aliases lead in a circle.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let asked = parse_name(host)?;
        let found = self.follow(asked.clone(), RecordType::A).await?;
        if found.is_empty() { self.follow(asked, RecordType::AAAA).await } else { Ok(found) }
    }

    async fn follow(&self, mut name: Name, kind: RecordType) -> Result<Vec<IpAddr>, LookupError> {
        let first = plain(&name);
        for _ in 0..HOPS {
            let answer = self.ask(&name, kind).await?;
            // A recursive server puts the whole chain into one answer, an authoritative one only its own part.
            for _ in 0..HOPS {
                let Some(target) = alias_of(&answer, &name) else { break };
                name = target;
            }
            let found = addresses_of(&answer, &name);
            let asked_already = answer.queries.iter().any(|query| query.name().eq_ignore_root(&name));
            if !found.is_empty() || asked_already {
                return Ok(found);
            }
        }
        Err(LookupError::Circle(first))
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Message, LookupError> {
        let mut why = String::from("no server was asked");
        for server in self.servers.iter().cycle().take(self.servers.len() * ROUNDS) {
            match exchange::exchange(*server, name, kind, PATIENCE).await {
                Ok(answer) => match answer.metadata.response_code {
                    ResponseCode::NoError | ResponseCode::NXDomain => return Ok(answer),
                    other => why = format!("{server} says {other}"),
                },
                Err(error) => why = format!("{server}: {error}"),
            }
        }
        Err(LookupError::Unanswered { name: plain(name), why })
    }
}

fn parse_server(text: &str) -> Result<SocketAddr, LookupError> {
    let alone = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, DNS_PORT));
    text.parse().or_else(|_| alone()).map_err(|_| LookupError::BadServer(text.to_owned()))
}

fn parse_name(text: &str) -> Result<Name, LookupError> {
    let mut name = Name::from_ascii(text).map_err(|_| LookupError::BadName(text.to_owned()))?;
    name.set_fqdn(true);
    if name.is_root() { Err(LookupError::BadName(text.to_owned())) } else { Ok(name) }
}

fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_lowercase()
}

fn alias_of(answer: &Message, name: &Name) -> Option<Name> {
    answer.answers.iter().filter(|record| record.name.eq_ignore_root(name)).find_map(|record| match &record.data {
        RData::CNAME(target) => Some(target.0.clone()),
        _ => None,
    })
}

fn addresses_of(answer: &Message, name: &Name) -> Vec<IpAddr> {
    let of_name = answer.answers.iter().filter(|record| record.name.eq_ignore_root(name));
    of_name
        .filter_map(|record| match &record.data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
