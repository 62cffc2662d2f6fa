use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, Seen, Through, Verify};
use crate::{
    database::member,
    failure::CallError,
    mrkdwn,
    plan::Check,
    policy::Permit,
    port::{Probe, SqlTarget, World},
    view::{Code, Mrkdwn},
};

/// `db:connect`: signs in as the applications do, wherever they are led by then, and asks what the plan says must be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connect {
    /// The region.
    pub region: String,
    /// By the secret's host, or by this CNAME.
    pub through: Through,
    /// The port.
    pub port: u16,
    /// The database on it.
    pub database: String,
    /// The secret to sign in with.
    pub secret: String,
    /// The questions and their expected answers.
    pub checks: Vec<Check>,
    /// What is found wrong is a fact for later conditions, and no failure.
    pub only_reports: bool,
}

impl Connect {
    async fn host(&self, world: &World) -> Result<String, CallError> {
        if let Through::Cname(name) = &self.through {
            return Ok(name.clone());
        }
        let secret = world.secrets.current(&self.region, &self.secret).await?;
        Ok(secret.and_then(|secret| member(&secret.value, "host")).unwrap_or_default())
    }

    fn reported(finding: Finding, connected: bool) -> Seen {
        let facts = json!({"connection_failed": !connected, "checks_failed": connected});
        Seen::Done(Finding { detail: json!({"found": finding.detail, "facts": facts}), ..finding })
    }
}

#[async_trait]
impl Action for Connect {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let through = match &self.through {
            Through::Cname(name) => mrkdwn!("by {}", Code(name)),
            Through::Secret | Through::Endpoint => mrkdwn!("by the host in the secret"),
        };
        let mut lines = vec![mrkdwn!(
            "signs in as applications do, {}, port {}, to {} in {} with {}",
            through,
            self.port,
            Code(&self.database),
            self.region,
            Code(&self.secret)
        )];
        lines.extend(super::verify::questions(&self.checks));
        if self.only_reports {
            lines.push(mrkdwn!("what it finds wrong does not stop the run"));
        }
        lines
    }

    async fn observe(&self, world: &World, _: Ownership<'_>) -> Result<Seen, CallError> {
        let host = self.host(world).await?;
        let target = SqlTarget {
            region: self.region.clone(),
            host: host.clone(),
            port: self.port,
            database: self.database.clone(),
            secret: self.secret.clone(),
        };
        let probes: Vec<Probe> = self.checks.iter().map(|check| Probe { name: check.name.clone(), sql: check.sql.clone() }).collect();
        let inspection = world.sql.inspect(&target, &probes).await?;
        let connected = inspection.connection_error.is_none();
        let judge = Verify {
            region: self.region.clone(),
            instance: host,
            through: self.through.clone(),
            database: self.database.clone(),
            secret: self.secret.clone(),
            checks: self.checks.clone(),
            recovery_point: None,
        };
        Ok(match judge.judge(&inspection) {
            Seen::Broken(finding) if self.only_reports => Self::reported(finding, connected),
            seen => seen,
        })
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}
