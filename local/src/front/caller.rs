//! Which of the functions a connection comes from, so that the calls of one of them can be counted.
//!
//! Nothing on the wire says it (an answer to a response URL is signed by nobody), but the kernel knows whose socket it is. Where there
//! is no `/proc`, nobody is known.

use std::{net::SocketAddr, path::Path};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header in which the front notes it for the services.
pub(crate) const FUNCTION: HeaderName = HeaderName::from_static("x-local-function");

/// The header in which the front notes that function's region.
pub(crate) const REGION: HeaderName = HeaderName::from_static("x-local-region");

/// A process of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) function: String,
    pub(crate) region: String,
}

/// Notes on a request which function it comes from. Whatever else stood there is taken away.
pub(super) fn note(headers: &mut HeaderMap, from: Option<&Process>) {
    let named = from.map(|from| [(FUNCTION, &from.function), (REGION, &from.region)]);
    for header in [FUNCTION, REGION] {
        headers.remove(header);
    }
    for (header, name) in named.into_iter().flatten() {
        if let Ok(name) = HeaderValue::from_str(name) {
            headers.insert(header, name);
        }
    }
}

/// The one of these processes whose socket has this address.
pub(super) fn process_at(peer: SocketAddr, processes: Vec<Process>) -> Option<Process> {
    let socket = format!("socket:[{}]", inode(&std::fs::read_to_string("/proc/net/tcp").ok()?, peer)?);
    processes.into_iter().find(|process| holds(process.pid, &socket))
}

/// The socket's inode, by the kernel's table: address and port in hexadecimal, the address in the machine's own order of bytes.
fn inode(table: &str, peer: SocketAddr) -> Option<String> {
    let SocketAddr::V4(peer) = peer else { return None };
    let local = format!("{:08X}:{:04X}", u32::from_ne_bytes(peer.ip().octets()), peer.port());
    let mut lines = table.lines().map(|line| line.split_whitespace());
    lines.find_map(|mut fields| (fields.nth(1)? == local).then(|| fields.nth(7).map(str::to_owned)).flatten())
}

fn holds(pid: u32, socket: &str) -> bool {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    open.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|file| file == Path::new(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_known_by_the_process_that_holds_it() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let peer = ours.local_addr().unwrap();
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = |pid: u32, name: &str| Process { pid, function: name.to_owned(), region: "eu-west-1".to_owned() };
        let processes = [process(other.id(), "other"), process(std::process::id(), "worker")];
        assert_eq!(process_at(peer, processes.to_vec()).unwrap().function, "worker");
        assert_eq!(process_at(peer, processes[..1].to_vec()), None);
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn what_a_stranger_says_of_himself_is_taken_away() {
        let mut headers = HeaderMap::from_iter([(FUNCTION, HeaderValue::from_static("mayday-worker"))]);
        note(&mut headers, None);
        assert_eq!(headers.get(FUNCTION), None);
    }
}
