use std::net::{Ipv4Addr, SocketAddr};

use hickory_proto::{
    op::{Message, MessageType},
    rr::{
        Record,
        rdata::{A, CNAME},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
};

use super::*;

type Answering = fn(&Message) -> Message;

fn reply_to(question: &Message) -> Message {
    let mut reply = Message::new(question.metadata.id, MessageType::Response, question.metadata.op_code);
    reply.add_queries(question.queries.clone());
    reply
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn alias(from: &str, to: &str) -> Record {
    Record::from_rdata(name(from), 60, RData::CNAME(CNAME(name(to))))
}

fn address(host: &str, address: [u8; 4]) -> Record {
    Record::from_rdata(name(host), 60, RData::A(A(Ipv4Addr::from(address))))
}

/// One port for UDP and TCP: what is free for the one may be taken for the other, by whoever runs beside us.
async fn both() -> (UdpSocket, TcpListener, SocketAddr) {
    for _ in 0..100 {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        if let Ok(listener) = TcpListener::bind(at).await {
            return (socket, listener, at);
        }
    }
    panic!("no port is free for UDP and TCP alike");
}

/// A name server on loopback that answers over UDP and TCP alike until the test ends.
async fn server(over_udp: Answering, over_tcp: Answering) -> Resolver {
    let (socket, listener, at) = both().await;
    let udp = async move {
        let mut buffer = [0; 512];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let reply = over_udp(&Message::from_vec(&buffer[..length]).unwrap());
            socket.send_to(&reply.to_vec().unwrap(), from).await.unwrap();
        }
    };
    let tcp = async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut question).await.unwrap();
            let reply = over_tcp(&Message::from_vec(&question).unwrap()).to_vec().unwrap();
            stream.write_u16(u16::try_from(reply.len()).unwrap()).await.unwrap();
            stream.write_all(&reply).await.unwrap();
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the server lives beside the test")]
    tokio::spawn(async move { tokio::join!(udp, tcp) });
    Resolver::from_list(&at.to_string()).unwrap()
}

fn orders(question: &Message) -> Message {
    let mut reply = reply_to(question);
    reply.add_answer(alias("Orders.db.example.com.", "orders-1.abc.eu-west-1.rds.amazonaws.com."));
    if question.queries[0].query_type() == RecordType::A {
        reply.add_answer(address("orders-1.abc.eu-west-1.rds.amazonaws.com.", [127, 0, 0, 9]));
    }
    reply
}

fn nobody(question: &Message) -> Message {
    let mut reply = reply_to(question);
    reply.metadata.response_code = ResponseCode::NXDomain;
    reply
}

fn failing(question: &Message) -> Message {
    let mut reply = reply_to(question);
    reply.metadata.response_code = ResponseCode::ServFail;
    reply
}

fn truncated(question: &Message) -> Message {
    let mut reply = reply_to(question);
    reply.metadata.truncation = true;
    reply
}

/// Knows each alias alone, as a server does that has authority but does not recurse.
fn one_hop(question: &Message) -> Message {
    let mut reply = reply_to(question);
    match plain(question.queries[0].name()).as_str() {
        "a.example" => reply.add_answer(alias("a.example.", "b.example.")),
        "b.example" => reply.add_answer(address("b.example.", [127, 0, 0, 2])),
        _ => &mut reply,
    };
    reply
}

fn circle(question: &Message) -> Message {
    let mut reply = reply_to(question);
    let (from, to) =
        if plain(question.queries[0].name()) == "a.example" { ("a.example.", "b.example.") } else { ("b.example.", "a.example.") };
    reply.add_answer(alias(from, to));
    reply
}

#[tokio::test]
async fn a_cname_is_told_in_lower_case_without_its_dot() {
    let resolver = server(orders, orders).await;
    assert_eq!(resolver.cname("orders.DB.example.com").await.unwrap().unwrap(), "orders-1.abc.eu-west-1.rds.amazonaws.com");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_an_answer_and_a_failing_server_is_not() {
    assert_eq!(server(nobody, nobody).await.cname("gone.example").await.unwrap(), None);
    let error = server(failing, failing).await.cname("gone.example").await.unwrap_err();
    assert!(error.to_string().contains("Server Failure"), "{error}");
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_again_over_tcp() {
    assert!(server(truncated, orders).await.cname("orders.db.example.com").await.unwrap().is_some());
}

#[tokio::test]
async fn a_host_is_found_through_aliases_of_one_answer_and_of_several() {
    assert_eq!(server(orders, orders).await.addresses("orders.db.example.com").await.unwrap(), [IpAddr::from([127, 0, 0, 9])]);
    assert_eq!(server(one_hop, one_hop).await.addresses("a.example").await.unwrap(), [IpAddr::from([127, 0, 0, 2])]);
    assert!(server(one_hop, one_hop).await.addresses("c.example").await.unwrap().is_empty());
}

#[tokio::test]
async fn aliases_in_a_circle_end() {
    assert!(matches!(server(circle, circle).await.addresses("a.example").await, Err(LookupError::Circle(_))));
}

#[tokio::test]
async fn an_address_needs_no_server() {
    let resolver = Resolver::from_list("127.0.0.1:1").unwrap();
    assert_eq!(resolver.addresses("127.0.0.5").await.unwrap(), [IpAddr::from([127, 0, 0, 5])]);
}

#[test]
fn lists_of_servers_are_read() {
    assert_eq!(Resolver::from_list("127.0.0.1:5300, 10.0.0.2,").unwrap().servers.len(), 2);
    assert!(matches!(Resolver::from_list(" "), Err(LookupError::NoServers)));
    assert!(matches!(Resolver::from_list("dns.example:53"), Err(LookupError::BadServer(_))));
}
