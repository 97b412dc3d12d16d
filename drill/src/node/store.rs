//! The node's disk: real files in its own directory, reached by names that come from outside.

use crate::layout::IAM_PATHS;
use nix::sys::statvfs::statvfs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where RustFS keeps what is not an object.
pub(super) const SYSTEM_VOLUME: &str = ".rustfs.sys";
const MAX_FILE_BYTES: usize = 1 << 20;
const MAX_NAME_BYTES: usize = 1_024;

pub(super) struct Store {
    root: PathBuf,
    /// Makes the name of each unfinished file its own.
    next_unfinished: AtomicU64,
}

impl Store {
    /// A store with the IAM data that peers will ask for.
    pub(super) fn create(root: &Path) -> io::Result<Self> {
        for path in IAM_PATHS {
            let file = root.join(SYSTEM_VOLUME).join(path);
            std::fs::create_dir_all(file.parent().unwrap_or(root))?;
            std::fs::write(file, br#"{"version":1,"entries":[]}"#)?;
        }
        Ok(Self { root: root.to_owned(), next_unfinished: AtomicU64::new(0) })
    }

    pub(super) async fn read(&self, volume: &str, name: &str) -> io::Result<Vec<u8>> {
        tokio::fs::read(self.locate(volume, name)?).await
    }

    /// Readers see the file before or after, never half of it.
    pub(super) async fn write(&self, volume: &str, name: &str, data: &[u8]) -> io::Result<()> {
        if data.len() > MAX_FILE_BYTES {
            return Err(io::Error::new(ErrorKind::InvalidInput, format!("more than {MAX_FILE_BYTES} bytes")));
        }
        let path = self.locate(volume, name)?;
        if let Some(directory) = path.parent() {
            tokio::fs::create_dir_all(directory).await?;
        }
        let number = self.next_unfinished.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.root.join(format!("unfinished-{number}"));
        tokio::fs::write(&unfinished, data).await?;
        tokio::fs::rename(unfinished, path).await
    }

    /// The state of the file system below, as JSON.
    pub(super) fn disk_info(&self) -> io::Result<String> {
        let state = statvfs(&self.root)?;
        let block_bytes = state.fragment_size();
        let info = serde_json::json!({
            "total_bytes": state.blocks().saturating_mul(block_bytes),
            "available_bytes": state.blocks_available().saturating_mul(block_bytes),
        });
        Ok(info.to_string())
    }

    /// Only plain names, so that nothing outside the root can be reached.
    fn locate(&self, volume: &str, name: &str) -> io::Result<PathBuf> {
        let is_plain = |part: &str| {
            !part.is_empty()
                && part.len() <= MAX_NAME_BYTES
                && !part.contains('\0')
                && Path::new(part).components().all(|component| matches!(component, Component::Normal(_)))
        };
        if is_plain(volume) && is_plain(name) {
            Ok(self.root.join(volume).join(name))
        } else {
            Err(io::Error::new(ErrorKind::InvalidInput, format!("not a name: {volume:?} {name:?}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::create(directory.path()).expect("a store");
        (directory, store)
    }

    #[tokio::test]
    async fn what_is_written_is_read_back() {
        let (_directory, store) = store();
        store.write("photos", "a/b", b"data").await.expect("a write");
        assert_eq!(store.read("photos", "a/b").await.expect("a read"), b"data");
        store.write("photos", "a/b", b"other").await.expect("a second write");
        assert_eq!(store.read("photos", "a/b").await.expect("a read"), b"other");
    }

    #[tokio::test]
    async fn a_name_that_leaves_the_root_is_refused() {
        let (_directory, store) = store();
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        let bad = [
            ("..", "x"),
            ("v", "../x"),
            ("v", "/etc/passwd"),
            ("", "x"),
            ("v", ""),
            ("v", "a\0b"),
            ("v", &long),
        ];
        for (volume, name) in bad {
            let error = store.write(volume, name, b"").await.expect_err(name);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{volume:?} {name:?}");
            assert!(store.read(volume, name).await.is_err(), "{volume:?} {name:?}");
        }
    }

    #[tokio::test]
    async fn a_file_has_a_largest_size() {
        let (_directory, store) = store();
        assert!(store.write("v", "full", &vec![0; MAX_FILE_BYTES]).await.is_ok());
        assert!(store.write("v", "over", &vec![0; MAX_FILE_BYTES + 1]).await.is_err());
    }

    #[test]
    fn the_disk_has_a_size() {
        let (directory, store) = store();
        let info: serde_json::Value =
            serde_json::from_str(&store.disk_info().expect("a disk")).expect("it is JSON");
        assert!(info["total_bytes"].as_u64() > Some(0));
        drop(directory);
        assert!(store.disk_info().is_err());
    }
}
