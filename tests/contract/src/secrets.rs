//! [`Secrets`].

use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{SecretPlace, SecretText, SecretVersion, Secrets},
};

use crate::assert_refused;

/// A version's id is 32 to 64 characters.
const FIRST: &str = "contract-version-0000000000000001";
const SECOND: &str = "contract-version-0000000000000002";
const THIRD: &str = "contract-version-0000000000000003";

/// All promises. `name` is a secret in `region` with any text in it.
pub async fn everything(secrets: &dyn Secrets, region: &str, name: &str) {
    what_is_not_there_is_none(secrets, region).await;
    replacing_twice_is_replacing_once(secrets, region, name).await;
    what_is_not_the_before_image_is_not_replaced(secrets, region, name).await;
    a_secret_that_is_not_there_is_not_made(secrets, region).await;
}

fn version(id: &str, value: &str) -> SecretVersion {
    SecretVersion { version: id.to_owned(), value: SecretText::new(value.to_owned()) }
}

/// What a switch does: writes it, then makes it current.
async fn replace(
    secrets: &dyn Secrets,
    permit: &Permit,
    place: SecretPlace<'_>,
    before: &str,
    after: &SecretVersion,
) -> Result<(), CallError> {
    secrets.write(permit, place, after).await?;
    secrets.make_current(permit, place, before, &after.version).await
}

/// And no error.
pub async fn what_is_not_there_is_none(secrets: &dyn Secrets, region: &str) {
    assert_eq!(secrets.current(region, "contract/nowhere").await.unwrap(), None);
}

/// After a lost answer the same call can be made again; another value under the same id is refused.
pub async fn replacing_twice_is_replacing_once(secrets: &dyn Secrets, region: &str, name: &str) {
    let permit = Permit::for_test("r-contract");
    let place = SecretPlace { region, name };
    let before = secrets.current(region, name).await.unwrap().unwrap().version;
    let first = version(FIRST, "one");
    secrets.write(&permit, place, &first).await.unwrap();
    assert_eq!(secrets.current(region, name).await.unwrap().unwrap().version, before, "nobody reads yet what was only written");
    replace(secrets, &permit, place, &before, &first).await.unwrap();
    replace(secrets, &permit, place, &before, &first).await.unwrap();
    assert_eq!(secrets.current(region, name).await.unwrap(), Some(first.clone()));

    assert_refused(secrets.write(&permit, place, &version(FIRST, "another")).await, "ResourceExistsException");
    let second = version(SECOND, "two");
    replace(secrets, &permit, place, FIRST, &second).await.unwrap();
    assert_eq!(secrets.current(region, name).await.unwrap(), Some(second));
}

/// What somebody else has made current stays, and so it is with what comes after.
pub async fn what_is_not_the_before_image_is_not_replaced(secrets: &dyn Secrets, region: &str, name: &str) {
    let permit = Permit::for_test("r-contract");
    let place = SecretPlace { region, name };
    let there = secrets.current(region, name).await.unwrap();
    let third = version(THIRD, "three");
    for _ in 0..2 {
        assert_refused(replace(secrets, &permit, place, FIRST, &third).await, "InvalidParameterException");
        assert_eq!(secrets.current(region, name).await.unwrap(), there);
    }
    // The version that was written all the same is taken up as soon as the before-image is the right one.
    replace(secrets, &permit, place, &there.unwrap().version, &third).await.unwrap();
    assert_eq!(secrets.current(region, name).await.unwrap(), Some(third));
}

/// Nothing new comes into being in a disaster.
pub async fn a_secret_that_is_not_there_is_not_made(secrets: &dyn Secrets, region: &str) {
    let permit = Permit::for_test("r-contract");
    let place = SecretPlace { region, name: "contract/nowhere" };
    assert_refused(replace(secrets, &permit, place, SECOND, &version(FIRST, "one")).await, "ResourceNotFoundException");
}
