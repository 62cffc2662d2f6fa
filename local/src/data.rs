//! The services that hold data, opened together: each over what the others need of it.

use std::{sync::Arc, time::Duration};

use crate::{
    dns::Dns,
    rds::{Options, Rds},
    route53::Route53,
    s3::S3,
    secrets::Secrets,
    seed::Seed,
    service::{ACCOUNT, Service, Shared},
    sites::Sites,
    traffic::Traffic,
};

/// Databases, secrets, objects, zones, and the name server over them.
#[derive(Debug)]
pub struct Data {
    /// RDS.
    pub rds: Arc<Rds>,
    /// Secrets Manager.
    pub secrets: Arc<Secrets>,
    /// S3.
    pub s3: Arc<S3>,
    /// Route 53.
    pub route53: Arc<Route53>,
    /// The sites of services.
    pub sites: Arc<Sites>,
    /// The name server.
    pub dns: Arc<Dns>,
    /// Where traffic goes.
    pub traffic: Arc<Traffic>,
}

impl Data {
    /// Opens the services, and puts into them what the seed has and they don't: the buckets with the plan, the zones, the
    /// databases with their secrets. `archive_every` is how far `LatestRestorableTime` trails.
    ///
    /// # Errors
    /// When there is no PostgreSQL on the machine, or the data directory can't be used.
    pub async fn open(shared: &Arc<Shared>, seed: &Seed, archive_every: Duration) -> anyhow::Result<Self> {
        let rds = Rds::open(shared.clone(), Options { archive_every, ..Options::default() }).await?;
        let secrets = Secrets::open(shared.clone())?;
        let s3 = S3::open(shared.clone())?;
        let route53 = Route53::open(shared.clone())?;
        let sites = Sites::open(shared, &seed.sites).await;
        let dns = Dns::open(shared, route53.clone(), rds.clone(), sites.clone()).await?;
        buckets(&s3, seed)?;
        for zone in &seed.zones {
            route53.seed(zone);
        }
        for switch in &seed.switches {
            s3.seed(&switch.region, &switch.bucket);
            route53.watch(switch.clone(), s3.clone());
        }
        for database in &seed.databases {
            let secret = rds.seed(database).await?;
            secrets.seed(&database.region, &database.secret, &secret.to_string());
        }
        for standby in &seed.standbys {
            let secret = rds.seed_standby(standby).await?;
            secrets.seed(&standby.region, &standby.secret, &secret.to_string());
        }
        let traffic = Arc::new(Traffic::new(s3.clone(), secrets.clone(), dns.clone(), seed.regions.clone()));
        rds.beat_where_applications_are(&traffic);
        Ok(Self { rds, secrets, s3, route53, sites, dns, traffic })
    }

    /// The services that answer AWS's APIs.
    #[must_use]
    pub fn services(&self) -> Vec<Arc<dyn Service>> {
        vec![self.rds.clone(), self.secrets.clone(), self.s3.clone(), self.route53.clone()]
    }

    /// Stops the database servers in order. Their data stays.
    pub async fn close(&self) {
        self.rds.close().await;
    }
}

/// Makes a bucket with the plan in each region. Those of the bot are one: a version that is put into one of them is in all.
fn buckets(s3: &S3, seed: &Seed) -> anyhow::Result<()> {
    let bot: Vec<String> = seed.bot().iter().map(|region| bucket(region)).collect();
    for region in &seed.regions {
        s3.seed(region, &bucket(region));
    }
    let copied = bot.get(1..).unwrap_or_default();
    for bucket in seed.regions.iter().map(|region| bucket(region)).filter(|bucket| !copied.contains(bucket)) {
        if s3.get(&bucket, "plan.yaml").is_none() {
            s3.put(&bucket, "plan.yaml", seed.plan_yaml.as_bytes())?;
        }
    }
    if !copied.is_empty() {
        s3.copy_among(&bot);
    }
    Ok(())
}

/// The bot's bucket in a region.
#[must_use]
pub fn bucket(region: &str) -> String {
    format!("mayday-{ACCOUNT}-{region}")
}
