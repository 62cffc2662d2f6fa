use mayday_core::approval::State as Decided;
use mayday_tests::{INSTANCE, Stage};

/// One table for all doors: somebody who may only look, and somebody who is not in the plan.
#[tokio::test]
async fn c2_c3_whoever_may_not_may_not_by_command_button_form_or_direct_message() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let phrase = stage.proposal(&card.proposal).phrase;
    for name in ["dave", "eve"] {
        let somebody = stage.person(name);
        for command in ["/dr restore inventory --latest", "/dr backup inventory", "/dr restore", "/dr backup"] {
            for channel in [mayday_tests::CHANNEL, "dm"] {
                let told = somebody.types_in(channel, command).await;
                assert_eq!(told.find_card(), None, "{name} {command}");
                assert!(told.forms.is_empty(), "{name} gets no form for {command}: {}", told.words());
                assert!(!told.words().is_empty(), "{name} is told why: {command}");
            }
        }
        for action in ["approve", "deny", "cancel"] {
            let told = somebody.presses(action, &card.message).await;
            assert!(told.forms.is_empty() && !told.whispered().is_empty(), "{name} {action}: {}", told.words());
        }
        assert_eq!(stage.send_until_taken(&stage.phrase_request(&somebody.id, &card.proposal, &phrase)).await.status, 200);
        stage.settle().await;
        let refused = stage.audit().iter().filter(|entry| format!("{:?}", entry.event.actor).contains(&somebody.id)).count();
        assert!(refused >= 6, "{refused} refusals of {name} are in the audit");
    }
    let approval = stage.approval(&card.proposal);
    assert_eq!((approval.state, approval.votes.len()), (Decided::Pending, 0));
    assert_eq!(stage.runs(), Vec::new());
    assert_eq!(stage.instances().await, [INSTANCE]);
}

#[tokio::test]
async fn c4_c5_an_account_of_another_organization_or_without_standing_does_not_approve() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let bob = stage.person("bob");
    let slack = stage.stack().slack();
    let form = bob.opens_approval(&card.message).await;
    type Edit = fn(&mut mayday_local::slack::Person);
    let standings: [(&str, Edit, Edit); 4] = [
        ("Slack Connect", |person| person.team_id = "T0OTHER001".to_owned(), |person| person.team_id.clear()),
        ("deactivated", |person| person.deleted = true, |person| person.deleted = false),
        ("guest", |person| person.is_ultra_restricted = true, |person| person.is_ultra_restricted = false),
        ("bot", |person| person.is_bot = true, |person| person.is_bot = false),
    ];
    for (what, lose, regain) in standings {
        slack.change_person(&bob.id, lose).unwrap();
        let told = bob.presses("approve", &card.message).await;
        assert!(told.forms.is_empty() && !told.whispered().is_empty(), "{what}: {}", told.words());
        // A form that was opened before.
        let sent = stage.send_until_taken(&stage.phrase_request(&bob.id, &card.proposal, &form.phrase())).await;
        assert_eq!(sent.status, 200, "{what}: {}", sent.body);
        stage.settle().await;
        assert_eq!(stage.approval(&card.proposal).votes, Vec::new(), "{what}");
        slack.change_person(&bob.id, regain).unwrap();
    }
    let refused = stage.audit().iter().filter(|entry| format!("{:?}", entry.event.actor).contains(&bob.id)).count();
    assert!(refused >= 4, "each refusal is in the audit: {refused}");
    bob.approves(&card).await;
    assert_eq!(stage.approval(&card.proposal).votes.len(), 1, "it was the standing that counted");
}
