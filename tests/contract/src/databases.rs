//! [`Databases`].

use jiff::SignedDuration;
use mayday_core::{
    failure::CallError,
    policy::{OWNER_TAG, Permit},
    port::{Databases, Instance, Phase, ReplicaSource, Replication, Restoration, RestoreFrom, Settings, Snapshot, SnapshotKind, Tags},
};

use crate::{Time, assert_refused};

/// How often something under way is looked at before it counts as stuck.
const LOOKS: usize = 300;
/// How much time passes between two looks.
const PAUSE: SignedDuration = SignedDuration::from_secs(2);

/// What is there: an instance that is available, keeps backups, and whose log can be restored already.
pub struct World<'a> {
    /// The port.
    pub databases: &'a dyn Databases,
    /// Its time.
    pub time: &'a dyn Time,
    /// The instance's region.
    pub region: &'a str,
    /// The instance.
    pub instance: &'a str,
}

/// All promises. Some minutes pass in the world behind the port.
pub async fn everything(world: &World<'_>) {
    what_is_not_there_is_none(world).await;
    a_snapshot_is_made_once_under_its_name(world).await;
    lists_and_the_quota_agree_with_single_looks(world).await;
    a_restore_is_refused_where_it_cannot_be(world).await;
    a_restore_has_what_it_was_given_and_leaves_its_source_alone(world).await;
    a_moment_of_the_log_is_restored(world).await;
    aligning_sets_what_a_restore_cannot(world).await;
    only_what_a_run_made_is_deleted_without_a_final_snapshot(world).await;
    a_final_snapshot_outlives_its_instance(world).await;
    a_snapshot_of_ours_can_be_deleted(world).await;
    a_replica_follows_until_it_is_promoted(world).await;
}

impl World<'_> {
    async fn instance(&self, id: &str) -> Instance {
        self.databases.instance(self.region, id).await.unwrap().unwrap_or_else(|| panic!("there is no instance {id}"))
    }

    /// An instance of another region, once nothing is under way and it is as wanted.
    async fn settled_in(&self, region: &str, id: &str, wanted: impl Fn(&Instance) -> bool) -> Instance {
        for _ in 0..LOOKS {
            match self.databases.instance(region, id).await.unwrap() {
                Some(instance) if instance.status == Phase::Available && wanted(&instance) => return instance,
                Some(Instance { status: Phase::Broken(status), .. }) => panic!("{id} is {status}"),
                _ => self.time.pass(PAUSE).await,
            }
        }
        panic!("{id} never became available")
    }

    /// The instance, once nothing is under way.
    async fn settled(&self, id: &str) -> Instance {
        for _ in 0..LOOKS {
            match self.databases.instance(self.region, id).await.unwrap() {
                Some(instance) if instance.status == Phase::Available => return instance,
                Some(Instance { status: Phase::Broken(status), .. }) => panic!("{id} is {status}"),
                _ => self.time.pass(PAUSE).await,
            }
        }
        panic!("{id} never became available")
    }

    async fn settled_snapshot(&self, id: &str) -> Snapshot {
        for _ in 0..LOOKS {
            match self.databases.snapshot(self.region, id).await.unwrap() {
                Some(snapshot) if snapshot.status == Phase::Available => return snapshot,
                Some(Snapshot { status: Phase::Broken(status), .. }) => panic!("{id} is {status}"),
                _ => self.time.pass(PAUSE).await,
            }
        }
        panic!("{id} never became available")
    }

    async fn gone(&self, id: &str) {
        for _ in 0..LOOKS {
            match self.databases.instance(self.region, id).await.unwrap() {
                None => return,
                Some(_) => self.time.pass(PAUSE).await,
            }
        }
        panic!("{id} never went")
    }

    /// Deletes, again while the vendor is not ready to.
    async fn delete(&self, id: &str, final_snapshot: Option<&str>) {
        for _ in 0..LOOKS {
            match self.databases.delete_instance(&permit(), self.region, id, final_snapshot).await {
                Err(CallError::NotNow { .. }) => self.time.pass(PAUSE).await,
                other => return other.unwrap(),
            }
        }
        panic!("{id} can't be deleted")
    }

    async fn restoration(&self, from: RestoreFrom, new_instance: &str) -> Restoration {
        let settings = self.instance(self.instance).await.settings;
        let owner = Tags::from([("mayday:proposal".to_owned(), "p-contract".to_owned())]);
        Restoration { region: self.region.to_owned(), from, new_instance: new_instance.to_owned(), settings, owner }
    }

    fn latest(&self) -> RestoreFrom {
        RestoreFrom::Latest { instance: self.instance.to_owned() }
    }
}

