//! The PostgreSQL programs of this machine, and the user that they run as.

use std::{
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use tokio::process::Command;

use super::ADMIN;

const PROGRAMS: [&str; 4] = ["initdb", "postgres", "pg_ctl", "pg_basebackup"];

/// What to type where there is no server.
const MISSING: &str = "no PostgreSQL server found. Install one: `apt-get install postgresql` (Debian, Ubuntu), \
    `dnf install postgresql-server` (Fedora), `brew install postgresql@17` (macOS); or set MAYDAY_POSTGRES_BIN to the folder that holds \
    initdb, postgres, pg_ctl and pg_basebackup";

#[derive(Debug, Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

/// The programs, a template to copy clusters from, and where clusters are kept.
#[derive(Debug)]
pub struct Installation {
    programs: PathBuf,
    /// Set when this process is root's: PostgreSQL refuses to run as root.
    user: Option<User>,
    root: PathBuf,
    password: String,
    version: String,
}

impl Installation {
    /// Finds the programs and prepares `dir` for clusters: makes the template on first use.
    ///
    /// # Errors
    /// When there is no PostgreSQL server on the machine (the message says what to type) or `dir` can't be prepared.
    pub async fn open(dir: &Path) -> anyhow::Result<Self> {
        let programs = find_programs()?;
        let user = unprivileged_user().await?;
        let root = match user {
            Some(user) => reachable(dir, user)?,
            None => dir.to_owned(),
        };
        let version = version(&programs).await?;
        let mut installation = Self { programs, user, root, password: String::new(), version };
        installation.make_dir(&installation.root)?;
        installation.password = installation.admin_password()?;
        // What could not be deleted in an earlier life; nobody looks there.
        std::fs::remove_dir_all(installation.trash()).ok();
        installation.make_template().await?;
        Ok(installation)
    }

    /// The server's version, such as `15.13`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The folder that holds clusters and backups. It is not always below the stack's data directory: root's own
    /// folders are closed to the user that runs the servers.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where folders go that are deleted.
    pub(super) fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }

    /// The names of the clusters on disk.
    #[must_use]
    pub fn cluster_names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.join("clusters")).ok();
        entries.into_iter().flatten().filter_map(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// The password of the administrator's role in every cluster here.
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// Makes a folder that only the servers' user may read, as PostgreSQL demands of a data directory.
    pub(super) fn make_dir(&self, dir: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(dir).with_context(|| format!("can't make {}", dir.display()))?;
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
        self.hand_over(dir)
    }

    /// Writes a file that the servers' user owns.
    pub(super) fn write(&self, file: &Path, content: &str) -> anyhow::Result<()> {
        std::fs::write(file, content).with_context(|| format!("can't write {}", file.display()))?;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?;
        self.hand_over(file)
    }

    /// Copies a folder with everything in it; blocks are shared where the file system can.
    pub(super) async fn copy(&self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let mut command = self.command(Path::new("cp"));
        command.arg("-a").arg(from).arg(to);
        run(command, "cp").await
    }

    /// A program of PostgreSQL's, to run as the servers' user, with the administrator's password at hand.
    pub(super) fn program(&self, name: &str) -> Command {
        let mut command = self.command(&self.programs.join(name));
        command.env("PGPASSWORD", &self.password).env("LC_ALL", "C");
        command
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").stdin(std::process::Stdio::null());
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    fn hand_over(&self, path: &Path) -> anyhow::Result<()> {
        match self.user {
            Some(user) => chown(path, Some(user.uid), Some(user.gid)).with_context(|| format!("can't hand over {}", path.display())),
            None => Ok(()),
        }
    }

    fn admin_password(&self) -> anyhow::Result<String> {
        let file = self.root.join("admin.password");
        if let Ok(password) = std::fs::read_to_string(&file) {
            return Ok(password);
        }
        let password = ulid::Ulid::generate().to_string();
        self.write(&file, &password)?;
        Ok(password)
    }

    pub(super) fn template(&self) -> PathBuf {
        self.root.join("template")
    }

    async fn make_template(&self) -> anyhow::Result<()> {
        if self.template().exists() {
            return Ok(());
        }
        // Made beside its place and renamed: a template that a crash cut off is never taken for a whole one.
        let draft = self.root.join("template.draft");
        if draft.exists() {
            std::fs::remove_dir_all(&draft)?;
        }
        let mut command = self.program("initdb");
        // Small segments: a switch every few seconds would fill the disk with the usual 16 MB each.
        command.arg("-D").arg(&draft).args(["--wal-segsize=1", "--no-sync", "--locale=C.UTF-8", "--encoding=UTF8"]);
        command.args(["-A", "scram-sha-256", "-U", ADMIN]).arg("--pwfile").arg(self.root.join("admin.password"));
        run(command, "initdb").await?;
        std::fs::rename(&draft, self.template())?;
        Ok(())
    }
}

/// Runs a program to its end.
///
/// # Errors
/// With the end of what it wrote to its error output, when it fails.
pub(super) async fn run(mut command: Command, name: &str) -> anyhow::Result<()> {
    let output = command.output().await.with_context(|| format!("can't start {name}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = if said.trim().is_empty() { String::from_utf8_lossy(&output.stdout) } else { said };
    bail!("{name} failed ({}): {}", output.status, said.trim())
}

fn find_programs() -> anyhow::Result<PathBuf> {
    let whole = |dir: &PathBuf| PROGRAMS.iter().all(|program| dir.join(program).is_file());
    if let Some(dir) = std::env::var_os("MAYDAY_POSTGRES_BIN").map(PathBuf::from) {
        return if whole(&dir) { Ok(dir) } else { bail!("MAYDAY_POSTGRES_BIN is {}: {MISSING}", dir.display()) };
    }
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let mut candidates: Vec<PathBuf> = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr"]
        .iter()
        .filter_map(|parent| std::fs::read_dir(parent).ok())
        .flat_map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path().join("bin")))
        .filter(whole)
        .collect();
    candidates.sort_by_key(|dir| std::cmp::Reverse(major_in(dir)));
    on_path.into_iter().filter(whole).chain(candidates).next().context(MISSING)
}

/// The version in a folder's name: `/usr/lib/postgresql/15/bin` → 15.
fn major_in(dir: &Path) -> u32 {
    let name = dir.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0)
}

