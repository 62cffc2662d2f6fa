use proptest::prelude::*;

use super::*;

/// What a text was understood as, in one readable line.
fn said(text: &str) -> String {
    match parse(text) {
        Ok(command) => described(&command),
        Err(refusal) => format!("! {refusal}"),
    }
}

fn described(command: &Command) -> String {
    let mut parts = vec![command.verb().name().to_owned()];
    let mut part = |label: &str, value: &Option<String>| parts.extend(value.iter().map(|value| format!("{label}={value}")));
    match command {
        Command::Help(help::Args { verb }) => part("verb", &verb.map(|verb| verb.name().to_owned())),
        Command::Home(home::Args {}) | Command::Approvals(approvals::Args {}) => {}
        Command::Backup(backup::Args { database, reason, .. }) => {
            part("database", database);
            part("reason", reason);
        }
        Command::Status(status::Args { database }) => part("database", database),
        Command::Health(health::Args { service }) | Command::Diagnose(diagnose::Args { service }) => part("service", service),
        Command::Backups(backups::Args { database, point, before, reason }) => {
            part("database", database);
            part("point", point);
            part("reason", reason);
            part("before", before);
        }
        Command::Restore(restore::Args { database, source, reason }) => {
            part("database", database);
            match source {
                None => {}
                Some(restore::Source::Latest) => part("latest", &Some(String::new())),
                Some(restore::Source::At(at)) => part("at", &Some(at.clone())),
                Some(restore::Source::Id(id)) => part("id", &Some(id.clone())),
                Some(restore::Source::LastKnownGood { before }) => part("good", &Some(before.clone().unwrap_or_default())),
            }
            part("reason", reason);
        }
        Command::Runs(runs::Args { all }) => part("all", &all.then(String::new)),
        Command::Why(why::Args { run }) => part("run", run),
        Command::Cancel(cancel::Args { target }) => part("target", &Some(target.clone())),
        other => parts.push(format!("{other:?}")),
    }
    parts.join(" | ")
}

#[track_caller]
fn all_say(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(said(text), *expected, "for {text:?}");
    }
}

#[track_caller]
fn all_refused(cases: &[(&str, &str)]) {
    for (text, part) in cases {
        let said = said(text);
        assert!(said.starts_with('!') && said.contains(part), "{text:?} said {said:?} instead of something with {part:?}");
        assert!(!said.contains('\n') && !said.contains("Usage:"), "{said:?} is not our sentence");
    }
}

#[test]
fn every_verb_is_understood() {
    all_say(&[
        ("help", "help"),
        ("help restore", "help | verb=restore"),
        ("status", "status"),
        ("status orders", "status | database=orders"),
        ("backups hold mayday-orders-1 --reason \"case 7\"", "backups | database=hold | point=mayday-orders-1 | reason=case 7"),
        ("backups release mayday-orders-1", "backups | database=release | point=mayday-orders-1"),
        ("backup orders", "backup | database=orders"),
        ("backup orders --reason \"before the migration\"", "backup | database=orders | reason=before the migration"),
        ("backups orders", "backups | database=orders"),
        ("backups orders --before 14:05", "backups | database=orders | before=14:05"),
        ("why", "why"),
        ("restore orders --latest", "restore | database=orders | latest="),
        ("restore orders --at 14:05", "restore | database=orders | at=14:05"),
        ("restore orders --id rds:orders-2026-11-22-04-00", "restore | database=orders | id=rds:orders-2026-11-22-04-00"),
        (
            "restore orders --id arn:aws:rds:eu-west-1:000000000000:snapshot:x",
            "restore | database=orders | id=arn:aws:rds:eu-west-1:000000000000:snapshot:x",
        ),
        ("restore orders --last-known-good", "restore | database=orders | good="),
        ("restore orders --last-known-good --before 14:05", "restore | database=orders | good=14:05"),
        ("approvals", "approvals"),
        ("runs", "runs"),
        ("runs --all", "runs | all="),
        ("why r-01kb3m6v9d", "why | run=r-01kb3m6v9d"),
        ("cancel p-01kb3m6v9d", "cancel | target=p-01kb3m6v9d"),
    ]);
}

