//! What the stack asks its databases.

use anyhow::Context as _;
use serde::Serialize;
use tokio_postgres::{Client, NoTls};

use super::{ADMIN, Cluster, INSPECTOR, PORT, sample};

/// A database and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Its tables, by name.
    pub tables: Vec<Table>,
}

/// A table and how many rows it has, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// The name, with its schema where that isn't `public`.
    pub name: String,
    /// The rows.
    pub rows: i64,
}

/// What to do to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Delete nearly all rows of the biggest table.
    DeleteRows,
    /// Drop the biggest table.
    DropTable,
}

/// What was done to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The table, with its database.
    pub table: String,
    /// The rows that are gone.
    pub rows: i64,
}

impl Cluster {
    /// A connection as administrator.
    ///
    /// # Errors
    /// When the server doesn't answer.
    pub async fn connect(&self, database: &str) -> anyhow::Result<Client> {
        let mut config = tokio_postgres::Config::new();
        config.host(self.address().to_string()).port(PORT).user(ADMIN).password(self.installation().password()).dbname(database);
        config.connect_timeout(std::time::Duration::from_secs(5));
        let (client, connection) = config.connect(NoTls).await.with_context(|| format!("{} does not answer", self.name()))?;
        // Ends when the client is dropped.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Makes the master user, its database and the inspector's role, as `CreateDBInstance` does.
    ///
    /// # Errors
    /// When a name is one that PostgreSQL refuses.
    pub async fn set_up(&self, user: &str, password: &str, database: Option<&str>) -> anyhow::Result<()> {
        let client = self.connect("postgres").await?;
        let name = identifier(user);
        client
            .batch_execute(&format!(
                "CREATE ROLE rds_superuser NOLOGIN; \
                 GRANT pg_monitor, pg_signal_backend, pg_read_all_data, pg_checkpoint TO rds_superuser WITH ADMIN OPTION; \
                 CREATE ROLE rds_iam NOLOGIN; \
                 CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD {}; GRANT rds_superuser TO {name}; \
                 CREATE ROLE {INSPECTOR} LOGIN; GRANT rds_iam, pg_read_all_data, pg_monitor TO {INSPECTOR}; \
                 GRANT ALL ON SCHEMA public TO {name}",
                literal(password)
            ))
            .await
            .context("the master user")?;
        if let Some(database) = database.filter(|database| *database != "postgres") {
            client.batch_execute(&format!("CREATE DATABASE {} OWNER {name}", identifier(database))).await.context("the database")?;
        }
        Ok(())
    }

    /// Gives a role a new password.
    ///
    /// # Errors
    /// When there is no such role.
    pub async fn set_password(&self, user: &str, password: &str) -> anyhow::Result<()> {
        let client = self.connect("postgres").await?;
        let statement = format!("ALTER ROLE {} PASSWORD {}", identifier(user), literal(password));
        client.batch_execute(&statement).await.context("can't change the password")
    }

    /// Fills a database with the demonstration's tables, owned by `owner`.
    ///
    /// # Errors
    /// When they exist already.
    pub async fn fill(&self, database: &str, owner: &str, rows: u64) -> anyhow::Result<()> {
        let client = self.connect(database).await?;
        let statement = format!("SET ROLE {}; {}", identifier(owner), sample::inventory(rows));
        client.batch_execute(&statement).await.context("can't fill the database")
    }

    /// Notes a time in the database's own table of heartbeats, where it has one.
    ///
    /// # Errors
    /// When the server doesn't answer.
    pub async fn beat(&self, database: &str, at: jiff::Timestamp) -> anyhow::Result<()> {
        let client = self.connect(database).await?;
        let row = client.query_one("SELECT to_regclass('public.heartbeat') IS NOT NULL", &[]).await?;
        if row.try_get::<_, bool>(0)? {
            let at = literal(&at.to_string());
            let statement = format!(
                "INSERT INTO public.heartbeat VALUES ({at}); DELETE FROM public.heartbeat WHERE at < {at}::timestamptz - interval '1 day'"
            );
            client.batch_execute(&statement).await?;
        }
        Ok(())
    }

    /// The databases that applications made, with their tables and counted rows.
    ///
    /// # Errors
    /// When the server doesn't answer.
    pub async fn databases(&self) -> anyhow::Result<Vec<Database>> {
        let client = self.connect("postgres").await?;
        let found =
            client.query("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1", &[]).await?;
        let mut databases = Vec::new();
        for row in found {
            let name: String = row.try_get(0)?;
            let tables = tables(&self.connect(&name).await?).await?;
            databases.push(Database { name, tables });
        }
        Ok(databases)
    }

    /// Seconds since the commit that a replica replayed last; `None` for a server that is no replica.
    ///
    /// # Errors
    /// When the server doesn't answer.
    pub async fn replica_lag(&self) -> anyhow::Result<Option<f64>> {
        let client = self.connect("postgres").await?;
        let lag = "SELECT CASE WHEN pg_is_in_recovery() THEN \
                   coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)::float8 END";
        Ok(client.query_one(lag, &[]).await?.try_get(0)?)
    }

    /// Stops or continues a replica's replay: a way to make it lag.
    ///
    /// # Errors
    /// When the server is no replica or doesn't answer.
    pub async fn pause_replay(&self, pause: bool) -> anyhow::Result<()> {
        let client = self.connect("postgres").await?;
        let function = if pause { "pg_wal_replay_pause" } else { "pg_wal_replay_resume" };
        client.batch_execute(&format!("SELECT {function}()")).await.context("not a replica")
    }

    /// Does damage to the biggest table of the server's databases.
    ///
    /// # Errors
    /// When there is no table, or the server is a replica or doesn't answer.
    pub async fn damage(&self, damage: Damage) -> anyhow::Result<Broken> {
        let biggest = self.databases().await?.into_iter().flat_map(|database| {
            let name = database.name;
            database.tables.into_iter().map(move |table| (name.clone(), table))
        });
        let (database, table) = biggest.max_by_key(|(_, table)| table.rows).context("there is no table to break")?;
        let client = self.connect(&database).await?;
        let quoted = table.name.split('.').map(identifier).collect::<Vec<_>>().join(".");
        let rows = match damage {
            Damage::DeleteRows => {
                // As a careless statement would, but past the foreign keys that would have saved the rows.
                client.batch_execute("SET session_replication_role = replica").await?;
                client.execute(&format!("DELETE FROM {quoted} WHERE random() < 0.98"), &[]).await?.try_into()?
            }
            Damage::DropTable => {
                client.batch_execute(&format!("DROP TABLE {quoted} CASCADE")).await?;
                table.rows
            }
        };
        Ok(Broken { table: format!("{database}.{}", table.name), rows })
    }
}

async fn tables(client: &Client) -> anyhow::Result<Vec<Table>> {
    let found = client
        .query(
            "SELECT CASE schemaname WHEN 'public' THEN relname ELSE schemaname || '.' || relname END, \
                    format('SELECT count(*) FROM %I.%I', schemaname, relname) \
             FROM pg_stat_user_tables ORDER BY 1",
            &[],
        )
        .await?;
    let mut tables = Vec::new();
    for row in found {
        let count: String = row.try_get(1)?;
        // A table may be dropped between the two looks.
        let Ok(counted) = client.query_one(&count, &[]).await else { continue };
        tables.push(Table { name: row.try_get(0)?, rows: counted.try_get(0)? });
    }
    Ok(tables)
}

/// A name, quoted for SQL.
fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text, quoted for SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
