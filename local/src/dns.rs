//! The stack's name server: Route 53's zones, RDS's endpoints and the sites of services, by UDP and TCP on loopback.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::Context as _;
use hickory_proto::{
    op::{Message, OpCode, Query, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, CNAME, NS, TXT},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
};

use crate::{rds::Rds, route53::Route53, service::Shared, sites::Sites};

/// The longest chain of CNAMEs that is followed.
const CHAIN: usize = 8;
/// The TTL of what AWS names, such as an RDS endpoint, in seconds, as on AWS.
const ENDPOINT_TTL: u64 = 5;
/// The most that fits into an answer by UDP without extensions (RFC 1035).
const DATAGRAM: usize = 512;

/// The name server.
#[derive(Debug)]
pub struct Dns {
    port: u16,
    answers: Arc<Answers>,
}

#[derive(Debug)]
struct Answers {
    route53: Arc<Route53>,
    rds: Arc<Rds>,
    sites: Arc<Sites>,
}

/// One answer: name, type, TTL in seconds, value.
type Found = (String, &'static str, u64, String);

impl Dns {
    /// Starts the server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is free for both protocols.
    pub async fn open(shared: &Arc<Shared>, route53: Arc<Route53>, rds: Arc<Rds>, sites: Arc<Sites>) -> anyhow::Result<Arc<Self>> {
        let (udp, tcp) = sockets().await?;
        let port = udp.local_addr()?.port();
        let answers = Arc::new(Answers { route53, rds, sites });
        shared.tasks.spawn(serve_udp(udp, answers.clone()));
        shared.tasks.spawn(serve_tcp(tcp, answers.clone()));
        Ok(Arc::new(Self { port, answers }))
    }

    /// The port, of UDP and TCP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What a name resolves to now: each CNAME on the way, then the addresses. Empty when there is no such name.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Vec<String> {
        self.answers.find(name, "A").unwrap_or_default().into_iter().map(|(_, _, _, value)| value).collect()
    }
}

impl Answers {
    /// The chain from a name to its records of a type. `None` when nobody knows the name.
    fn find(&self, name: &str, kind: &str) -> Option<Vec<Found>> {
        let mut found = Vec::new();
        let mut next = name.to_owned();
        for _ in 0..CHAIN {
            if let Some(address) = self.rds.resolve(&next).or_else(|| self.sites.resolve(&next)) {
                if kind == "A" {
                    found.push((next, "A", ENDPOINT_TTL, address.to_string()));
                }
                return Some(found);
            }
            let Some(direct) = self.route53.resolve(&next, kind) else {
                // The end of a chain that leads out of our zones is an answer too.
                return if found.is_empty() { None } else { Some(found) };
            };
            if !direct.is_empty() {
                let kind = supported(kind).unwrap_or("A");
                found.extend(direct.into_iter().map(|(ttl, value)| (next.clone(), kind, ttl, value)));
                return Some(found);
            }
            let Some((ttl, target)) = self.route53.resolve(&next, "CNAME").into_iter().flatten().next() else { return Some(found) };
            found.push((next, "CNAME", ttl, target.clone()));
            next = target;
        }
        Some(found)
    }

    /// Answers a query in the wire format. `None` when it can't be read at all.
    fn reply(&self, bytes: &[u8]) -> Option<Message> {
        let query = Message::from_vec(bytes).ok()?;
        let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
        reply.metadata.recursion_desired = query.metadata.recursion_desired;
        reply.metadata.recursion_available = true;
        reply.metadata.authoritative = true;
        if query.metadata.op_code != OpCode::Query {
            reply.metadata.response_code = ResponseCode::NotImp;
            return Some(reply);
        }
        let asked = query.queries.into_iter().next()?;
        let kind = asked.query_type().to_string();
        match self.find(&asked.name().to_ascii(), &kind) {
            None => reply.metadata.response_code = ResponseCode::NXDomain,
            Some(found) => reply.answers = found.iter().filter_map(|found| record(&asked, found)).collect(),
        }
        reply.add_query(asked);
        Some(reply)
    }
}

fn supported(kind: &str) -> Option<&'static str> {
    ["A", "CNAME", "TXT", "NS"].into_iter().find(|known| *known == kind)
}

fn record(asked: &Query, (name, kind, ttl, value): &Found) -> Option<Record> {
    // The name is given back in the letters that it was asked in.
    let owner = Name::from_ascii(name).ok()?;
    let owner = if owner == *asked.name() { asked.name().clone() } else { owner };
    let data = match *kind {
        "A" if asked.query_type() == RecordType::A => RData::A(A(value.parse::<Ipv4Addr>().ok()?)),
        "CNAME" => RData::CNAME(CNAME(absolute(value)?)),
        "NS" => RData::NS(NS(absolute(value)?)),
        "TXT" => RData::TXT(TXT::new(texts(value))),
        _ => return None,
    };
    Some(Record::from_rdata(owner, u32::try_from(*ttl).unwrap_or(u32::MAX), data))
}

fn absolute(name: &str) -> Option<Name> {
    Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).ok()
}

/// A TXT value as Route 53 keeps it, `"one" "two"`, as its strings.
fn texts(value: &str) -> Vec<String> {
    let inner: Vec<String> = value.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    if inner.is_empty() { vec![value.to_owned()] } else { inner }
}

/// Two sockets of one number.
async fn sockets() -> anyhow::Result<(UdpSocket, TcpListener)> {
    let mut last = None;
    for _ in 0..20 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| anyhow::anyhow!("never tried"), anyhow::Error::from)).context("no port for the name server")
}

async fn serve_udp(socket: UdpSocket, answers: Arc<Answers>) {
    let mut buffer = [0_u8; 4096];
    loop {
        // An error belongs to one datagram: a client that is gone.
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let Some(reply) = buffer.get(..length).and_then(|bytes| answers.reply(bytes)) else { continue };
        let Ok(mut bytes) = reply.to_vec() else { continue };
        if bytes.len() > DATAGRAM {
            bytes = reply.truncate().to_vec().unwrap_or_default();
        }
        socket.send_to(&bytes, from).await.ok();
    }
}

async fn serve_tcp(listener: TcpListener, answers: Arc<Answers>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let answers = answers.clone();
        // Ends with its connection, or after ten idle seconds.
        tokio::spawn(async move { converse(stream, &answers).await.ok() });
    }
}

async fn converse(mut stream: TcpStream, answers: &Answers) -> anyhow::Result<()> {
    loop {
        let length = tokio::time::timeout(std::time::Duration::from_secs(10), stream.read_u16()).await??;
        let mut bytes = vec![0; usize::from(length)];
        stream.read_exact(&mut bytes).await?;
        let reply = answers.reply(&bytes).context("not DNS")?.to_vec()?;
        stream.write_u16(u16::try_from(reply.len())?).await?;
        stream.write_all(&reply).await?;
    }
}