#[test]
fn what_is_missing_is_left_for_a_form() {
    all_say(&[
        ("restore", "restore"),
        ("restore orders", "restore | database=orders"),
        ("restore --latest", "restore | latest="),
        ("restore --reason \"rows lost\"", "restore | reason=rows lost"),
        ("backup", "backup"),
        ("backups", "backups"),
    ]);
}

#[test]
fn b13_nothing_is_the_situation_and_a_question_mark_is_help() {
    all_say(&[
        ("", "home"),
        ("   ", "home"),
        ("\u{200b}", "home"),
        ("?", "help"),
        ("help", "help"),
        ("HELP", "help"),
        ("--help", "help"),
        ("-h", "help"),
        ("—help", "help"),
        ("help RESTORE", "help | verb=restore"),
        ("restore --help", "help | verb=restore"),
        ("restore orders --latest --help", "help | verb=restore"),
        ("restore ?", "help | verb=restore"),
        ("help help", "help | verb=help"),
    ]);
    all_refused(&[
        ("help restor", "There is no verb “restor”. Did you mean restore?"),
        ("help xyzzy", "There is no verb “xyzzy”. Type /dr help"),
        ("help restore backup", "“backup” is one word too many"),
    ]);
}

#[test]
fn b14_verbs_and_flags_in_any_case_names_as_they_are() {
    all_say(&[
        ("RESTORE orders --LATEST", "restore | database=orders | latest="),
        ("Restore Orders --Latest", "restore | database=Orders | latest="),
        ("Status", "status"),
        ("Runs --All", "runs | all="),
        ("backup ORDERS", "backup | database=ORDERS"),
        ("backup  orders.eu_1", "backup | database=orders.eu_1"),
        ("backup “orders db”", "backup | database=orders db"),
    ]);
    all_refused(&[
        ("rest orders", "There is no verb “rest”"),
        ("restor orders", "There is no verb “restor”. Did you mean restore?"),
        ("resotre orders --latest", "Did you mean restore?"),
        ("bakcup orders", "Did you mean backup?"),
        ("xyzzy", "There is no verb “xyzzy”. Type /dr help for what there is."),
        ("/dr restore orders", "/dr is there twice. Type it once"),
        ("restоre orders", "There is no verb “rest\\u{043e}re”"),
        ("res\u{200b}tore orders", "an invisible character (U+200B) in “res\\u{200b}tore”"),
    ]);
}

#[test]
fn b2_phones_make_long_dashes() {
    all_say(&[
        ("restore orders —latest", "restore | database=orders | latest="),
        ("restore orders –latest", "restore | database=orders | latest="),
        ("restore orders —at 14:05 —reason “it’s gone”", "restore | database=orders | at=14:05 | reason=it’s gone"),
        ("backup orders –r full", "backup | database=orders | reason=full"),
        ("backup orders -r full", "backup | database=orders | reason=full"),
        ("restore orders —at −10m", "restore | database=orders | at=-10m"),
    ]);
    all_refused(&[
        ("backup prod–db", "a long dash (U+2013) in “prod–db”"),
        ("backup prod—db", "a long dash (U+2014)"),
        ("restore orders ––last–known–good", "restore has no flag “--last–known–good”. Did you mean --last-known-good?"),
        ("restore orders --id snap\u{2212}1 ", "a long dash (U+2212)"),
    ]);
}

#[test]
fn b8_nothing_hides_in_a_name() {
    all_refused(&[
        ("backup ord\u{200b}ers", "an invisible character (U+200B) in “ord\\u{200b}ers”"),
        ("backup \u{202e}sredro\u{202c}x", "U+202C"),
        ("backup \"ord\u{feff}ers\"", "U+FEFF"),
        ("why r\u{ad}-1", "U+00AD"),
        ("cancel p-1\u{e0061}x", "U+E0061"),
        ("backup or`ders`", "a backtick"),
    ]);
    all_say(&[("backup orders\u{200b}", "backup | database=orders"), ("backup\u{a0}orders\n", "backup | database=orders")]);
}

