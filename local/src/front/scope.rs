//! Which service and region a signed request is for.

use http::{HeaderMap, header::AUTHORIZATION};

/// The credential scope of a Signature Version 4 request. The signature itself is not checked: everybody here is local.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `rds`, `dynamodb`, …
    pub service: String,
    /// The region.
    pub region: String,
}

impl Scope {
    /// Reads it from the `Authorization` header, or from a presigned URL's query.
    #[must_use]
    pub fn of(headers: &HeaderMap, query: &str) -> Option<Self> {
        let header =
            headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("AWS4-HMAC-SHA256"));
        match header {
            Some(fields) => fields.split(',').find_map(|field| Self::parse(field.trim().strip_prefix("Credential=")?)),
            None => form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == "X-Amz-Credential")
                .and_then(|(_, value)| Self::parse(&value)),
        }
    }

    /// `ID/20261122/eu-west-1/rds/aws4_request`; the access key may hold slashes of its own.
    fn parse(credential: &str) -> Option<Self> {
        let mut parts = credential.rsplit('/');
        let (_, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { service: service.to_owned(), region: region.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn the_scope_is_read_from_header_or_query() {
        let expected = Scope { service: "rds".to_owned(), region: "eu-west-1".to_owned() };
        let header = signed("AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/rds/aws4_request, SignedHeaders=host, Signature=00");
        assert_eq!(Scope::of(&header, ""), Some(expected.clone()));
        let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20261122%2Feu-west-1%2Frds%2Faws4_request";
        assert_eq!(Scope::of(&HeaderMap::new(), query), Some(expected));
    }

    #[test]
    fn a_bearer_token_is_no_signature() {
        assert_eq!(Scope::of(&signed("Bearer xoxb-1"), ""), None);
    }
}
