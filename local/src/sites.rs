//! The sites that a plan's services answer at: a web server for each host that a probe of the plan asks, on a loopback address
//! of its own, which answers what the plan says is right until somebody breaks it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
};
use tokio::net::TcpListener;

use crate::{
    postgres::Addresses,
    seed::{SeedPage, SeedSite},
    service::Shared,
};

/// How often another address is tried when somebody was faster.
const TRIES: usize = 100;

/// All sites of a stack.
#[derive(Debug, Default)]
pub struct Sites {
    sites: Vec<Arc<Site>>,
}

#[derive(Debug)]
struct Site {
    host: String,
    address: Ipv4Addr,
    pages: Vec<SeedPage>,
    broken: Mutex<bool>,
}

impl Sites {
    /// Starts a server for each of these, on a free loopback address and the ports that the plan names. Where a port needs
    /// rights that the stack does not have (below 1024), there is no such site, and its probe will say so.
    pub async fn open(shared: &Shared, wanted: &[SeedSite]) -> Arc<Self> {
        let addresses = Addresses::seeded(&format!("{}/sites", shared.data.display()));
        let mut sites = Vec::new();
        for site in wanted {
            let ports: BTreeSet<u16> = site.pages.iter().map(|page| page.port).collect();
            let (address, listeners) = match listen(&addresses, &ports).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!("no server for {} of the plan: {error:#}", site.host);
                    continue;
                }
            };
            let site = Arc::new(Site { host: site.host.clone(), address, pages: site.pages.clone(), broken: Mutex::new(false) });
            for (port, listener) in listeners {
                let router = Router::new().fallback(answer).with_state((site.clone(), port));
                shared.tasks.spawn(async move {
                    axum::serve(listener, router).await.ok();
                });
            }
            sites.push(site);
        }
        Arc::new(Self { sites })
    }

    /// Where a host of the plan is; nothing for any other name.
    #[must_use]
    pub fn resolve(&self, host: &str) -> Option<Ipv4Addr> {
        self.find(host).map(|site| site.address)
    }

    /// The hosts.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        self.sites.iter().map(|site| site.host.clone()).collect()
    }

    /// From now on a site answers 503 to everything, or is well again.
    ///
    /// # Errors
    /// A sentence, when the plan has no such site.
    pub fn set_broken(&self, host: &str, broken: bool) -> anyhow::Result<()> {
        let site = self.find(host).with_context(|| format!("there is no site {host}; there are: {}", self.hosts().join(", ")))?;
        *site.broken.lock().unwrap_or_else(PoisonError::into_inner) = broken;
        Ok(())
    }

    fn find(&self, host: &str) -> Option<&Arc<Site>> {
        let host = host.trim_end_matches('.');
        self.sites.iter().find(|site| site.host.eq_ignore_ascii_case(host))
    }
}

/// An address on which all these ports are free, with a listener for each.
async fn listen(addresses: &Addresses, ports: &BTreeSet<u16>) -> anyhow::Result<(Ipv4Addr, BTreeMap<u16, TcpListener>)> {
    let mut last = anyhow::anyhow!("no address was tried");
    for _ in 0..TRIES {
        let address = addresses.free()?;
        match bind(address, ports).await {
            Ok(listeners) => return Ok((address, listeners)),
            // What is forbidden here is forbidden everywhere.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Err(error.into()),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

async fn bind(address: Ipv4Addr, ports: &BTreeSet<u16>) -> std::io::Result<BTreeMap<u16, TcpListener>> {
    let mut listeners = BTreeMap::new();
    for port in ports {
        listeners.insert(*port, TcpListener::bind(SocketAddr::from((address, *port))).await?);
    }
    Ok(listeners)
}

/// What the plan says of the page, or why there is nothing.
async fn answer(State((site, port)): State<(Arc<Site>, u16)>, uri: Uri) -> (StatusCode, String) {
    if *site.broken.lock().unwrap_or_else(PoisonError::into_inner) {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{} is out of order\n", site.host));
    }
    let page = site.pages.iter().find(|page| page.port == port && page.path == uri.path());
    match page {
        Some(page) => (StatusCode::from_u16(page.status).unwrap_or(StatusCode::OK), format!("{}: {}\n", site.host, page.says)),
        None => (StatusCode::NOT_FOUND, format!("{} has no such page\n", site.host)),
    }
}