#[test]
fn b6_people_and_channels_are_no_databases() {
    all_refused(&[
        ("backup <@U1|bob>", "is a person, a group or a channel, not a name"),
        ("backup @bob", "not a name"),
        ("backup <#C1|ops>", "not a name"),
        ("<@U1|bob> backup", "A command begins with a verb"),
    ]);
    all_say(&[("backup orders --reason <@U1|bob> asked", "backup | database=orders | reason=<@U1> asked")]);
}

#[test]
fn b10_what_is_not_understood_does_nothing() {
    all_refused(&[
        ("restore orders --at", "--at needs WHEN behind it."),
        ("restore orders --at --latest", "--at needs WHEN"),
        ("restore orders --at=", "nothing after “--at=”"),
        ("restore orders --at \"\"", "nothing between"),
        ("restore orders --latest --latest", "--latest is there twice."),
        ("restore orders --at 14:05 --at 15:05", "--at is there twice."),
        ("restore orders --at 14:05 --timestamp 15:05", "--at is there twice."),
        ("restore orders --latest --at 14:05", "--latest and --at can't stand together"),
        ("restore orders --latest --last-known-good", "can't stand together"),
        ("restore orders --id x --at 14:05", "can't stand together"),
        ("restore orders --before 14:05", "That works only together with --last-known-good."),
        ("restore orders --latest --before 14:05", "--latest and --before can't stand together"),
        ("restore orders --latest=yes", "--latest takes no value, but “yes” stands behind it."),
        ("restore orders --lastest", "restore has no flag “--lastest”. Did you mean --latest?"),
        ("restore orders --force", "restore has no flag “--force”. For example: /dr restore orders --at 14:05."),
        ("restore orders -x", "restore has no flag “-x”"),
        ("restore orders -rx", "restore has no flag “--rx”"),
        ("status --all", "status has no flag “--all”"),
        ("restore \"orders", "never closed"),
        ("cancel", "cancel needs RUN_OR_PROPOSAL."),
        ("--latest restore", "A command begins with a verb, and “--latest” is none."),
        ("\"restore\" orders", "A command begins with a verb"),
        ("restore orders -5m", "“-5m” is neither a flag nor a name"),
        ("backup \"--latest\"", "neither a flag nor a name"),
        ("backup orders --reason", "--reason needs TEXT behind it."),
        ("backup --reason=x --reason=y", "--reason is there twice."),
    ]);
}

#[test]
fn b11_two_targets_or_two_verbs_do_nothing() {
    all_refused(&[
        ("restore orders inventory --latest", "“inventory” is one word too many for restore."),
        ("restore orders orders --latest", "“orders” is one word too many"),
        ("backup orders --reason=\"x\" inventory", "“inventory” is one word too many"),
        ("restore backup orders", "There are two verbs: restore and “backup”."),
        ("backup restore", "There are two verbs"),
        ("status restore", "There are two verbs"),
        ("status orders inventory", "“inventory” is one word too many for status."),
        ("restore orders db:restore", "There are two verbs"),
        ("runs --all x", "“x” is one word too many"),
    ]);
    all_say(&[("backup \"restore\"", "backup | database=restore")]);
}

#[test]
fn times_and_reasons_need_no_quotation_marks() {
    all_say(&[
        ("restore orders --at 2026-11-22 14:05", "restore | database=orders | at=2026-11-22 14:05"),
        ("restore orders --at 2026-11-22 14:05 Berlin --reason x", "restore | database=orders | at=2026-11-22 14:05 Berlin | reason=x"),
        ("restore --at 14:05 orders", "restore | database=orders | at=14:05"),
        ("restore --at 14:05 New York orders", "restore | database=orders | at=14:05 New York"),
        ("restore --at 10 minutes ago orders", "restore | database=orders | at=10 minutes ago"),
        ("restore --at \"14:05 Berlin\" orders", "restore | database=orders | at=14:05 Berlin"),
        ("restore --at=2026-11-22 14:05 orders", "restore | database=orders | at=2026-11-22 14:05"),
        ("restore orders --at -10m", "restore | database=orders | at=-10m"),
        ("restore orders --at nonsense", "restore | database=orders | at=nonsense"),
        ("restore orders --last-known-good --before 2026-11-22 14:05 UTC", "restore | database=orders | good=2026-11-22 14:05 UTC"),
        ("restore orders --reason it's gone #1 --latest", "restore | database=orders | latest= | reason=it's gone #1"),
        ("backup orders --reason down — again", "backup | database=orders | reason=down — again"),
        ("backup orders --reason=disk is full", "backup | database=orders | reason=disk is full"),
        ("backup orders --reason restore failed", "backup | database=orders | reason=restore failed"),
        ("backup orders --reason \"--latest\"", "backup | database=orders | reason=--latest"),
        ("backup orders --reason a=b", "backup | database=orders | reason=a=b"),
    ]);
    all_refused(&[("restore orders --at 14:05 Berln", "“Berln” is one word too many")]);
}

