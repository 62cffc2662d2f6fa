use std::{fmt::Debug, hash::Hash};

use stateright::{Checker as _, HasDiscoveries, Model};

/// What a search through a whole state space found.
#[derive(Debug)]
pub struct Found {
    /// How many different states there are; with a counter-example, how many were seen until it was found.
    pub states: usize,
    /// The longest way from the beginning, in actions.
    pub depth: usize,
    /// Each property that does not hold, with the shortest way there, action by action.
    pub broken: Vec<(&'static str, Vec<String>)>,
    /// What should be possible and never happened: a model in which nothing happens breaks no property.
    pub never: Vec<&'static str>,
}

/// Searches breadth first, until every state was seen or a property is broken.
pub fn search<M>(model: M) -> Found
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Clone + PartialEq + Debug + Send + Sync + 'static,
    M::Action: Debug + Clone + PartialEq + Send + Sync,
{
    let properties = model.properties();
    let checker = model.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let mut discoveries = checker.discoveries();
    let (mut broken, mut never) = (Vec::new(), Vec::new());
    for property in properties {
        let way = discoveries.remove(property.name).map(|path| path.into_actions().iter().map(|action| format!("{action:?}")).collect());
        match (property.expectation.discovery_is_failure(), way) {
            (true, Some(way)) => broken.push((property.name, way)),
            (true, None) | (false, Some(_)) => {}
            (false, None) => never.push(property.name),
        }
    }
    Found { states: checker.unique_state_count(), depth: checker.max_depth(), broken, never }
}