fn permit() -> Permit {
    Permit::for_test("r-contract")
}

/// And no error; another region has none of it.
pub async fn what_is_not_there_is_none(world: &World<'_>) {
    let databases = world.databases;
    assert_eq!(databases.instance(world.region, "contract-nowhere").await.unwrap(), None);
    assert_eq!(databases.snapshot(world.region, "contract-nowhere").await.unwrap(), None);
    assert_eq!(databases.snapshots(world.region, "contract-nowhere").await.unwrap(), []);
    assert_eq!(databases.instance("ap-south-1", world.instance).await.unwrap(), None);
    assert_refused(databases.reboot(&permit(), world.region, "contract-nowhere").await, "DBInstanceNotFound");
}

/// Under a name that was decided beforehand, so that a second call after a lost answer does no harm.
pub async fn a_snapshot_is_made_once_under_its_name(world: &World<'_>) {
    let databases = world.databases;
    world.settled(world.instance).await;
    let classed = Tags::from([("mayday:class".to_owned(), "daily".to_owned())]);
    databases.create_snapshot(&permit(), world.region, world.instance, "contract-snapshot", &classed).await.unwrap();
    let again = databases.create_snapshot(&permit(), world.region, world.instance, "contract-snapshot", &Tags::new()).await;
    // Which of the two a vendor checks first, it does not say.
    assert!(
        again.as_ref().is_err_and(|error| error.is_code("DBSnapshotAlreadyExists") || error.is_code("InvalidDBInstanceState")),
        "{again:?}"
    );
    let snapshot = world.settled_snapshot("contract-snapshot").await;
    assert_eq!((snapshot.kind, snapshot.percent, snapshot.instance.as_str()), (SnapshotKind::Manual, 100, world.instance));
    assert_eq!(snapshot.tags.get(OWNER_TAG).map(String::as_str), Some("r-contract"));
    assert_eq!(snapshot.tags.get("mayday:class").map(String::as_str), Some("daily"));
    assert!(snapshot.taken_at.is_some_and(|at| at <= world.time.now()), "{snapshot:?}");
    let source = world.settled(world.instance).await;
    assert_eq!(snapshot.resource_id, source.resource_id);
    let again = databases.create_snapshot(&permit(), world.region, world.instance, "contract-snapshot", &Tags::new()).await;
    assert_refused(again, "DBSnapshotAlreadyExists");
    let all = databases.snapshots(world.region, world.instance).await.unwrap();
    assert_eq!(all.iter().filter(|one| one.id == "contract-snapshot").count(), 1);
    let everywhere = databases.snapshots_in(world.region).await.unwrap();
    assert_eq!(everywhere.iter().filter(|one| one.id == "contract-snapshot").count(), 1);
    assert_refused(
        databases.create_snapshot(&permit(), world.region, "contract-nowhere", "contract-none", &Tags::new()).await,
        "DBInstanceNotFound",
    );
}

/// One list for a region says the same as a look at each, and the quota counts them.
pub async fn lists_and_the_quota_agree_with_single_looks(world: &World<'_>) {
    let databases = world.databases;
    let listed = databases.instances_in(world.region).await.unwrap();
    let listed = listed.into_iter().find(|one| one.id == world.instance).expect("the instance is in the list");
    let alone = databases.instance(world.region, world.instance).await.unwrap().expect("the instance");
    assert_eq!((listed.resource_id, listed.settings), (alone.resource_id, alone.settings));
    assert_eq!(databases.instances_in("ap-south-1").await.unwrap(), []);
    assert_eq!(databases.snapshots_in("ap-south-1").await.unwrap(), []);
    let quota = databases.snapshot_quota(world.region).await.unwrap();
    let manual = databases.snapshots_in(world.region).await.unwrap().into_iter().filter(|one| one.kind == SnapshotKind::Manual);
    assert_eq!(usize::try_from(quota.used).unwrap(), manual.count());
    assert!(quota.used > 0 && quota.used < quota.max, "{quota:?}");
}

