//! `application/x-www-form-urlencoded`, read strictly: what Slack never sends is an error, not a guess.

use std::{borrow::Cow, collections::BTreeMap};

use percent_encoding::percent_decode;

/// Slack's slash commands have about twenty fields.
const MAX_FIELDS: usize = 100;

/// A form's fields by name. A name stands for one value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form(BTreeMap<String, String>);

/// Why bytes are no form of Slack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A `%` without two hexadecimal digits after it.
    #[error("a percent sign without two hexadecimal digits")]
    Escape,
    /// The decoded bytes are no UTF-8 (an overlong form is none).
    #[error("not UTF-8")]
    Encoding,
    /// A NUL, which no person types and which ends strings elsewhere.
    #[error("a NUL character")]
    Nul,
    /// The same name twice: two readers could believe two values.
    #[error("a field twice")]
    Repeated,
    /// More than a hundred fields.
    #[error("too many fields")]
    TooMany,
}

impl Form {
    /// Reads a form from a request's raw body.
    ///
    /// # Errors
    /// [`Malformed`] for whatever Slack would not have written.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut fields = BTreeMap::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            if fields.len() == MAX_FIELDS {
                return Err(Malformed::TooMany);
            }
            if fields.insert(name, value).is_some() {
                return Err(Malformed::Repeated);
            }
        }
        Ok(Self(fields))
    }

    /// A field's value, decoded.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn decode(text: &[u8]) -> Result<String, Malformed> {
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'%' && !text.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err(Malformed::Escape);
        }
    }
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map(Cow::into_owned).map_err(|_| Malformed::Encoding)?;
    if decoded.contains('\0') { Err(Malformed::Nul) } else { Ok(decoded) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_is_read_as_slack_writes_it() {
        let form = Form::parse("command=%2Fdr&text=restore+orders+%2D%2Dat+14%3A05+%F0%9F%94%A5&empty=&flag".as_bytes()).unwrap();
        assert_eq!(form.get("command"), Some("/dr"));
        assert_eq!(form.get("text"), Some("restore orders --at 14:05 🔥"));
        assert_eq!((form.get("empty"), form.get("flag"), form.get("none")), (Some(""), Some(""), None));
        assert_eq!(form.len(), 4);
    }

    #[test]
    fn b16_odd_percent_encoding_is_an_error() {
        for (body, why) in [
            ("text=%00", Malformed::Nul),
            ("text=%", Malformed::Escape),
            ("text=%4", Malformed::Escape),
            ("text=%zz", Malformed::Escape),
            ("text=%C0%AF", Malformed::Encoding),
            ("text=%ED%A0%80", Malformed::Encoding),
            ("payload={}&payload={}", Malformed::Repeated),
            ("text=a&te%78t=b", Malformed::Repeated),
        ] {
            assert_eq!(Form::parse(body.as_bytes()), Err(why), "{body}");
        }
        let many: String = (0..=MAX_FIELDS).map(|n| format!("f{n}=&")).collect();
        assert_eq!(Form::parse(many.as_bytes()), Err(Malformed::TooMany));
    }

    proptest! {
        #[test]
        fn b16_any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(form) = Form::parse(&body) {
                prop_assert!(form.len() <= MAX_FIELDS);
            }
        }

        #[test]
        fn what_is_encoded_comes_back(text in "[^\0]{0,60}") {
            let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
            let form = Form::parse(format!("text={encoded}").as_bytes()).unwrap();
            prop_assert_eq!(form.get("text"), Some(text.as_str()));
        }
    }
}
