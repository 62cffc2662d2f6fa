//! The way through the pages of a list.

use std::collections::BTreeSet;

use mayday_core::failure::CallError;

/// Which page comes next. A marker that was there before leads in a circle: then the list is not known, rather than taken for
/// whole, since what is missing from it could be taken for gone.
#[derive(Debug, Default)]
pub(crate) struct Way {
    next: Option<String>,
    been: BTreeSet<String>,
}

impl Way {
    /// The marker to ask with; none for the first page.
    pub(crate) fn at(&self) -> Option<String> {
        self.next.clone()
    }

    /// Takes the marker that a page ended with, and says whether there is another page.
    pub(crate) fn goes_on(&mut self, marker: Option<String>) -> Result<bool, CallError> {
        self.next = marker.filter(|marker| !marker.is_empty());
        match &self.next {
            None => Ok(false),
            Some(marker) if self.been.insert(marker.clone()) => Ok(true),
            Some(_) => Err(CallError::Unknown { why: "the list goes round in circles: a page's marker came twice".to_owned() }),
        }
    }
}
