//! AWS Query: a form in, XML out.

use std::collections::BTreeMap;

use http::StatusCode;

use crate::{
    service::{Call, Reply},
    wire::{self, xml::Xml},
};

/// The fields of a request, or of one structure inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads the form in the body, or in the query string where there is no body.
    #[must_use]
    pub fn of(call: &Call) -> Self {
        let form: &[u8] = if call.body.is_empty() { call.query.as_bytes() } else { &call.body };
        Self(form_urlencoded::parse(form).into_owned().collect())
    }

    /// A field's text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A field that is read as a number, a boolean, … `None` when it is absent or no such thing.
    #[must_use]
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name).and_then(|text| text.parse().ok())
    }

    /// A field that the operation can't do without.
    ///
    /// # Errors
    /// The reply to give when it is missing.
    pub fn required(&self, name: &str) -> Result<&str, Reply> {
        let missing = || error(StatusCode::BAD_REQUEST, "MissingParameter", &format!("The request must contain the parameter {name}."));
        self.get(name).filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// The structures of a list: `Tags.Tag.1.Key=…` is `structures("Tags.Tag")`, each with `Key`. `Tags.member.1.Key` is
    /// found under `Tags.Tag` too: old clients write it so.
    #[must_use]
    pub fn structures(&self, list: &str) -> Vec<Self> {
        let member = list.rsplit_once('.').map_or_else(|| format!("{list}.member"), |(outer, _)| format!("{outer}.member"));
        let mut found: BTreeMap<u32, Self> = BTreeMap::new();
        for (name, value) in &self.0 {
            let rest = [list, &member].into_iter().find_map(|prefix| name.strip_prefix(prefix)?.strip_prefix('.'));
            let Some(rest) = rest else { continue };
            let (index, field) = rest.split_once('.').unwrap_or((rest, ""));
            if let Ok(index) = index.parse() {
                found.entry(index).or_default().0.insert(field.to_owned(), value.clone());
            }
        }
        found.into_values().collect()
    }

    /// The texts of a list: `VpcSecurityGroupIds.VpcSecurityGroupId.1=…`.
    #[must_use]
    pub fn texts(&self, list: &str) -> Vec<String> {
        self.structures(list).into_iter().filter_map(|mut one| one.0.remove("")).collect()
    }
}

/// The operation: the form's `Action`.
#[must_use]
pub fn operation(call: &Call) -> String {
    Params::of(call).get("Action").unwrap_or_default().to_owned()
}

/// A good answer: `<OPERATIONResponse><OPERATIONResult>…`.
#[must_use]
pub fn reply(operation: &str, namespace: &str, write: impl FnOnce(&mut Xml)) -> Reply {
    let mut xml = Xml::default();
    xml.root(&format!("{operation}Response"), namespace, |xml| {
        xml.element(&format!("{operation}Result"), write);
        xml.element("ResponseMetadata", |xml| xml.text("RequestId", wire::uuid()));
    });
    wire::reply(StatusCode::OK, "text/xml", xml.into_string())
}

/// An error.
#[must_use]
pub fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    let mut xml = Xml::default();
    xml.element("ErrorResponse", |xml| {
        xml.element("Error", |xml| {
            xml.text("Type", wire::fault_of(status));
            xml.text("Code", code);
            xml.text("Message", message);
        });
        xml.text("RequestId", wire::uuid());
    });
    wire::reply(status, "text/xml", xml.into_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(form: &str) -> Params {
        Params(form_urlencoded::parse(form.as_bytes()).into_owned().collect())
    }

    #[test]
    fn a_list_of_structures_comes_in_the_order_of_its_numbers() {
        let params = params("Tags.Tag.10.Key=j&Tags.Tag.2.Key=b&Tags.Tag.2.Value=%3D&Tags.Tagged=no");
        let tags = params.structures("Tags.Tag");
        assert_eq!(tags.iter().map(|tag| tag.get("Key").unwrap()).collect::<Vec<_>>(), ["b", "j"]);
        assert_eq!(tags[0].get("Value"), Some("="));
    }

    #[test]
    fn a_list_of_texts_is_read_under_both_names() {
        assert_eq!(params("Ids.Id.1=a&Ids.Id.2=b").texts("Ids.Id"), ["a", "b"]);
        assert_eq!(params("Ids.member.1=a").texts("Ids.Id"), ["a"]);
    }
}
