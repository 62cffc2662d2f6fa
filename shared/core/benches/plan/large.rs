//! A plan of any size, as a big organization would write it: each service with its database, its app, probes, names, another
//! site and what it depends on.

use std::fmt::Write as _;

/// What every plan has, whatever its size.
const HEAD: &str = "schema: 1
organization: Generated
timezone: Europe/Berlin
slack: {organization: T0MAYDAY01, channel: C0RECOVERY}
people:
  ana: {slack: U0ANA00001, roles: [responder], phone: '+1-555-555-0001', email: ana@example.com}
  bob: {slack: U0BOB00001, roles: [responder, dba], phone: '+1-555-555-0002', email: bob@example.com}
  carol: {slack: U0CAROL001, roles: [dba], phone: '+1-555-555-0003', email: carol@example.com}
roles:
  responder: {may: [{verbs: [look], environments: ['*']}, {verbs: [backup, restore, retire, failover], environments: [production]}]}
  dba: {may: [{verbs: [look], environments: ['*']}, {verbs: [approve], environments: [production]}]}
approvals:
  destructive: {needed: 1, roles: [dba], within: 30m}
tiers:
  critical: {title: Critical Systems, objectives: {rto: 1h, rto_max: 4h, rpo: 15m}}
on_call:
  escalation: [{name: Primary, notify: [ana], by: [slack, sms], within: 5m}, {name: Secondary, notify: [bob], by: [phone], within: 10m}]
";

/// A plan with so many services, each with a database and an app.
pub(crate) fn plan(services: usize) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("databases:\n");
    for number in 0..services {
        let _ = write!(
            text,
            "  data-{number}:
    environment: production
    region: eu-west-1
    database: service_{number}
    secret: mayday/data-{number}
    traffic: secret
    objectives: {{rto: 1h, rto_max: 4h, rpo: 15m}}
    heartbeat: select max(at) from heartbeat
    checks:
      - {{name: rows are there, sql: select count(*) from items, expect: {{at_least: {number}}}}}
      - {{name: nothing hangs, sql: select count(*) from movements m left join items i on i.id = m.item_id where i.id is null, expect: {{equals: '0'}}}}
    backups:
      - {{class: daily, cron: {} 2 * * *, keep: 7d}}
      - {{class: full, cron: 0 3 * * 0, timezone: UTC, keep: 30d}}
",
            number % 60,
        );
    }
    text.push_str("apps:\n");
    for number in 0..services {
        let _ = writeln!(text, "  app-{number}: {{environment: production, region: eu-west-1, cluster: main, service: app-{number}}}");
    }
    text.push_str("services:\n");
    for number in 0..services {
        // Each on the one before it and on one far off: a chain as long as the plan, and many ways through it.
        let others: Vec<String> = [number.checked_sub(1), (number > 1).then_some(number / 2)]
            .into_iter()
            .flatten()
            .map(|other| format!("service-{other}"))
            .collect();
        let _ = write!(
            text,
            "  service-{number}:
    summary: The service with the number {number}
    environment: production
    tier: critical
    databases: [data-{number}]
    apps: [app-{number}]
    depends_on: [{}]
    probes:
      - {{name: home page, http: {{url: 'https://service-{number}.example.com/health', contains: ok}}, every: 1m, within: 5s}}
      - {{name: database, postgres: {{database: data-{number}}}}}
      - {{name: name, dns: {{name: service-{number}.example.com, kind: CNAME}}}}
    failover:
      primary: {{name: ireland, region: eu-west-1, probes: [{{name: there, tcp: {{address: 'home-{number}.example.net:443'}}}}]}}
      secondary: {{name: frankfurt, region: eu-central-1, probes: [{{name: there, tcp: {{address: 'away-{number}.example.net:443'}}}}]}}
      records:
        - {{zone: example.com, name: service-{number}.example.com, kind: CNAME, primary: [home-{number}.example.net], secondary: [away-{number}.example.net]}}
      standbys:
        data-{number}: {{instance: data-{number}-standby, secret: mayday/data-{number}-standby}}
",
            others.join(", "),
        );
    }
    text
}