async fn version(programs: &Path) -> anyhow::Result<String> {
    let output = Command::new(programs.join("postgres")).arg("--version").output().await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)"
    text.split_whitespace().nth(2).map(str::to_owned).context("postgres --version says nothing")
}

async fn id(arguments: &[&str]) -> anyhow::Result<Option<u32>> {
    let output = Command::new("id").args(arguments).output().await.context("can't run id")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
}

async fn unprivileged_user() -> anyhow::Result<Option<User>> {
    if id(&["-u"]).await? != Some(0) {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let (Some(uid), Some(gid)) = (id(&["-u", name]).await?, id(&["-g", name]).await?) {
            return Ok(Some(User { uid, gid }));
        }
    }
    bail!("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as")
}

/// `dir`, if the servers' user can get there, opening folders of ours for passage; else a folder in /var/tmp.
fn reachable(dir: &Path, user: User) -> anyhow::Result<PathBuf> {
    let dir = std::path::absolute(dir)?;
    let parent = dir.parent().unwrap_or(&dir);
    std::fs::create_dir_all(parent)?;
    let temporary = std::env::temp_dir();
    for ancestor in parent.ancestors() {
        let data = std::fs::metadata(ancestor)?;
        if data.mode() & 0o001 != 0 || data.uid() == user.uid {
            continue;
        }
        // The stack's own data directory (the parent) and test folders may be opened; /root and homes may not.
        if ancestor == parent || ancestor.starts_with(&temporary) {
            std::fs::set_permissions(ancestor, std::fs::Permissions::from_mode(data.mode() | 0o011))?;
        } else {
            let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(dir.as_os_str().as_encoded_bytes()));
            let short = digest.get(..12).unwrap_or_default();
            return Ok(PathBuf::from(format!("/var/tmp/mayday-postgres-{short}")));
        }
    }
    Ok(dir)
}
