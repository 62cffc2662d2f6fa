//! [`Blobs`].

use mayday_core::port::Blobs;

/// All promises. The bucket keeps versions.
pub async fn everything(blobs: &dyn Blobs) {
    what_is_not_there_is_none(blobs).await;
    the_newest_version_is_read(blobs).await;
    an_earlier_version_stays(blobs).await;
    any_bytes_come_back(blobs).await;
}

/// And no error, which would be read as an outage.
pub async fn what_is_not_there_is_none(blobs: &dyn Blobs) {
    assert_eq!(blobs.get("contract/nowhere").await.unwrap(), None);
}

/// Each write has a version of its own, told by both the write and the read.
pub async fn the_newest_version_is_read(blobs: &dyn Blobs) {
    let first = blobs.put("contract/plan.yaml", b"one".to_vec()).await.unwrap();
    let second = blobs.put("contract/plan.yaml", b"two".to_vec()).await.unwrap();
    let found = blobs.get("contract/plan.yaml").await.unwrap().unwrap();
    assert_eq!((found.bytes.as_slice(), &found.version), (b"two".as_slice(), &second));
    assert_ne!(first, second);
}

/// An earlier version of a file is read by its id; one that never was is none.
pub async fn an_earlier_version_stays(blobs: &dyn Blobs) {
    let first = blobs.put("contract/versions.yaml", b"first".to_vec()).await.unwrap();
    let second = blobs.put("contract/versions.yaml", b"second".to_vec()).await.unwrap();
    for (version, bytes) in [(&first, b"first".to_vec()), (&second, b"second".to_vec())] {
        let found = blobs.version("contract/versions.yaml", version).await.unwrap().unwrap();
        assert_eq!((found.version.as_str(), found.bytes), (version.as_str(), bytes));
    }
    assert_eq!(blobs.version("contract/versions.yaml", "0").await.unwrap(), None);
}

/// Also none at all, and keys that a URL must escape.
pub async fn any_bytes_come_back(blobs: &dyn Blobs) {
    for (key, bytes) in [("contract/empty", Vec::new()), ("contract/ä b+c", (0..=255).collect::<Vec<u8>>())] {
        let version = blobs.put(key, bytes.clone()).await.unwrap();
        let found = blobs.get(key).await.unwrap().unwrap();
        assert_eq!((found.bytes, found.version), (bytes, version), "{key}");
    }
}
