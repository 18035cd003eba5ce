//! Which store an address means.

use std::path::Path;
use std::sync::Arc;

use workloads::files::SharedDisk;

use super::{Folder, Store};
use crate::archive::ArchiveError;

/// Where an archive lies that no address is given for, in the state folder.
const USUAL: &str = "archive";

/// What an object store's address begins with.
const S3: &str = "s3://";

/// The store at an address: a folder, that of the state if it is empty, or a bucket.
pub(in crate::archive) fn at(
    disk: &SharedDisk,
    state: &Path,
    address: &str,
) -> Result<Arc<dyn Store>, ArchiveError> {
    if address.starts_with(S3) {
        return bucket(address).map_err(|reason| ArchiveError::Address { address: shown(address), reason });
    }
    let folder = if address.is_empty() { state.join(USUAL) } else { address.into() };
    let store = Folder::open(disk, &folder).map_err(|error| ArchiveError::io("make", &folder, error))?;
    Ok(Arc::new(store))
}

/// Without its settings.
fn shown(address: &str) -> String {
    address.split('?').next().unwrap_or_default().to_owned()
}

#[cfg(feature = "s3")]
fn bucket(address: &str) -> Result<Arc<dyn Store>, String> {
    Ok(Arc::new(super::objects::Objects::open(address)?))
}

#[cfg(not(feature = "s3"))]
fn bucket(_address: &str) -> Result<Arc<dyn Store>, String> {
    Err("this program was built without object stores: build it with the feature `s3`".to_owned())
}
