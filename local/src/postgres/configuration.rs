//! The two files that say how a server runs. They are written anew before each start: nothing is inherited from a backup.

use std::{fmt::Write as _, net::Ipv4Addr, path::PathBuf};

use super::{Cluster, PORT};

/// The administrator's role, as on RDS: nobody but the stack has its password.
pub const ADMIN: &str = "rdsadmin";
/// The role of the inspector, which signs in with an IAM token.
pub const INSPECTOR: &str = "mayday_inspector";

/// What differs between servers.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether IAM tokens open the door. The stack has no IAM: any token does, and none does where this is off.
    pub iam_authentication: bool,
    /// Where to stream from, for a replica: the source's address, and its archive for WAL that it no longer has.
    pub source: Option<(Ipv4Addr, PathBuf)>,
    /// For recovery to a point in time: the archive to read and the target in PostgreSQL's own notation.
    pub recovery: Option<(PathBuf, String)>,
}

impl Cluster {
    pub(super) fn configuration(&self, settings: &Settings) -> String {
        let mut text = format!(
            "# Written by the local stack before each start.\n\
             listen_addresses = '{}'\nport = {PORT}\nunix_socket_directories = ''\n\
             password_encryption = 'scram-sha-256'\n\
             fsync = off\nsynchronous_commit = off\nshared_buffers = 16MB\nmax_connections = 60\nmax_parallel_workers = 0\njit = off\n\
             min_wal_size = 5MB\nmax_wal_size = 64MB\nwal_level = replica\nmax_wal_senders = 10\nhot_standby = on\n\
             max_standby_archive_delay = 2s\nmax_standby_streaming_delay = 2s\nwal_receiver_status_interval = 1s\n\
             wal_retrieve_retry_interval = 200ms\n\
             archive_mode = on\narchive_command = '{}'\n\
             timezone = 'UTC'\nlog_timezone = 'UTC'\nlc_messages = 'C'\n",
            self.address(),
            quoted(&archive_command(&self.archive())),
        );
        if let Some((address, archive)) = &settings.source {
            let password = self.installation().password();
            let _ = writeln!(
                text,
                "primary_conninfo = 'host={address} port={PORT} user={ADMIN} password={password} application_name={}'\n{}",
                self.name(),
                restore_command(archive)
            );
        }
        if let Some((archive, target)) = &settings.recovery {
            let _ = writeln!(
                text,
                "{}\nrecovery_target_time = '{target}'\nrecovery_target_action = 'promote'\nrecovery_target_inclusive = on",
                restore_command(archive)
            );
        }
        text
    }

    pub(super) fn access(&self, settings: &Settings) -> String {
        let inspector = if settings.iam_authentication { "trust" } else { "reject" };
        format!(
            "# Written by the local stack before each start. Loopback only.\n\
             host replication {ADMIN} 127.0.0.0/8 scram-sha-256\n\
             host all {INSPECTOR} 127.0.0.0/8 {inspector}\n\
             host all all 127.0.0.0/8 scram-sha-256\n"
        )
    }
}

/// Copied beside its place and renamed: whoever waits for the file finds it whole. A segment that was switched early ends
/// in zeros, most of a megabyte every few seconds: where `cp` can leave holes instead, they take no room.
fn archive_command(archive: &std::path::Path) -> String {
    let file = format!("{}/%f", archive.display());
    format!(r#"(cp --sparse=always "%p" "{file}.part" 2>/dev/null || cp "%p" "{file}.part") && mv "{file}.part" "{file}""#)
}

fn restore_command(archive: &std::path::Path) -> String {
    format!("restore_command = '{}'", quoted(&format!(r#"cp "{}/%f" "%p""#, archive.display())))
}

/// For a value between single quotes.
fn quoted(value: &str) -> String {
    value.replace('\'', "''")
}