/// Only what bears our tags; and one that is gone is no error, since somebody may have been faster.
pub async fn a_snapshot_of_ours_can_be_deleted(world: &World<'_>) {
    let databases = world.databases;
    databases.delete_snapshot(&permit(), world.region, "contract-snapshot").await.unwrap();
    for _ in 0..LOOKS {
        if databases.snapshot(world.region, "contract-snapshot").await.unwrap().is_none() {
            break;
        }
        world.time.pass(PAUSE).await;
    }
    assert_eq!(databases.snapshot(world.region, "contract-snapshot").await.unwrap(), None);
    databases.delete_snapshot(&permit(), world.region, "contract-snapshot").await.unwrap();
}

/// Definitely refused: nothing was begun.
pub async fn a_restore_is_refused_where_it_cannot_be(world: &World<'_>) {
    let restore = async |restoration: Restoration| world.databases.restore(&permit(), &restoration).await;
    assert_refused(restore(world.restoration(world.latest(), world.instance).await).await, "DBInstanceAlreadyExists");
    let nowhere = RestoreFrom::Snapshot("contract-nowhere".to_owned());
    assert_refused(restore(world.restoration(nowhere, "contract-none").await).await, "DBSnapshotNotFound");
    let nowhere = RestoreFrom::Latest { instance: "contract-nowhere".to_owned() };
    assert_refused(restore(world.restoration(nowhere, "contract-none").await).await, "DBInstanceNotFound");
    let future = RestoreFrom::Time { instance: world.instance.to_owned(), at: world.time.now() + SignedDuration::from_hours(1) };
    assert_refused(restore(world.restoration(future, "contract-none").await).await, "InvalidParameterValue");
    assert_eq!(world.databases.instance(world.region, "contract-none").await.unwrap(), None);
}

/// Everything that the calls take, of what the vendor would fill in by its own defaults.
pub async fn a_restore_has_what_it_was_given_and_leaves_its_source_alone(world: &World<'_>) {
    let source = world.settled(world.instance).await;
    let restoration = world.restoration(RestoreFrom::Snapshot("contract-snapshot".to_owned()), "contract-copy").await;
    world.databases.restore(&permit(), &restoration).await.unwrap();
    let again = world.databases.restore(&permit(), &restoration).await;
    assert_refused(again, "DBInstanceAlreadyExists");
    let copy = world.settled("contract-copy").await;
    assert_ne!(copy.resource_id, source.resource_id);
    assert!(copy.endpoint.is_some() && copy.endpoint != source.endpoint, "{copy:?}");

    let mut expected = source.settings.clone();
    expected.tags.extend(restoration.owner);
    expected.tags.extend(permit().owner_tags());
    // What neither call takes, or only the other one.
    let lost = |settings: Settings| Settings {
        max_allocated_storage: None,
        maintenance_window: None,
        monitoring_interval: 0,
        monitoring_role: None,
        performance_insights: false,
        performance_insights_kms_key: None,
        performance_insights_retention_days: None,
        database_insights_mode: None,
        ..settings
    };
    assert_eq!(lost(copy.settings), lost(expected));
    let unchanged = world.instance(world.instance).await;
    assert_eq!((unchanged.resource_id, unchanged.settings, unchanged.status), (source.resource_id, source.settings, source.status));
}

/// Both the latest and one before it.
pub async fn a_moment_of_the_log_is_restored(world: &World<'_>) {
    let at = world.instance(world.instance).await.latest_restorable.expect("the instance's log can be restored");
    let whole_seconds = jiff::Timestamp::from_second(at.as_second()).unwrap();
    let from = RestoreFrom::Time { instance: world.instance.to_owned(), at: whole_seconds };
    world.databases.restore(&permit(), &world.restoration(from, "contract-moment").await).await.unwrap();
    let restored = world.settled("contract-moment").await;
    let source = world.instance(world.instance).await;
    // This call takes it, and the snapshot's does not.
    assert_eq!(restored.settings.max_allocated_storage, source.settings.max_allocated_storage);
}

