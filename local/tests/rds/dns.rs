//! The name server over the wire: a client that follows a CNAME to a database.

use std::{net::SocketAddr, sync::Arc};

use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{Name, RecordType},
};
use mayday_local::{dns::Dns, route53::Route53, seed::SeedZone};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
};

use crate::support::{REGION, World};

fn question(name: &str) -> Vec<u8> {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    message.to_vec().unwrap()
}

async fn by_udp(server: SocketAddr, name: &str) -> Message {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&question(name), server).await.unwrap();
    let mut buffer = [0; 512];
    let length = socket.recv(&mut buffer).await.unwrap();
    Message::from_vec(&buffer[..length]).unwrap()
}

async fn by_tcp(server: SocketAddr, name: &str) -> Message {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let question = question(name);
    stream.write_u16(question.len().try_into().unwrap()).await.unwrap();
    stream.write_all(&question).await.unwrap();
    let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut answer).await.unwrap();
    Message::from_vec(&answer).unwrap()
}

#[tokio::test]
async fn a_name_of_ours_leads_to_the_address_where_the_database_listens() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    let secret = world.seed("orders", 10).await;
    let endpoint = secret["host"].as_str().unwrap();
    let route53 = Route53::open(world.shared.clone()).unwrap();
    let record = ("orders-db.internal.example.com".to_owned(), "CNAME".to_owned(), 30, endpoint.to_owned());
    route53.seed(&SeedZone { name: "internal.example.com".to_owned(), private: true, records: vec![record], failovers: Vec::new() });
    let dns = Dns::open(&world.shared, route53, world.rds.clone(), Arc::default()).await.unwrap();
    let server = SocketAddr::from(([127, 0, 0, 1], dns.port()));

    let address = world.rds.resolve(endpoint).unwrap();
    for answer in [by_udp(server, "orders-db.internal.example.com.").await, by_tcp(server, "Orders-DB.internal.example.com.").await] {
        let told: Vec<(String, u32)> = answer.answers.iter().map(|record| (record.data.to_string(), record.ttl)).collect();
        assert_eq!(told, [(format!("{endpoint}."), 30), (address.to_string(), 5)]);
    }
    assert_eq!(dns.lookup("orders-db.internal.example.com").last(), Some(&address.to_string()));
    let nobody = by_udp(server, "nobody.internal.example.com.").await;
    assert_eq!(nobody.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(world.describe("orders").await.text("DBInstanceArn"), format!("arn:aws:rds:{REGION}:000000000000:db:orders"));
    world.stop().await;
}
