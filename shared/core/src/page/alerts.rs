use super::{Page, Raise, Raised, due::LOOKED_AT, raise, resolve};
use crate::{
    alert::{self, Kind, Level, Standing},
    failure::Fault,
    ident::Actor,
    plan::Severity,
    port::World,
    store::{Record as _, Store},
};

/// What an alert's page is called.
const PREFIX: &str = "alert/";

/// Wakes people for alerts that have come to the worst: a promise does not hold any more. It is over when the alert is. Of services'
/// health, whoever watches them wakes people, by how important they are.
///
/// # Errors
/// When the records can't be read or written.
pub async fn watch_alerts(world: &World) -> Result<usize, Fault> {
    let (mut raised, mut failed) = (0, None);
    let alerts: Vec<Standing> = alert::standing(world).await?.into_iter().map(|kept| kept.value).collect();
    for standing in
        alerts.iter().filter(|standing| standing.is_open() && standing.alert.level == Level::Broken && standing.alert.kind != Kind::Health)
    {
        let said = &standing.alert;
        let page = Raise {
            key: format!("{PREFIX}{}", standing.id()),
            // Nothing is down yet; what would bring it back is not as it was promised.
            severity: Severity::Sev2,
            subject: said.sentence.trim_end_matches('.').to_owned(),
            why: said.way_out.clone().unwrap_or_default(),
            by: Actor::System("alert".to_owned()),
            since: standing.since,
            run: None,
            to: Vec::new(),
        };
        match raise(world, page).await {
            Ok(page) => raised += usize::from(matches!(page, Raised::New(_))),
            // Others are to be woken for all the same.
            Err(fault) => {
                tracing::error!(alert = standing.id(), fault = fault.chain(), "nobody was woken for an alert");
                failed = Some(fault);
            }
        }
    }
    for page in Store::of(world).list::<Page>(&LOOKED_AT).await?.into_iter().filter(|page| !page.value.is_resolved()) {
        let Some(id) = page.value.key.strip_prefix(PREFIX) else { continue };
        if alerts.iter().any(|standing| standing.id() == id && !standing.is_open()) {
            resolve(world, &page.value.key, "Mayday", "what was alerted is as it should be again.").await?;
        }
    }
    failed.map_or(Ok(raised), Err)
}
