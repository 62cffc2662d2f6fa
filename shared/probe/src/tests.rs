use std::net::Ipv4Addr;

use hickory_proto::{
    op::{Message, MessageType},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, CNAME},
    },
};
use tokio::net::{TcpListener, UdpSocket};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::*;

const WITHIN: SignedDuration = SignedDuration::from_secs(5);

/// A name server that knows `alias.contract.internal` and `app.contract.internal` (loopback), until the test ends.
async fn name_server() -> Resolver {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = Resolver::from_list(&socket.local_addr().unwrap().to_string()).unwrap();
    let serve = async move {
        let mut buffer = [0; 512];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let question = Message::from_vec(&buffer[..length]).unwrap();
            let mut reply = Message::new(question.metadata.id, MessageType::Response, question.metadata.op_code);
            reply.add_queries(question.queries.clone());
            for query in &question.queries {
                let data = match (query.name().to_ascii().trim_end_matches('.'), query.query_type()) {
                    ("alias.contract.internal", RecordType::CNAME) => RData::CNAME(CNAME(Name::from_ascii("old.example.com.").unwrap())),
                    ("app.contract.internal", RecordType::A) => RData::A(A(Ipv4Addr::LOCALHOST)),
                    _ => continue,
                };
                reply.answers.push(Record::from_rdata(query.name().clone(), 60, data));
            }
            socket.send_to(&reply.to_vec().unwrap(), from).await.unwrap();
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the server lives beside the test")]
    tokio::spawn(serve);
    resolver
}

async fn site() -> MockServer {
    let server = MockServer::start().await;
    let answers = [
        ("/well", ResponseTemplate::new(200).set_body_string("all systems ready")),
        ("/broken", ResponseTemplate::new(503)),
        ("/long", ResponseTemplate::new(200).set_body_string(format!("{}ready", "x".repeat(64 * 1024)))),
        ("/slow", ResponseTemplate::new(200).set_delay(Duration::from_secs(30))),
        ("/home", ResponseTemplate::new(302).insert_header("location", "/well")),
        ("/round", ResponseTemplate::new(302).insert_header("location", "/round")),
        ("/away", ResponseTemplate::new(302).insert_header("location", "http://169.254.169.254/latest/meta-data/")),
    ];
    for (at, answer) in answers {
        Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(&server).await;
    }
    server
}

fn http(url: String) -> ProbeKind {
    ProbeKind::Http { url, status: 200, contains: None }
}

/// A port of loopback where nobody listens.
async fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn probes_hold_their_contract() {
    let (site, closed) = (site().await, closed().await);
    let prober = Prober::new(name_server().await, Reach::Local).unwrap();
    let port = site.address().port();
    let outside = mayday_contract::probes::Outside {
        well: &format!("http://app.contract.internal:{port}/well"),
        broken: &format!("{}/broken", site.uri()),
        closed: &format!("http://{closed}/"),
        open: &format!("app.contract.internal:{port}"),
        shut: &closed.to_string(),
        alias: "alias.contract.internal",
        nowhere: "nowhere.contract.internal",
    };
    mayday_contract::probes::everything(&prober, &outside).await;
}

#[tokio::test]
async fn h10_no_name_server_is_our_own_trouble_and_not_theirs() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let prober = Prober::new(Resolver::from_list(&silent.to_string()).unwrap(), Reach::Local).unwrap();
    let name = "app.contract.internal";
    let probes = [
        http(format!("http://{name}/")),
        ProbeKind::Tcp { address: format!("{name}:443") },
        ProbeKind::Dns { name: name.to_owned(), kind: "A".to_owned(), value: None },
    ];
    for probe in probes {
        let answer = prober.ask(&probe, SignedDuration::from_secs(20)).await;
        assert!(matches!(answer, Answer::Blind { .. }), "{probe:?}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_none() {
    let site = site().await;
    let prober = Prober::new(name_server().await, Reach::Local).unwrap();
    let answer = prober.ask(&http(format!("{}/slow", site.uri())), SignedDuration::from_secs(1)).await;
    assert!(matches!(&answer, Answer::Ill { why, .. } if why == "no answer within 1 s"), "{answer:?}");
}

#[tokio::test]
async fn an_answer_is_followed_on_the_same_host_only_and_not_for_ever() {
    let site = site().await;
    let prober = Prober::new(name_server().await, Reach::Local).unwrap();
    let ask = async |at: &str| prober.ask(&http(format!("{}{at}", site.uri())), WITHIN).await;
    assert!(matches!(ask("/home").await, Answer::Well { .. }));
    for at in ["/away", "/round"] {
        let answer = ask(at).await;
        assert!(matches!(&answer, Answer::Ill { why, .. } if why.contains("302")), "{at}: {answer:?}");
    }
}

#[tokio::test]
async fn so_much_of_an_answer_is_read_and_no_more() {
    let site = site().await;
    let prober = Prober::new(name_server().await, Reach::Local).unwrap();
    let probe = ProbeKind::Http { url: format!("{}/long", site.uri()), status: 200, contains: Some("ready".to_owned()) };
    assert!(matches!(prober.ask(&probe, WITHIN).await, Answer::Ill { .. }));
}

#[tokio::test]
async fn h10_a_private_network_that_we_are_not_in_is_unknown_and_not_down() {
    let prober = Prober::new(name_server().await, Reach::Outside).unwrap();
    let probes = [
        http("http://10.1.2.3/".to_owned()),
        http("http://[fd12:3456::1]/".to_owned()),
        ProbeKind::Tcp { address: "192.168.7.7:443".to_owned() },
    ];
    for probe in probes {
        let answer = prober.ask(&probe, WITHIN).await;
        assert!(matches!(&answer, Answer::Blind { why } if why.contains("private network")), "{probe:?}: {answer:?}");
    }
}

#[tokio::test]
async fn where_our_own_secrets_are_nothing_is_asked() {
    let site = site().await;
    let outside = Prober::new(name_server().await, Reach::Outside).unwrap();
    let port = site.address().port();
    let probes = [
        http(format!("{}/well", site.uri())),
        http(format!("http://app.contract.internal:{port}/well")),
        http(format!("http://[::ffff:127.0.0.1]:{port}/well")),
        http("http://169.254.169.254/latest/meta-data/".to_owned()),
        http("http://[fd00:ec2::254]/latest/meta-data/".to_owned()),
        ProbeKind::Tcp { address: site.address().to_string() },
    ];
    for probe in probes {
        let answer = outside.ask(&probe, WITHIN).await;
        assert!(matches!(&answer, Answer::Blind { why } if why.contains("our own")), "{probe:?}: {answer:?}");
    }
    assert_eq!(site.received_requests().await.unwrap().len(), 0);
    // A local stack is on loopback; the keys of an instance are nobody's service there either.
    let local = Prober::new(name_server().await, Reach::Local).unwrap();
    let answer = local.ask(&http("http://169.254.169.254/".to_owned()), WITHIN).await;
    assert!(matches!(answer, Answer::Blind { .. }), "{answer:?}");
}
