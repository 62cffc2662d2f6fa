//! What a request means: bucket and key from path or host, the operation, the body without its wrapping.

use http::{Method, header};

use crate::{
    service::{Call, Reply},
    wire::rest,
};

/// What a request is about. An empty key means the bucket.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl Target {
    pub(super) fn of(call: &Call) -> Self {
        let path = rest::decode(call.path.trim_start_matches('/'));
        if let Some(bucket) = bucket_in_host(call) {
            return Self { bucket, key: path };
        }
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        Self { bucket: bucket.to_owned(), key: key.to_owned() }
    }
}

/// The bucket of a virtual-hosted request: `BUCKET.s3.REGION.amazonaws.com` or `BUCKET.localhost`.
fn bucket_in_host(call: &Call) -> Option<String> {
    let host = call.headers.get(header::HOST)?.to_str().ok()?;
    let host = host.split(':').next()?;
    let found = [".s3.", ".s3-"].iter().find_map(|service| host.find(service)).or_else(|| host.len().checked_sub(".localhost".len()))?;
    let bucket = host.get(..found)?;
    let rest = host.get(found..)?;
    (!bucket.is_empty() && (rest == ".localhost" || rest.contains("amazonaws.com"))).then(|| bucket.to_owned())
}

/// The operation, as AWS names it.
pub(super) fn operation(call: &Call) -> &'static str {
    let target = Target::of(call);
    let query = rest::query(call);
    let has = |name: &str| query.contains_key(name);
    match (&call.method, target.bucket.is_empty(), target.key.is_empty()) {
        (&Method::GET, true, _) => "ListBuckets",
        (&Method::GET, _, true) if has("location") => "GetBucketLocation",
        (&Method::GET, _, true) if has("versioning") => "GetBucketVersioning",
        (&Method::GET, _, true) if has("object-lock") => "GetObjectLockConfiguration",
        (&Method::GET, _, true) if has("versions") => "ListObjectVersions",
        (&Method::GET, _, true) => "ListObjectsV2",
        (&Method::HEAD, _, true) => "HeadBucket",
        (&Method::PUT, _, true) if has("versioning") => "PutBucketVersioning",
        // Encryption, public access block, lifecycle, …: taken and forgotten.
        (&Method::PUT, _, true) if !call.query.is_empty() && !has("x-id") => "PutBucketSetting",
        (&Method::PUT, _, true) => "CreateBucket",
        (&Method::DELETE, _, true) => "DeleteBucket",
        (&Method::PUT, _, false) => "PutObject",
        (&Method::GET, _, false) => "GetObject",
        (&Method::HEAD, _, false) => "HeadObject",
        (&Method::DELETE, _, false) => "DeleteObject",
        _ => "",
    }
}

/// The object in a body: SDKs wrap what they stream into chunks with signatures and a trailing checksum.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>.
pub(super) fn content(call: &Call) -> Result<Vec<u8>, Reply> {
    let text = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let chunked = text("content-encoding").contains("aws-chunked") || text("x-amz-content-sha256").starts_with("STREAMING-");
    if !chunked {
        return Ok(call.body.to_vec());
    }
    let broken = || rest::s3_error(http::StatusCode::BAD_REQUEST, "IncompleteBody", "The chunks of the request body can't be read");
    unwrapped(&call.body).ok_or_else(broken)
}

fn unwrapped(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let line = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if size == 0 {
            return Some(content);
        }
        content.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn chunks_are_put_together_and_the_trailer_is_left() {
        let body = b"5;chunk-signature=abc\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n";
        assert_eq!(super::unwrapped(body).unwrap(), b"hello world");
        assert_eq!(super::unwrapped(b"5\r\nhel"), None);
    }
}
