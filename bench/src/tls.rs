//! A server on this machine that speaks TLS with a certificate of nobody's, so that a client does all of a first handshake up to
//! its verdict on the certificate: keys made, agreed upon, the server's messages decrypted, the chain looked for in its roots.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
};

use rustls::{
    ServerConfig, ServerConnection,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};

/// Listens on a port of its own for as long as this process lives. Gives the address.
pub(crate) fn listen() -> anyhow::Result<SocketAddr> {
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])?;
    let chain = vec![CertificateDer::from(own.cert)];
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key.into())?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // The client ends it: that is what is waited for.
            greet(stream, config.clone()).ok();
        }
    });
    Ok(address)
}

fn greet(mut stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(())
}

/// Listens on a port and hangs up on everybody: what a call costs that comes to nothing, without TLS.
pub(crate) fn hang_up() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || listener.incoming().flatten().for_each(drop));
    Ok(address)
}
