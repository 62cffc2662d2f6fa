//! What the environment says.

use std::path::{Path, PathBuf};

use mayday_resolver::{LookupError, Resolver};

/// How this function reaches databases.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Who is asked where a database is.
    pub(crate) resolver: Resolver,
    /// Whether a server that offers no TLS is refused.
    pub(crate) tls_required: bool,
    /// PEM file with the roots to trust, in place of those of RDS.
    pub(crate) roots: Option<PathBuf>,
}

impl Config {
    /// Reads `MAYDAY_DNS_SERVERS`, `MAYDAY_DATABASE_TLS` (`require` or `prefer`) and `MAYDAY_DATABASE_ROOTS`.
    ///
    /// TLS is required unless something says otherwise. Name servers of one's own are such a thing, since they exist on a
    /// local stack only, whose databases have no certificates: and whoever chooses the name servers chooses the database anyway.
    pub(crate) fn from_env(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self, LookupError> {
        let read = |name| lookup(name).filter(|value| !value.is_empty());
        let dns_servers = read("MAYDAY_DNS_SERVERS");
        let tls_required = match read("MAYDAY_DATABASE_TLS").as_deref() {
            Some("prefer") => false,
            Some(_) => true,
            None => dns_servers.is_none(),
        };
        let roots = read("MAYDAY_DATABASE_ROOTS").map(|file| Path::new(&file).to_owned());
        Ok(Self { resolver: Resolver::configured(dns_servers.as_deref())?, tls_required, roots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls_required(variables: &[(&str, &str)]) -> bool {
        let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Config::from_env(&lookup).unwrap().tls_required
    }

    #[test]
    fn tls_is_required_unless_something_says_otherwise() {
        let local = ("MAYDAY_DNS_SERVERS", "127.0.0.1:5300");
        assert!(!tls_required(&[local]));
        assert!(tls_required(&[local, ("MAYDAY_DATABASE_TLS", "require")]));
        assert!(tls_required(&[local, ("MAYDAY_DATABASE_TLS", "prefered")]));
        assert!(!tls_required(&[local, ("MAYDAY_DATABASE_TLS", "prefer")]));
    }
}
