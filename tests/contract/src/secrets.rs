//! [`Secrets`].

use mayday_core::{
    policy::Permit,
    port::{SecretText, Secrets},
};

use crate::assert_refused;

/// A version's id is 32 to 64 characters.
const FIRST: &str = "contract-version-0000000000000001";
const SECOND: &str = "contract-version-0000000000000002";

/// All promises. `name` is a secret in `region` with any text in it.
pub async fn everything(secrets: &dyn Secrets, region: &str, name: &str) {
    what_is_not_there_is_none(secrets, region).await;
    writing_twice_is_writing_once(secrets, region, name).await;
    a_secret_that_is_not_there_is_not_made(secrets, region).await;
}

fn text(value: &str) -> SecretText {
    SecretText::new(value.to_owned())
}

/// And no error.
pub async fn what_is_not_there_is_none(secrets: &dyn Secrets, region: &str) {
    assert_eq!(secrets.current(region, "contract/nowhere").await.unwrap(), None);
}

/// After a lost answer the same call can be made again; another value under the same id is refused.
pub async fn writing_twice_is_writing_once(secrets: &dyn Secrets, region: &str, name: &str) {
    let permit = Permit::for_test("r-contract");
    secrets.put(&permit, region, name, FIRST, &text("one")).await.unwrap();
    secrets.put(&permit, region, name, FIRST, &text("one")).await.unwrap();
    let found = secrets.current(region, name).await.unwrap().unwrap();
    assert_eq!((found.version.as_str(), found.value.expose()), (FIRST, "one"));

    assert_refused(secrets.put(&permit, region, name, FIRST, &text("another")).await, "ResourceExistsException");
    secrets.put(&permit, region, name, SECOND, &text("two")).await.unwrap();
    let found = secrets.current(region, name).await.unwrap().unwrap();
    assert_eq!((found.version.as_str(), found.value.expose()), (SECOND, "two"));
}

/// Nothing new comes into being in a disaster.
pub async fn a_secret_that_is_not_there_is_not_made(secrets: &dyn Secrets, region: &str) {
    let permit = Permit::for_test("r-contract");
    assert_refused(secrets.put(&permit, region, "contract/nowhere", FIRST, &text("one")).await, "ResourceNotFoundException");
}