#[test]
fn b7_what_a_reason_says_calls_nobody() {
    all_say(&[("backup orders --reason <!channel> &lt;!here&gt;", "backup | database=orders | reason=@channel <!here>")]);
}

#[test]
fn plans_spellings_are_understood() {
    all_say(&[
        ("npm run db:restore --timestamp=\"2025-01-15T10:00:00Z\"", "restore | at=2025-01-15T10:00:00Z"),
        ("db:restore --timestamp=2025-01-15T10:00:00Z orders", "restore | database=orders | at=2025-01-15T10:00:00Z"),
        ("npm run db:restore --last-known-good", "restore | good="),
        ("npm run db:restore-latest", "restore | latest="),
        ("db:restore-latest orders", "restore | database=orders | latest="),
        ("npm run restore:latest", "restore | latest="),
        ("npm run restore:from-clean-backup", "restore | good="),
        ("npm run backup:emergency", "backup"),
        ("npm run backup:database", "backup"),
        ("backup:database orders", "backup | database=orders"),
        ("npm run status:all", "status"),
        ("NPM run DB:Status", "health"),
        ("npm run health:comprehensive", "health"),
        ("db:connection-test orders", "health | service=orders"),
        ("diagnose:failures orders", "diagnose | service=orders"),
        ("npm run db:restore -- --latest", "restore | latest="),
        ("npm run", "home"),
    ]);
    all_refused(&[
        ("npm run db:restore-latest --at 14:05", "can't stand together"),
        ("npm run db:frobnicate", "There is no verb “db:frobnicate”"),
        ("npm start", "There is no verb “npm”"),
    ]);
}

#[test]
fn b18_pasted_quotes_and_code_do_nothing() {
    all_refused(&[
        ("```/dr restore orders --latest```", "code, not a command"),
        ("&gt; /dr restore orders --latest", "a quote, not a command"),
        ("`restore orders --latest`", "code, not a command"),
    ]);
}

#[test]
fn b12_long_values_are_refused() {
    let long = "x".repeat(LONGEST_REASON + 1);
    all_refused(&[
        (&format!("backup orders --reason {long}"), "The reason is too long: 1000 characters are the most."),
        (&format!("backup {}", "x".repeat(256)), "…” is too long for a name"),
        (&"restore ".repeat(400), "There are two verbs"),
    ]);
}

