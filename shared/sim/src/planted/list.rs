//! The list: every bug, where it shows, and who must notice.

use mayday_core::planted::Bug;

use super::{
    Place::{Adapter, Core},
    Planted,
    adapter::Slip,
    scenario::{self, Scenario},
};

const fn planted(place: super::Place, what: &'static str, wild: &'static str, scenario: Scenario, by: &'static [&'static str]) -> Planted {
    Planted { what, wild, place, scenario, by }
}

const ENDS: &str = "everything comes to an end";
const VOTES: &str = "a vote counts in time, by whoever may";
const APPROVED: &str = "what replaces or deletes was approved by enough others";
const OWN: &str = "only what the run made is changed, but by a retirement";
const AS_IT_SAYS: &str = "the world is changed for a step of the proposal, and as it says";
const FIRST: &str = "the first decision stands";
const ONCE_EACH: &str = "each person votes once";
const OLD_TOKEN: &str = "no write with an old token lands";
const IN_PEACE: &str = "a standby is promoted when writes have ended and arrived";
const WOKEN: &str = "whoever must decide is woken, level by level";
const ANSWER: &str = "whoever asked gets a final answer";
const HOLDS: &str = "the run that changes the world holds the lock";
const LATE: &str = "whoever comes late changes nothing";
const IN_ORDER: &str = "a step is carried out when those before it are over";
const GOOD_DATA: &str = "traffic goes to data that is as it should be";
const IN_TIME: &str = "one decision makes one run, in time";
const KNOWN: &str = "every run ends, or people know that it is stuck";

