//! Which of the functions a connection comes from, so that the calls of one of them can be counted.
//!
//! Nothing on the wire says it (an answer to a response URL is signed by nobody), but the kernel knows whose socket it is. Where there
//! is no `/proc`, nobody is known.

use std::{net::SocketAddr, path::Path};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header in which the front notes it for the services.
pub(crate) const FUNCTION: HeaderName = HeaderName::from_static("x-local-function");

/// Notes on a request which function it comes from. Whatever else stood there is taken away.
pub(super) fn note(headers: &mut HeaderMap, function: Option<&HeaderValue>) {
    match function {
        Some(function) => drop(headers.insert(FUNCTION, function.clone())),
        None => drop(headers.remove(FUNCTION)),
    }
}

/// The one of these processes, by id and name, whose socket has this address.
pub(super) fn function_at(peer: SocketAddr, processes: &[(u32, String)]) -> Option<HeaderValue> {
    let socket = format!("socket:[{}]", inode(&std::fs::read_to_string("/proc/net/tcp").ok()?, peer)?);
    let (_, name) = processes.iter().find(|(pid, _)| holds(*pid, &socket))?;
    HeaderValue::from_str(name).ok()
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
        let processes = [(other.id(), "other".to_owned()), (std::process::id(), "worker".to_owned())];
        assert_eq!(function_at(peer, &processes).unwrap(), "worker");
        assert_eq!(function_at(peer, &processes[..1]), None);
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
