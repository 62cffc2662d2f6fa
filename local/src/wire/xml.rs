//! Writes XML, nothing else: names are ours, texts are escaped.

use std::fmt::Display;

use quick_xml::escape::escape;

/// A document that grows.
#[derive(Debug, Clone, Default)]
pub struct Xml(String);

impl Xml {
    /// An element with others inside.
    pub fn element(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name}>"));
        write(self);
        self.0.push_str(&format!("</{name}>"));
    }

    /// The outermost element, with its namespace.
    pub fn root(&mut self, name: &str, namespace: &str, write: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name} xmlns=\"{}\">", escape(namespace)));
        write(self);
        self.0.push_str(&format!("</{name}>"));
    }

    /// An element with a text.
    pub fn text(&mut self, name: &str, text: impl Display) {
        let text = text.to_string();
        self.0.push_str(&format!("<{name}>{}</{name}>", escape(text.as_str())));
    }

    /// An element with a text, where there is one.
    pub fn optional(&mut self, name: &str, text: Option<impl Display>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A list: `<DBInstances><DBInstance>…</DBInstance>…</DBInstances>`.
    pub fn list<T>(&mut self, name: &str, member: &str, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.element(name, |xml| {
            for item in items {
                xml.element(member, |xml| write(xml, item));
            }
        });
    }

    /// The document, with its declaration.
    #[must_use]
    pub fn into_string(self) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        let mut xml = Xml::default();
        xml.list("Tags", "Tag", ["<&>"], |xml, tag| xml.text("Key", tag));
        assert!(xml.into_string().ends_with("<Tags><Tag><Key>&lt;&amp;&gt;</Key></Tag></Tags>"));
    }
}
