//! Typed records over the table: created once, replaced only by whoever read the version before.

use std::{collections::BTreeMap, io, sync::Arc};

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    failure::{CallError, Fault},
    ident::sha256_hex,
    planted::{Bug, planted},
    port::{Blobs, Expect, Key, Page, Row, Table, World, Write},
};

/// A kind of record.
pub trait Record: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static {
    /// The partition that it stands in.
    const PARTITION: &'static str;
    /// The newest schema that this code knows. Older ones are read; newer ones are refused, never guessed at.
    const SCHEMA: u32 = 1;

    /// Its id, unique in the partition.
    fn id(&self) -> String;

    /// Until when it may be acted on, if that ends.
    fn live_until(&self) -> Option<Timestamp> {
        None
    }
}

/// A record as it was read, with the version that proves it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<T> {
    /// The record.
    pub value: T,
    version: u64,
}

impl<T> Kept<T> {
    /// Which write of the record this is, from 1. Only one write can follow it.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// What came of creating a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Created<T> {
    /// It is new.
    New(Kept<T>),
    /// There was one of this id already: this one.
    Already(Kept<T>),
}

/// Somebody else wrote first; nothing of ours was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("somebody else wrote first")]
pub struct Lost;

/// How often a write whose answer was lost is tried again.
const TRIES: u32 = 4;
/// Above this many bytes a body goes to the blobs, and the row says where: a DynamoDB item takes 400 KB.
const ROW_LIMIT: usize = 300_000;

/// The bot's records.
#[derive(Clone)]
pub struct Store {
    table: Arc<dyn Table>,
    blobs: Arc<dyn Blobs>,
}

impl Store {
    /// The records of this world.
    #[must_use]
    pub fn of(world: &World) -> Self {
        Self::new(world.table.clone(), world.blobs.clone())
    }

    /// The records in this table, with large payloads in these blobs.
    #[must_use]
    pub fn new(table: Arc<dyn Table>, blobs: Arc<dyn Blobs>) -> Self {
        Self { table, blobs }
    }

    /// Reads one record.
    ///
    /// # Errors
    /// When the table can't be read, or the record is of a newer schema than this code knows.
    pub async fn load<T: Record>(&self, id: &str) -> Result<Option<Kept<T>>, Fault> {
        match self.table.get(&key::<T>(id)).await? {
            Some(row) => Ok(Some(self.read(row).await?)),
            None => Ok(None),
        }
    }

    /// Reads many records, by their ids. One that can't be read is logged and left out, as from a list.
    ///
    /// # Errors
    /// When the table can't be read.
    pub async fn load_many<T: Record>(&self, ids: impl IntoIterator<Item = String>) -> Result<BTreeMap<String, Kept<T>>, Fault> {
        let keys: Vec<Key> = ids.into_iter().map(|id| key::<T>(&id)).collect();
        let mut records = BTreeMap::new();
        if keys.is_empty() {
            return Ok(records);
        }
        for row in self.table.get_many(&keys).await?.into_iter().flatten() {
            let id = row.key.id.clone();
            match self.read(row).await {
                Ok(kept) => drop(records.insert(id, kept)),
                Err(fault) => tracing::error!(partition = T::PARTITION, id, fault = fault.chain(), "left out of what was asked for"),
            }
        }
        Ok(records)
    }

    /// Writes a record that must not exist yet.
    ///
    /// # Errors
    /// When the table can't be written.
    pub async fn create<T: Record>(&self, value: T) -> Result<Created<T>, Fault> {
        let Wrote { write, in_doubt } = self.write(&value, 1, Expect::Absent).await?;
        match write {
            Write::Landed => Ok(Created::New(Kept { value, version: 1 })),
            Write::Conflict => match self.load(&value.id()).await? {
                Some(kept) if in_doubt && kept.version == 1 && kept.value == value => Ok(Created::New(kept)),
                Some(kept) => Ok(Created::Already(kept)),
                None => Err(Fault::new(format!("{} {} was there and is gone", T::PARTITION, value.id()))),
            },
        }
    }

    /// Replaces a record that nobody else has written since it was read.
    ///
    /// # Errors
    /// [`Lost`] inside when somebody has; a fault when the table can't be written.
    pub async fn replace<T: Record>(&self, kept: &Kept<T>, value: T) -> Result<Result<Kept<T>, Lost>, Fault> {
        self.replace_where(kept, value, Expect::Version(kept.version)).await
    }

    /// As [`Store::replace`], and only while the stored record is live at `now`.
    ///
    /// # Errors
    /// As [`Store::replace`].
    pub async fn replace_live<T: Record>(&self, kept: &Kept<T>, value: T, now: Timestamp) -> Result<Result<Kept<T>, Lost>, Fault> {
        self.replace_where(kept, value, Expect::LiveVersion(kept.version, now)).await
    }

    async fn replace_where<T: Record>(&self, kept: &Kept<T>, value: T, expect: Expect) -> Result<Result<Kept<T>, Lost>, Fault> {
        let version = kept.version + 1;
        let Wrote { write, in_doubt } = self.write(&value, version, expect).await?;
        match write {
            Write::Landed => Ok(Ok(Kept { value, version })),
            Write::Conflict => match self.load::<T>(&value.id()).await? {
                Some(there) if in_doubt && there.version == version && there.value == value => Ok(Ok(there)),
                Some(there) if planted(Bug::FencingForgotten) => {
                    let _ = self.write(&value, version, Expect::Version(there.version)).await?;
                    Ok(Ok(Kept { value, version }))
                }
                _ => Ok(Err(Lost)),
            },
        }
    }

