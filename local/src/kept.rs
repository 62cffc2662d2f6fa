//! State that is small enough to be written as a whole: one JSON file, replaced at once.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard},
};

use anyhow::Context as _;
use serde::{Serialize, de::DeserializeOwned};

/// A value in memory and on disk.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    file: PathBuf,
    value: Mutex<T>,
}

impl<T: Serialize + DeserializeOwned + Default> Kept<T> {
    /// What the file holds; the default where there is none.
    pub(crate) fn open(file: PathBuf) -> anyhow::Result<Self> {
        if let Some(dir) = file.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let value = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{} can't be read", file.display()))?,
            Err(_) => T::default(),
        };
        Ok(Self { file, value: Mutex::new(value) })
    }

    /// Looks at the value.
    pub(crate) fn read(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes the value and writes it. A disk that refuses is logged: the stack goes on from memory.
    pub(crate) fn change<R>(&self, edit: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.read();
        let result = edit(&mut value);
        if let Err(error) = self.write(&value) {
            tracing::error!("{} can't be written: {error:#}", self.file.display());
        }
        result
    }

    fn write(&self, value: &T) -> anyhow::Result<()> {
        let draft = self.file.with_extension("draft");
        std::fs::write(&draft, serde_json::to_vec(value)?)?;
        std::fs::rename(&draft, &self.file)?;
        Ok(())
    }
}
