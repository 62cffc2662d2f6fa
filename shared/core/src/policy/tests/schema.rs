//! The policies against their schema, and the code's words against the schema's.

use std::collections::BTreeSet;

use cedar_policy::{Entities, Entity, PolicySet, Schema, ValidationMode, Validator};

use crate::policy::{
    Verb,
    engine::{self, POLICIES, SCHEMA},
};

fn schema() -> Schema {
    Schema::from_cedarschema_str(SCHEMA).unwrap().0
}

#[test]
fn every_policy_passes_the_strict_validation_and_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for (file, text) in POLICIES {
        let set: PolicySet = text.parse().unwrap();
        let result = Validator::new(schema()).validate(&set, ValidationMode::Strict);
        assert!(result.validation_passed_without_warnings(), "{file}: {result}");
        for policy in set.policies() {
            assert!(names.insert(policy.annotation("id").expect("a name").to_owned()), "{file}: a name stands twice");
        }
    }
    assert!(names.contains("may-restore") && names.contains("account-bot"), "{names:?}");
}

#[test]
fn every_file_of_the_folder_is_compiled_in() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<String> = files.filter_map(|file| file.strip_suffix(".cedar").map(str::to_owned)).collect();
    assert_eq!(found, POLICIES.iter().map(|(file, _)| (*file).to_owned()).collect());
}

/// A verb that the schema does not know is denied to everybody; and the groups that the engine puts a verb in are the schema's.
#[test]
fn the_schema_s_actions_are_the_verbs_and_their_groups() {
    let plain = |entity: &Entity| entity.uid().id().unescaped().to_owned();
    let groups = ["change", "destroy"];
    let entities = schema().action_entities().unwrap();
    let known: BTreeSet<String> = entities.iter().map(plain).filter(|name| !groups.contains(&name.as_str())).collect();
    assert_eq!(known, Verb::ALL.iter().map(ToString::to_string).collect());
    for verb in Verb::ALL {
        let itself = engine::uid("Action", &verb.to_string()).unwrap();
        let ours = Entities::from_entities(engine::action(verb).unwrap(), None).unwrap();
        for group in groups {
            let group = engine::uid("Action", group).unwrap();
            assert_eq!(ours.is_ancestor_of(&group, &itself), entities.is_ancestor_of(&group, &itself), "{verb} in {group}");
        }
    }
}
