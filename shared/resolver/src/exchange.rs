//! One question to one server: UDP, and TCP when the answer did not fit.

use std::{
    io::{Error, ErrorKind, Result},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_proto::{
    op::{Message, MessageType, Query},
    rr::{Name, RecordType},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// The largest answer over UDP without EDNS (RFC 1035, 4.2.1).
const DATAGRAM: usize = 512;

pub(crate) async fn exchange(server: SocketAddr, name: &Name, kind: RecordType, patience: Duration) -> Result<Message> {
    let mut question = Message::query();
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(name.clone(), kind));
    let bytes = question.to_vec().map_err(Error::other)?;
    let answer = within(patience, over_udp(server, &question, &bytes)).await?;
    if answer.metadata.truncation { within(patience, over_tcp(server, &question, &bytes)).await } else { Ok(answer) }
}

async fn within(patience: Duration, work: impl Future<Output = Result<Message>>) -> Result<Message> {
    timeout(patience, work).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

async fn over_udp(server: SocketAddr, question: &Message, bytes: &[u8]) -> Result<Message> {
    let any: SocketAddr = if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await?;
    // Connected: the kernel drops what other hosts send to this port.
    socket.connect(server).await?;
    socket.send(bytes).await?;
    let mut buffer = [0; DATAGRAM];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // A late answer to an earlier question, or a forged one, is not the end of waiting.
        if let Some(answer) = buffer.get(..length).and_then(|reply| answer_to(question, reply)) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &Message, bytes: &[u8]) -> Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
    let mut reply = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut reply).await?;
    answer_to(question, &reply).ok_or_else(|| Error::new(ErrorKind::InvalidData, "its answer is not to the question"))
}

fn answer_to(question: &Message, reply: &[u8]) -> Option<Message> {
    let answer = Message::from_vec(reply).ok()?;
    let fits = answer.metadata.id == question.metadata.id
        && answer.metadata.message_type == MessageType::Response
        && answer.queries == question.queries;
    fits.then_some(answer)
}
