//! Signing in.

use std::{error::Error, time::Duration};

use mayday_core::port::InspectorRequest;
use mayday_resolver::Resolver;
use tokio_postgres::{
    Client, Config, Connection, Socket,
    config::{SslMode, TargetSessionAttrs},
    tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long one address of a host may take.
const CONNECT: Duration = Duration::from_secs(5);

/// What moves the bytes; the client waits for nothing else.
pub(crate) type Link = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// Connects and signs in, or says why not in words for the person who asked.
pub(crate) async fn sign_in(
    request: &InspectorRequest,
    resolver: &Resolver,
    tls: MakeRustlsConnect,
    tls_required: bool,
) -> Result<(Client, Link), String> {
    let target = &request.target;
    // Not the system's resolver: a static binary's may know no name servers, and these are the ones that Mayday was told of.
    let addresses = resolver.addresses(&target.host).await.map_err(|error| error.to_string())?;
    if addresses.is_empty() {
        return Err(format!("{} has no address", target.host));
    }
    let mut config = Config::new();
    for address in addresses {
        config.host(&target.host).hostaddr(address);
    }
    config.port(target.port).dbname(&target.database).user(&request.user).password(&request.password);
    config.application_name("mayday").connect_timeout(CONNECT).target_session_attrs(TargetSessionAttrs::Any);
    config.ssl_mode(if tls_required { SslMode::Require } else { SslMode::Prefer });
    config.connect(tls).await.map_err(|error| words(&error))
}

/// The database's words when it has some (`password authentication failed for user "app" (28P01)`), else what went wrong on the way.
pub(crate) fn words(error: &tokio_postgres::Error) -> String {
    if let Some(said) = error.as_db_error() {
        return format!("{} ({})", said.message(), said.code().code());
    }
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    words
}
