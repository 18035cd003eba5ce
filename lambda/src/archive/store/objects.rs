//! A bucket of an object store that speaks S3, at an address such as
//! `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=eu-west-1&keys=/etc/workbench/keys`.
//!
//! A put is whole and durable by the store's own promise. Files are put under names that say what is in them, so that one
//! put twice, because the answer to the first was lost, is the same file, and no writer puts his over another's. The manifest is put only in place of the one that was
//! read: whoever has been overtaken by another writer is refused, and a put whose answer was lost counts if it is found
//! to have arrived.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    BackoffConfig, Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload, RetryConfig, UpdateVersion,
};
use tokio::runtime::{Builder, Runtime};

use super::Store;

/// Attempts at a request beyond the first; a batch that fails for all of them is begun again as its schedule says.
const RETRIES: usize = 5;

/// The files of an archive in a bucket.
pub(crate) struct Objects {
    store: AmazonS3,
    runtime: Runtime,
    prefix: Path,
    /// As messages name it.
    shown: String,
    /// What was last read or put of each file that can be replaced.
    seen: Mutex<BTreeMap<String, UpdateVersion>>,
}

impl Objects {
    /// The bucket at an address. Nothing is asked of it yet.
    pub(crate) fn open(address: &str) -> Result<Self, String> {
        let (shown, settings) = address.split_once('?').unwrap_or((address, ""));
        let place = shown.strip_prefix("s3://").unwrap_or(shown);
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            return Err("it names no bucket".to_owned());
        }
        let mut builder = builder(bucket);
        for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
            builder = match setting.split_once('=') {
                Some(("endpoint", url)) => {
                    builder.with_endpoint(url).with_allow_http(url.starts_with("http:"))
                }
                Some(("region", region)) => builder.with_region(region),
                Some(("keys", file)) => signed(builder, file)?,
                _ => return Err(format!("`{setting}` is none of endpoint=URL, region=NAME, keys=FILE")),
            };
        }
        let store = builder.build().map_err(|error| error.to_string())?;
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let (shown, seen) = (shown.trim_end_matches('/').to_owned(), Mutex::default());
        Ok(Objects { store, runtime, prefix: Path::from(prefix), shown, seen })
    }

    fn at(&self, name: &str) -> Path {
        // Names have only characters that need no escape, and folders are parted as in the store.
        name.split('/').fold(self.prefix.clone(), Path::join)
    }

    /// A file with its version.
    fn fetch(&self, name: &str) -> Result<(Bytes, UpdateVersion), Error> {
        self.runtime.block_on(async {
            let found = self.store.get(&self.at(name)).await?;
            let version =
                UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            Ok((found.bytes().await?, version))
        })
    }

    fn remember(&self, name: &str, version: UpdateVersion) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), version);
    }
}

/// Requests are not signed unless a file with keys is named, and given up after some attempts.
fn builder(bucket: &str) -> AmazonS3Builder {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(50),
        max_backoff: Duration::from_secs(2),
        ..BackoffConfig::default()
    };
    let retry = RetryConfig { backoff, max_retries: RETRIES, retry_timeout: Duration::from_secs(60) };
    AmazonS3Builder::new().with_bucket_name(bucket).with_retry(retry).with_skip_signature(true)
}

/// With the access key and the secret that a file has in its first two lines.
fn signed(builder: AmazonS3Builder, file: &str) -> Result<AmazonS3Builder, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("reading the keys in {file}: {error}"))?;
    let mut lines = text.lines().map(str::trim);
    match (lines.next(), lines.next()) {
        (Some(key), Some(secret)) if !key.is_empty() && !secret.is_empty() => {
            Ok(builder.with_access_key_id(key).with_secret_access_key(secret).with_skip_signature(false))
        }
        _ => Err(format!("{file} is to have an access key in its first line, and its secret in the second")),
    }
}

impl Store for Objects {
    fn put(&self, name: &str, bytes: Vec<u8>) -> io::Result<()> {
        let path = self.at(name);
        let put = self.store.put(&path, PutPayload::from(bytes));
        self.runtime.block_on(put).map(|_| ()).map_err(system)
    }

    fn replace(&self, name: &str, bytes: Vec<u8>) -> io::Result<()> {
        let bytes = Bytes::from(bytes);
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let mode = seen.map_or(PutMode::Create, PutMode::Update);
        let path = self.at(name);
        let put = self.store.put_opts(&path, PutPayload::from(bytes.clone()), mode.into());
        match self.runtime.block_on(put) {
            Ok(put) => self.remember(name, put.into()),
            // It may have arrived all the same: what counts is what lies there.
            Err(error) => match self.fetch(name) {
                Ok((found, version)) if found == bytes => self.remember(name, version),
                Ok(_) if matches!(error, Error::Precondition { .. } | Error::AlreadyExists { .. }) => {
                    return Err(io::Error::other(
                        "another writer has replaced it: one batch writes an archive",
                    ));
                }
                _ => return Err(system(error)),
            },
        }
        Ok(())
    }

    fn get(&self, name: &str) -> io::Result<Bytes> {
        let (bytes, version) = self.fetch(name).map_err(system)?;
        self.remember(name, version);
        Ok(bytes)
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        let path = self.at(name);
        self.runtime.block_on(self.store.head(&path)).map(|meta| meta.size).map_err(system)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.at(name);
        match self.runtime.block_on(self.store.delete(&path)) {
            Err(Error::NotFound { .. }) => Ok(()),
            removed => removed.map_err(system),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let within =
            |path: &Path| path.as_ref()[self.prefix.as_ref().len()..].trim_start_matches('/').to_owned();
        let listed = self.runtime.block_on(async {
            let top = self.store.list_with_delimiter(Some(&self.prefix)).await?;
            let mut objects = top.objects;
            for folder in &top.common_prefixes {
                objects.extend(self.store.list_with_delimiter(Some(folder)).await?.objects);
            }
            Ok::<_, Error>(objects)
        });
        Ok(listed.map_err(system)?.iter().map(|object| within(&object.location)).collect())
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.shown.clone().into() } else { format!("{}/{name}", self.shown).into() }
    }
}

fn system(error: Error) -> io::Error {
    match error {
        Error::NotFound { .. } => io::Error::new(io::ErrorKind::NotFound, error),
        _ => io::Error::other(error),
    }
}