    /// Deletes a record that nobody else has written since it was read. Gone is gone, whoever did it.
    ///
    /// # Errors
    /// When the table can't be written.
    pub async fn delete<T: Record>(&self, kept: &Kept<T>) -> Result<(), Fault> {
        let _ = self.table.delete(&key::<T>(&kept.value.id()), kept.version).await?;
        Ok(())
    }

    /// Lists records of a kind. A record that can't be read is logged and left out: it is no reason not to see the others.
    ///
    /// # Errors
    /// When the table can't be read.
    pub async fn list<T: Record>(&self, page: &Page) -> Result<Vec<Kept<T>>, Fault> {
        self.part(page).await.map(|(records, _)| records)
    }

    /// As [`Store::list`], and the id that the next page begins after; `None` when this one is the last.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub async fn part<T: Record>(&self, page: &Page) -> Result<(Vec<Kept<T>>, Option<String>), Fault> {
        let rows = self.table.list(T::PARTITION, page).await?;
        // What is left out counts too, or those after it would never be seen.
        let next = page.limit.checked_sub(1).and_then(|last| rows.get(last)).map(|row| row.key.id.clone());
        let mut records = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.key.id.clone();
            match self.read(row).await {
                Ok(kept) => records.push(kept),
                Err(fault) => tracing::error!(partition = T::PARTITION, id, fault = fault.chain(), "left out of a list"),
            }
        }
        Ok((records, next))
    }

    /// As [`Store::list`] from this page on to the last, however many they are.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub async fn list_to_the_end<T: Record>(&self, mut page: Page) -> Result<Vec<Kept<T>>, Fault> {
        let mut records = Vec::new();
        loop {
            let (some, next) = self.part(&page).await?;
            records.extend(some);
            match next {
                Some(_) => page.after = next,
                None => return Ok(records),
            }
        }
    }

    async fn read<T: Record>(&self, row: Row) -> Result<Kept<T>, Fault> {
        let what = || format!("{} {}", row.key.partition, row.key.id);
        let schema = row.body.get("schema").and_then(Value::as_u64).unwrap_or(0);
        if schema > u64::from(T::SCHEMA) {
            return Err(Fault::new(format!("{} has schema {schema}; this release knows {} and won't touch it", what(), T::SCHEMA)));
        }
        let body = match row.body.get("blob").and_then(Value::as_str) {
            None => row.body.clone(),
            Some(blob) => Arc::new(self.fetch(blob, &what()).await?.into()),
        };
        let value = body.record().map_err(|error| Fault::because(format!("{} can't be read", what()), error))?;
        Ok(Kept { value, version: row.version })
    }

    async fn fetch(&self, blob: &str, what: &str) -> Result<Value, Fault> {
        let found = self.blobs.get(blob).await?.ok_or_else(|| Fault::new(format!("{what}: its payload {blob} is gone")))?;
        if !blob.ends_with(&sha256_hex(&found.bytes)) {
            return Err(Fault::new(format!("{what}: its payload {blob} was altered")));
        }
        serde_json::from_slice(&found.bytes).map_err(|error| Fault::because(format!("{what}: its payload can't be read"), error))
    }

    async fn write<T: Record>(&self, value: &T, version: u64, expect: Expect) -> Result<Wrote, Fault> {
        let record = serde_json::to_value(value).map_err(|error| Fault::because("a record has no JSON form", error))?;
        let mut body = Value::Object(Map::from_iter([("schema".to_owned(), T::SCHEMA.into()), ("record".to_owned(), record)]));
        if size(&body)? > ROW_LIMIT {
            let bytes = serde_json::to_vec(&body).map_err(|error| Fault::because("a record has no JSON form", error))?;
            let blob = format!("records/{}", sha256_hex(&bytes));
            self.blobs.put(&blob, bytes).await?;
            body = json!({"schema": T::SCHEMA, "blob": blob});
        }
        let row = Row { key: key::<T>(&value.id()), version, live_until: value.live_until(), body: Arc::new(body.into()) };
        let (mut last, mut in_doubt) = (None, false);
        for _ in 0..TRIES {
            match self.table.put(&row, expect).await {
                Ok(write) => return Ok(Wrote { write, in_doubt }),
                // The condition makes a second try harmless: if the first one landed, this one conflicts and is read back.
                Err(error @ (CallError::Unknown { .. } | CallError::NotNow { .. })) => {
                    in_doubt |= matches!(error, CallError::Unknown { .. });
                    last = Some(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.map_or_else(|| Fault::new("a record was not written"), Fault::from))
    }
}

/// What came of a write.
struct Wrote {
    write: Write,
    /// A try before the last one got no answer: what is there may be ours, if it says the same. Without doubt it is somebody else's even
    /// then: two who do the same in the same millisecond say the same, and one of them has lost.
    in_doubt: bool,
}

/// How many bytes a value's JSON has.
fn size(value: &Value) -> Result<usize, Fault> {
    let mut counted = Counted(0);
    serde_json::to_writer(&mut counted, value).map_err(|error| Fault::because("a record has no JSON form", error))?;
    Ok(counted.0)
}

/// A sink that only counts.
struct Counted(usize);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn key<T: Record>(id: &str) -> Key {
    Key { partition: T::PARTITION.to_owned(), id: id.to_owned() }
}