#[test]
fn usage_is_written_from_the_grammar() {
    let all: Vec<String> = Verb::ALL.iter().map(|verb| usage(*verb)).collect();
    insta::assert_snapshot!(all.join("\n"), @r"
    /dr help [VERB]
    /dr home
    /dr status [DATABASE]
    /dr health [SERVICE]
    /dr diagnose [SERVICE]
    /dr backup [DATABASE] [--class CLASS] [--full] [--archive] [--reason TEXT]
    /dr backups [DATABASE] [POINT] [--before WHEN] [--reason TEXT]
    /dr restore [DATABASE] [--latest | --at WHEN | --id RECOVERY_POINT | --last-known-good] [--before WHEN] [--reason TEXT]
    /dr failover [SERVICE] [BEHIND] [--to SITE] [--verify] [--auto] [--accept-loss] [--reason TEXT]
    /dr failback [SERVICE] [--reason TEXT]
    /dr runbook [WHAT] [NAME] [NAME=VALUE] [--on TARGET] [--dry-run] [--run] [--reason TEXT]
    /dr approvals
    /dr runs [--all]
    /dr why [RUN]
    /dr plan [WHAT] [SECTION]
    /dr whoami
    /dr can [PERSON] VERB [TARGET]
    /dr breakglass COMMAND --REASON TEXT
    /dr standing
    /dr cancel RUN_OR_PROPOSAL
    /dr page [WHO_AND_WHAT] [--sev 1|2|3]
    /dr ack [PAGE] [--resolve]
    /dr contacts
    /dr doctor
    ");
}

#[test]
fn every_verb_has_a_summary_and_examples_that_are_understood_as_that_verb() {
    for verb in Verb::ALL {
        assert!(verb.summary().ends_with('.') && verb.summary().len() > 10, "{verb:?} has no summary");
        assert!(!verb.examples().is_empty(), "{verb:?} has no examples");
        for (typed, meaning) in verb.examples() {
            assert_eq!(parse(typed).map(|command| command.verb()), Ok(*verb), "the example {typed:?}");
            assert!(!meaning.is_empty(), "the example {typed:?} is not explained");
        }
        for (spelling, _) in verb.spellings() {
            assert_eq!(super::parse::verb(spelling).map(|(verb, _)| verb), Some(*verb), "the spelling {spelling:?}");
        }
        for argument in arguments(*verb) {
            assert!(
                argument.help.ends_with(|end: char| end.is_alphanumeric() || end == '.'),
                "{} of {verb:?} is not explained",
                argument.typed
            );
        }
    }
}

#[test]
fn no_two_verbs_share_a_spelling() {
    let mut all: Vec<&str> =
        Verb::ALL.iter().flat_map(|verb| verb.spellings().iter().map(|(spelling, _)| *spelling).chain([verb.name()])).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

/// Lines of pieces that mean something, in any order.
fn hostile_line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(Verb::ALL.to_vec()).prop_map(|verb| verb.name().to_owned()),
        4 => prop::sample::select(vec!["orders", "inventory", "14:05", "Berlin", "10m", "ago", "-10m", "x", "npm", "run", "db:restore-latest",
            "?", "--", "—", "#", "it's"]).prop_map(str::to_owned),
        5 => prop::sample::select(vec!["--latest", "--at", "--at=14:05", "--id", "--last-known-good", "--before", "--reason", "-r", "--all",
            "--help", "--force", "—latest", "--at=", "--reason=\"a b\""]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["\"orders db\"", "“x”", "\"", "'", "<@U1|bob>", "<http://a.b|a.b>", "<http://a.b|c.d>", "&lt;",
            "&gt;", "`", "or\u{200b}ders", "prоd", "prod–db", "\u{202e}"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_text_makes_the_parser_panic_or_answer_in_several_lines(text in prop_oneof![hostile_line(), any::<String>()]) {
        if let Err(refusal) = parse(&text) {
            prop_assert!(!refusal.to_string().contains('\n'), "{}", refusal);
            prop_assert!(refusal.sentence.ends_with('.') && refusal.sentence.chars().count() < 250, "{}", refusal);
            prop_assert!(!refusal.sentence.contains("error:") && !refusal.sentence.contains('\u{202e}'), "{}", refusal);
        }
    }

    /// Whatever a command names was typed as one piece: no name is mended, folded or made up.
    #[test]
    fn b14_names_are_parts_of_what_was_typed(text in hostile_line()) {
        let named = match parse(&text) {
            Ok(Command::Backup(backup::Args { database, .. }) | Command::Restore(restore::Args { database, .. })
                | Command::Backups(backups::Args { database, .. })) => database,
            Ok(Command::Why(why::Args { run: name })) => name,
            Ok(Command::Cancel(cancel::Args { target: name })) => Some(name),
            _ => None,
        };
        if let Some(name) = named {
            let decoded = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            prop_assert!(decoded.contains(&name), "{name:?}");
            prop_assert!(!name.is_empty() && !name.contains(name::is_invisible) && !name.starts_with('-'), "{name:?}");
        }
    }

    /// A typing error in a destructive verb never becomes that verb.
    #[test]
    fn b14_a_verb_is_typed_whole(verb in prop::sample::select(Verb::ALL.to_vec()), cut in 1_usize..4) {
        let name = verb.name();
        let cut = &name[..name.len().saturating_sub(cut)];
        prop_assume!(!cut.is_empty() && Verb::ALL.iter().all(|verb| verb.name() != cut));
        prop_assert!(parse(cut).is_err());
    }
}
