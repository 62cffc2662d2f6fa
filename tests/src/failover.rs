//! Two sites: the other region's database and secret, and names asked by UDP.

use mayday_core::run::State;
use mayday_resolver::Resolver;
use tokio_postgres::NoTls;

use crate::{Restored, Setup, Stage, Xml, aws::call};

/// The standby of the demonstration's database.
pub const STANDBY: &str = "inventory-standby";
/// The region that it is in.
pub const AWAY: &str = "eu-central-1";
/// The region that the demonstration's database is at home in.
pub const HOME: &str = "eu-west-1";

impl Setup {
    /// With the standby in the other region, which takes a second more to begin.
    #[must_use]
    pub fn with_standby(mut self) -> Self {
        self.standby = true;
        self
    }
}

impl Stage {
    /// What the stack's name server says by UDP, as `dig` would ask: the alias of a name.
    pub async fn alias(&self, name: &str) -> Option<String> {
        self.resolver().cname(name).await.expect("the name server answers")
    }

    /// The same, its addresses.
    pub async fn addresses(&self, name: &str) -> Vec<String> {
        let found = self.resolver().addresses(name).await.expect("the name server answers");
        found.into_iter().map(|address| address.to_string()).collect()
    }

    fn resolver(&self) -> Resolver {
        Resolver::from_list(&format!("127.0.0.1:{}", self.stack().data().dns.port())).unwrap()
    }

    /// An instance of a region, as DescribeDBInstances tells it.
    pub async fn instance_in(&self, region: &str, id: &str) -> Option<Xml> {
        let told = self.rds_in(region, "DescribeDBInstances", &[("DBInstanceIdentifier", id)]).await;
        (told.text("DBInstanceIdentifier") == id).then_some(told)
    }

    /// What the database's secret says in a region.
    #[must_use]
    pub fn secret_in(&self, region: &str) -> serde_json::Value {
        let name = if region == self.home.region { &self.home.secret } else { &self.standby().secret };
        let secret = self.stack().data().secrets.current(region, name).expect("the secret");
        serde_json::from_str(&secret).unwrap()
    }

    /// A session on an instance of a region, with what the secret there says.
    pub async fn application(&self, region: &str, instance: &str) -> tokio_postgres::Client {
        let secret = self.secret_in(region);
        let host = self.instance_in(region, instance).await.expect("the instance").text("Address");
        let address = self.stack().data().rds.resolve(&host).expect("an endpoint has an address");
        let text = |name: &str| secret[name].as_str().unwrap().to_owned();
        let mut config = tokio_postgres::Config::new();
        config.host(address.to_string()).port(5432).user(text("username")).password(text("password")).dbname(text("dbname"));
        let (client, connection) = config.connect(NoTls).await.expect("the server takes connections");
        tokio::spawn(connection);
        client
    }

    /// Writes so many movements as an application would; the database's code when it refuses.
    pub async fn sells(&self, region: &str, instance: &str, movements: u32) -> Result<(), String> {
        let insert = format!("insert into movements (item_id, change, reason) select 1, 1, 'sale' from generate_series(1, {movements})");
        let wrote = self.application(region, instance).await.batch_execute(&insert).await;
        wrote.map_err(|error| error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned()))
    }

    /// How many movements an instance has.
    pub async fn movements(&self, region: &str, instance: &str) -> i64 {
        let row = self.application(region, instance).await.query_one("select count(*) from movements", &[]).await;
        row.unwrap().get(0)
    }

    /// The run that set a mark on an instance; nothing, where nobody has.
    pub async fn marked(&self, region: &str, instance: &str, what: &str) -> Option<String> {
        let rows = self.application(region, instance).await.query("select run from mayday.mark where what = $1", &[&what]).await;
        rows.ok()?.first().map(|row| row.get(0))
    }

    /// The service is at its other site: Ana asked, Bob approved.
    pub async fn failed_over(&self) -> Restored {
        let gone = self.carried_out("/dr failover shop").await;
        assert_eq!(gone.run.state, State::Succeeded, "{}", self.picture());
        gone
    }

    /// Somebody else edits a record of `shop.example.com`.
    pub async fn somebody_moves(&self, name: &str, kind: &str, (from, to): (&str, &str)) {
        let (zone, _) = self.stack().data().route53.ids().into_iter().find(|(_, name)| name == "shop.example.com.").expect("the zone");
        let set = |action: &str, value: &str| {
            format!(
                "<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type><TTL>60</TTL>\
                 <ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>"
            )
        };
        let body = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>{}{}\
             </Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
            set("DELETE", from),
            set("CREATE", to)
        );
        let service = self.services().get("route53").expect("there is Route 53");
        let mut call = call("route53", "us-east-1", None, body);
        call.path = format!("/2013-04-01/hostedzone/{zone}/rrset/");
        call.operation = service.operation(&call);
        let reply = service.handle(&call).await;
        assert!(reply.status.is_success(), "{}", String::from_utf8_lossy(&reply.body));
    }
}