/// At once, and only what differs: made a second time it changes nothing.
pub async fn aligning_sets_what_a_restore_cannot(world: &World<'_>) {
    let mut wanted = world.settled("contract-copy").await.settings;
    wanted.maintenance_window = Some("tue:03:00-tue:03:30".to_owned());
    wanted.max_allocated_storage = Some(wanted.allocated_storage * 4);
    wanted.performance_insights = !wanted.performance_insights;
    wanted.performance_insights_kms_key = None;
    wanted.performance_insights_retention_days = None;
    for _ in 0..2 {
        world.databases.align(&permit(), world.region, "contract-copy", &wanted).await.unwrap();
        let now = world.settled("contract-copy").await.settings;
        assert_eq!(now.maintenance_window, wanted.maintenance_window);
        assert_eq!(now.max_allocated_storage, wanted.max_allocated_storage);
        assert_eq!(now.performance_insights, wanted.performance_insights);
        wanted = now;
    }
    assert_refused(world.databases.align(&permit(), world.region, "contract-nowhere", &wanted).await, "DBInstanceNotFound");
}

/// Deletion protection is no obstacle to a permit, and no permit lets another's instance vanish.
pub async fn only_what_a_run_made_is_deleted_without_a_final_snapshot(world: &World<'_>) {
    let databases = world.databases;
    assert_refused(databases.delete_instance(&permit(), world.region, world.instance, None).await, "NotOurs");
    let stranger = Permit::for_test("r-other");
    assert_refused(databases.delete_instance(&stranger, world.region, "contract-moment", None).await, "NotOurs");
    assert_eq!(world.settled("contract-moment").await.status, Phase::Available);
    world.delete("contract-moment", None).await;
    world.gone("contract-moment").await;
}

/// With the name that was decided beforehand.
pub async fn a_final_snapshot_outlives_its_instance(world: &World<'_>) {
    world.settled("contract-copy").await;
    world.delete("contract-copy", Some("contract-final")).await;
    world.gone("contract-copy").await;
    let snapshot = world.settled_snapshot("contract-final").await;
    assert_eq!(snapshot.instance, "contract-copy");
    let gone = world.databases.delete_instance(&permit(), world.region, "contract-copy", Some("contract-final")).await;
    assert_refused(gone, "DBInstanceNotFound");
}

/// In another region, with what the call takes; promoted once, with backups from then on.
pub async fn a_replica_follows_until_it_is_promoted(world: &World<'_>) {
    const ELSEWHERE: &str = "eu-central-1";
    let source = world.settled(world.instance).await;
    let of = ReplicaSource { region: world.region.to_owned(), instance: world.instance.to_owned() };
    // Groups are those of a region, and the other one has none of ours.
    let settings = Settings { parameter_group: None, subnet_group: None, option_group: None, ..source.settings.clone() };
    let replication =
        Replication { source: of.clone(), region: ELSEWHERE.to_owned(), new_instance: "contract-replica".to_owned(), settings };
    world.databases.replicate(&permit(), &replication).await.unwrap();
    assert_refused(world.databases.replicate(&permit(), &replication).await, "DBInstanceAlreadyExists");
    let replica = world.settled_in(ELSEWHERE, "contract-replica", |_| true).await;
    assert_eq!(replica.replica_of, Some(of));
    assert_eq!(replica.settings.tags.get(OWNER_TAG).map(String::as_str), Some("r-contract"));
    assert_eq!(source.replica_of, None);

    world.databases.promote(&permit(), ELSEWHERE, "contract-replica", 5).await.unwrap();
    let promoted = world.settled_in(ELSEWHERE, "contract-replica", |instance| instance.replica_of.is_none()).await;
    assert_eq!((promoted.resource_id, promoted.settings.backup_retention_days), (replica.resource_id, 5));
    assert_refused(world.databases.promote(&permit(), ELSEWHERE, "contract-replica", 5).await, "InvalidDBInstanceState");
    assert_refused(world.databases.promote(&permit(), ELSEWHERE, "contract-nowhere", 5).await, "DBInstanceNotFound");
    let unchanged = world.settled(world.instance).await;
    assert_eq!((unchanged.resource_id, unchanged.replica_of), (source.resource_id, None));
}