/// All of them.
pub static LIST: &[Planted] = &[
    planted(
        Core(Bug::DigestUnchecked),
        "what stands in the record is carried out, whichever digest was approved",
        "windmill GHSA-vm75-gmpw-rvp9",
        scenario::TAMPERED,
        &[APPROVED],
    ),
    planted(
        Core(Bug::PlanEditUnseen),
        "the plan may be edited between approval and execution",
        "CVE-2026-53822",
        scenario::EDITED,
        &["the plan says what it said when this was approved"],
    ),
    planted(Core(Bug::SelfApproval), "whoever asked approves", "", scenario::ALONE, &[VOTES]),
    planted(Core(Bug::ExpiryIgnored), "an approval is given when its time is over", "", scenario::LATE_VOTE, &[VOTES]),
    planted(Core(Bug::SecondDecision), "a second decision overwrites the first", "", scenario::ROUGH, &[FIRST]),
    planted(
        Core(Bug::CheckThenAct),
        "a decision is judged on what was read, and written over what stands there by then",
        "bors, ten instances",
        scenario::RACE,
        &[FIRST, ONCE_EACH],
    ),
    planted(Core(Bug::VotesCounted), "one person's two votes are two people's", "", scenario::TWICE, &[ONCE_EACH]),
    planted(Core(Bug::AuthorityRemembered), "an approver who was dismissed still counts at the call", "", scenario::DISMISSED, &[APPROVED]),
    planted(
        Core(Bug::AnybodyApproves),
        "no list of approvers is no limit",
        "openclaw#26032, hermes#36848, teleport-plugins#121",
        scenario::STRANGERS,
        &[VOTES],
    ),
    planted(
        Core(Bug::ForeignOrganization),
        "the same user id of another organization counts",
        "openclaw#29091",
        scenario::STRANGERS,
        &[VOTES],
    ),
    planted(
        Core(Bug::AllowedByDefault),
        "the flag that says who may begins as true",
        "CVE-2026-28392",
        scenario::STRANGERS,
        &["whoever asks is one of ours"],
    ),
    planted(Core(Bug::AccountUnchecked), "guests and accounts of other teams count", "posthog#43263", scenario::STRANGERS, &[VOTES]),
    planted(Core(Bug::LookUpFailureIsYes), "a look-up that fails is a yes", "sso-elevator#170", scenario::UNKNOWN, &[VOTES]),
    planted(Core(Bug::LockNotTaken), "a run takes no lock", "", scenario::ROUGH, &[HOLDS]),
    planted(
        Core(Bug::LockStolen),
        "a lock is taken from a run that lives",
        "",
        scenario::TWO_RUNS,
        &["a lock is not taken from a run that lives"],
    ),
    planted(Core(Bug::LockKept), "a lock outlives its run", "", scenario::UNATTENDED, &["no lock outlives its run"]),
    planted(
        Core(Bug::SleeperCalls),
        "whoever slept since it wrote its intent calls all the same",
        "",
        scenario::FROZEN,
        &[LATE, "the world is changed for a live run only", HOLDS, OWN, "a step takes effect once"],
    ),
    planted(
        Core(Bug::FencingForgotten),
        "a write that lost its race is made all the same",
        "",
        scenario::ROUGH,
        &[OLD_TOKEN, "a run that has ended stays as it ended"],
    ),
    planted(
        Core(Bug::FlightForgotten),
        "a call is made again while the first is on its way",
        "aws-sdk-java#872",
        scenario::LATE_REBOOT,
        &["the world is changed for a live run only", LATE],
    ),
    planted(Core(Bug::DriftUnseen), "what changed since the approval is not looked at", "", scenario::RETIRED_IN_USE, &[OWN]),
    planted(Core(Bug::ForeignAdopted), "what somebody else made is adopted", "upjet#1346", scenario::FOREIGN, &[OWN]),
    planted(
        Core(Bug::IntentUnaudited),
        "the audit entry before a call is left out",
        "",
        scenario::ROUGH,
        &["an audit entry stands before each effect"],
    ),
    planted(
        Core(Bug::TurnUnaudited),
        "the audit entry of what came of a step is left out",
        "",
        scenario::ROUGH,
        &["every turn of a run stands in the audit before"],
    ),
    planted(Core(Bug::PageLost), "nobody is paged for a stuck run", "", scenario::STUCK, &[WOKEN]),
    planted(Core(Bug::TakenIsAcknowledged), "a page that was taken (202) counts as seen", "", scenario::STUCK, &[WOKEN]),
    planted(Core(Bug::NoEscalation), "a page that nobody acknowledges climbs no further", "", scenario::STUCK, &[WOKEN]),
    planted(Core(Bug::NoOtherWay), "a way that fails is not replaced", "", scenario::STUCK_DEAF, &[WOKEN]),
    planted(Core(Bug::NewsSkipped), "news is noted as told, and is not", "", scenario::ROUGH, &["all that happened in a run is said"]),
    planted(Core(Bug::AnswerSkipped), "whoever asked is not told how it was decided", "", scenario::ROUGH, &[ANSWER]),
    planted(Core(Bug::FailureUnsaid), "nobody is told that a step failed", "", scenario::STUCK, &[KNOWN]),
    planted(Core(Bug::RunIdMadeUp), "each start makes a run of its own", "sso-elevator#47", scenario::ROUGH, &[IN_TIME]),
    planted(Core(Bug::StartLeftToDecider), "what was decided is started from memory only", "hermes#100408", scenario::STORM, &[ENDS]),
    planted(Core(Bug::RunAbandoned), "a run that nobody drives is not resumed", "", scenario::ABANDONED, &[ENDS]),
    planted(Core(Bug::LateStart), "what was decided long ago is started all the same", "", scenario::LATE_START, &[IN_TIME]),
    planted(
        Core(Bug::RepetitionDropped),
        "a delivery that comes again is dropped, though the first was lost",
        "agno#10073, vercel/chat#666",
        scenario::LOST_DELIVERY,
        &["whoever sends something is answered"],
    ),
    planted(
        Core(Bug::LastSnapshotLeftOut),
        "an instance is deleted with all its backups",
        "DataTalks.Club, 2026",
        scenario::RETIRED,
        &[OWN],
    ),
    planted(
        Core(Bug::RecordsEmptied),
        "a record set is emptied",
        "AWS, October 2025",
        scenario::FAILOVER,
        &["no name is left without an answer"],
    ),
    planted(
        Core(Bug::NewestPruned),
        "the last good backup is deleted when its time is over",
        "GitLab, 2017",
        scenario::NIGHTS_BUSY,
        &[OWN],
    ),
    planted(Core(Bug::NotOursPruned), "somebody's snapshot is deleted", "", scenario::NIGHTS_OTHERS, &[OWN]),
    planted(Core(Bug::MeantPruned), "a backup is deleted that is being restored from", "", scenario::NIGHTS_MEANT, &[OWN]),
    planted(
        Core(Bug::Unescaped),
        "what people wrote is markup",
        "infrabroker#239, langfuse#13149",
        scenario::MARKUP,
        &["nothing that people wrote becomes markup"],
    ),
    planted(
        Core(Bug::SecretInFinding),
        "a secret stands in what a step says",
        "atlassian-slack#243",
        scenario::ROUGH,
        &["no secret is written down", "no record holds a secret"],
    ),
    planted(Core(Bug::OrderIgnored), "steps are begun before others are over", "", scenario::ROUGH, &[IN_ORDER, GOOD_DATA]),
    planted(Core(Bug::ChecksIgnored), "data that fails its checks gets the traffic", "GitLab, 2017", scenario::BAD_MOMENT, &[GOOD_DATA]),
    planted(
        Core(Bug::FenceUnchecked),
        "names move though the old primary takes writes",
        "",
        scenario::FAILOVER_THAWED,
        &["names move to the one primary that takes writes"],
    ),
    planted(Core(Bug::FreezeUnchecked), "a standby is promoted beside a primary that takes writes", "", scenario::FAILOVER, &[IN_PEACE]),
    planted(Core(Bug::StandbyBehind), "a standby is promoted before it has everything", "", scenario::FAILOVER, &[IN_PEACE]),
    planted(Core(Bug::GateIgnored), "a gate is walked through", "", scenario::GATED, &["what comes after a gate was approved there"]),
    planted(Core(Bug::BudgetIgnored), "a call is tried for ever", "", scenario::THROTTLED, &["no step is tried more often than it may"]),
    planted(
        Core(Bug::StopIgnored),
        "somebody's stop is not heeded",
        "",
        scenario::STOPPED,
        &["nothing is begun once somebody has said stop"],
    ),
    planted(
        Adapter(Slip::UnconditionalApprovals),
        "the table ignores the condition on an approval",
        "bors, ten instances",
        scenario::ROUGH,
        &[FIRST, OLD_TOKEN],
    ),
    planted(
        Adapter(Slip::UnconditionalAudit),
        "the table ignores the condition on the audit",
        "",
        scenario::ROUGH,
        &["an audit entry follows the last one", OLD_TOKEN],
    ),
    planted(
        Adapter(Slip::UnconditionalRuns),
        "the table lets sleepers write runs",
        "",
        scenario::ROUGH,
        &["a run that has ended stays as it ended", OLD_TOKEN],
    ),
    planted(
        Adapter(Slip::UnconditionalLocks),
        "the table gives one lock twice",
        "",
        scenario::TWO_AT_ONCE,
        &[OLD_TOKEN, "a lock is not taken from a run that lives"],
    ),
    planted(
        Adapter(Slip::LostAudit),
        "the audit is not written",
        "",
        scenario::ROUGH,
        &["an audit entry stands before each effect", "every turn of a run stands in the audit before"],
    ),
    planted(Adapter(Slip::UnreleasedLocks), "locks are not released", "", scenario::ROUGH, &[ENDS]),
    planted(Adapter(Slip::MadeUpNames), "names are made up at the call", "", scenario::ROUGH, &[AS_IT_SAYS]),
    planted(
        Adapter(Slip::HiddenRetry),
        "the SDK retries a call whose answer was lost",
        "aws-sdk-java#872",
        scenario::ROUGH,
        &[AS_IT_SAYS, "a step takes effect once"],
    ),
    planted(
        Adapter(Slip::SourceAligned),
        "the source of a restore is changed",
        "",
        scenario::ROUGH,
        &[AS_IT_SAYS, "what a restore reads is as it was"],
    ),
    planted(
        Adapter(Slip::CachedSecrets),
        "a secret is read from a cache and overwritten",
        "",
        scenario::MOVED,
        &["traffic moves from the approved before-image only"],
    ),
    planted(Adapter(Slip::LostAnswers), "messages to people get lost", "", scenario::ROUGH, &[ANSWER]),
    planted(
        Adapter(Slip::TalkativeSql),
        "the password stands in an error",
        "atlassian-slack#243",
        scenario::ROUGH,
        &["no secret is written down", "no secret is said", "no record holds a secret"],
    ),
    planted(
        Core(Bug::OwnerUnnamed),
        "what a run makes bears no owner",
        "",
        scenario::ROUGH,
        &["the world is changed for a run with a proposal"],
    ),
    planted(Adapter(Slip::HammeredSql), "a change is made again and again", "", scenario::FAILOVER, &["a step takes effect once"]),
    planted(Adapter(Slip::AlteredAudit), "entries of the audit are altered", "", scenario::RETIRED, &["the audit chain verifies"]),
    planted(
        Adapter(Slip::ForgottenProposals),
        "what must be kept is thrown away",
        "",
        scenario::ROUGH,
        &["nothing that must be kept is deleted"],
    ),
    planted(Adapter(Slip::SecretKept), "a secret is kept in a record", "", scenario::ROUGH, &["no record holds a secret"]),
    planted(Adapter(Slip::SecretTexted), "a secret is sent to a telephone", "", scenario::STUCK, &["no secret is said"]),
    planted(
        Adapter(Slip::PretendedSwitch),
        "traffic is said to have moved, and has not",
        "",
        scenario::UNATTENDED,
        &["after a success, traffic goes to an instance that has the rows"],
    ),
    planted(
        Adapter(Slip::PretendedNames),
        "names are said to have moved, and have not",
        "",
        scenario::FAILOVER,
        &["after a failover there is one primary, and names lead to it"],
    ),
];
