//! Response URLs: the one address that is taken from a payload, and therefore looked at closely.

/// Where Slack's response URLs live.
const SLACK: &str = "https://hooks.slack.com/";
/// Where Slack takes files.
const FILES: &str = "https://files.slack.com/";

/// An origin, `scheme://host:port`, that response URLs may have besides Slack's: the local stack's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// The origin of a base URL such as `SLACK_API_URL`'s; `None` if it is no HTTP URL.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        let scheme = url.get(..url.len() - rest.len())?;
        let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty() && !host.contains('@'))?;
        Some(Self(format!("{scheme}{host}")))
    }
}

/// An address that an answer may be posted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseUrl(String);

impl ResponseUrl {
    /// Takes a URL whose host is exactly Slack's, by HTTPS, without user or port; or one at `local`, the origin that
    /// `SLACK_API_URL` has. `None` for any other: nothing else that a payload names is ever fetched.
    #[must_use]
    pub fn new(url: &str, local: Option<&Origin>) -> Option<Self> {
        leads_to(SLACK, url, local).then(|| Self(url.to_owned()))
    }

    /// Takes a URL that Slack has given to upload a file to, likewise.
    #[must_use]
    pub fn of_upload(url: &str, local: Option<&Origin>) -> Option<Self> {
        leads_to(FILES, url, local).then(|| Self(url.to_owned()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a URL is at a host of Slack's, or of the local stack's.
fn leads_to(slack: &str, url: &str, local: Option<&Origin>) -> bool {
    // The whole origin with the slash after it is compared as text: no parser can then find another host in it,
    // provided that none of the characters is there which parsers strip or turn around.
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let ours = url.starts_with(slack) || local.is_some_and(|Origin(origin)| url.strip_prefix(origin).is_some_and(|it| it.starts_with('/')));
    plain && ours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k7_only_slacks_own_host_is_taken() {
        assert!(ResponseUrl::new("https://hooks.slack.com/commands/T1DC2JH3J/397700885554/96rG", None).is_some());
        for url in [
            "http://hooks.slack.com/commands/T1",
            "https://hooks.slack.com",
            "https://hooks.slack.com.evil.example/commands/T1",
            "https://hooks.slack.com@evil.example/commands",
            "https://hooks.slack.com:443@evil.example/",
            "https://user@hooks.slack.com/commands",
            "https://hooks.slack.com:8443/commands",
            "https://evil.example/https://hooks.slack.com/",
            "https://hooks.slack.com\\@evil.example/",
            "https://hooks.slack.com/\\evil",
            "https://hooks.slack.com/a\r\nHost: evil",
            " https://hooks.slack.com/a",
            "HTTPS://HOOKS.SLACK.COM/a",
            "https://api.slack.com/a",
            "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "",
        ] {
            assert!(ResponseUrl::new(url, None).is_none(), "{url:?}");
        }
    }

    #[test]
    fn k7_the_local_origin_counts_only_where_it_is_configured_and_only_whole() {
        let local = Origin::of("http://127.0.0.1:4100/slack/api/").unwrap();
        assert!(ResponseUrl::new("http://127.0.0.1:4100/slack/respond/1", Some(&local)).is_some());
        assert!(ResponseUrl::new("https://hooks.slack.com/a", Some(&local)).is_some());
        for url in ["http://127.0.0.1:41000/x", "http://127.0.0.1:4100@evil.example/", "https://127.0.0.1:4100/x", "http://127.0.0.1:4100"]
        {
            assert!(ResponseUrl::new(url, Some(&local)).is_none(), "{url}");
        }
        assert!(ResponseUrl::new("http://127.0.0.1:4100/slack/respond/1", None).is_none());
        assert_eq!(Origin::of("https://slack.com/api/"), Some(Origin("https://slack.com".to_owned())));
        for url in ["slack.com/api", "ftp://slack.com", "https://", "https://user@slack.com/"] {
            assert_eq!(Origin::of(url), None, "{url}");
        }
    }
}
