//! The folder where downloads and images are kept between runs, each named after what it was made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// What was not used for this long is deleted.
const KEPT: Duration = Duration::from_secs(60 * 60 * 24 * 30);

/// The same for archives, which are soon made and, as programs change, many.
const ARCHIVES_KEPT: Duration = Duration::from_secs(60 * 60 * 24 * 2);

/// The kind of what is an archive.
pub(super) const ARCHIVES: &str = "archives";

/// The cache folder.
#[derive(Debug)]
pub(super) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Opens the folder: `$FIDOKEY_LAB_CACHE`, else `fidokey-lab` in the user's cache folder.
    ///
    /// # Errors
    /// If there is no such place or it cannot be made.
    pub(super) fn open() -> Result<Cache> {
        let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let root = if let Some(root) = from("FIDOKEY_LAB_CACHE") {
            PathBuf::from(root)
        } else if let Some(caches) = from("XDG_CACHE_HOME") {
            Path::new(&caches).join("fidokey-lab")
        } else if let Some(home) = from("HOME") {
            Path::new(&home).join(".cache/fidokey-lab")
        } else {
            bail!("neither FIDOKEY_LAB_CACHE nor HOME is set, so there is no place for a cache");
        };
        fs::create_dir_all(&root).with_context(|| format!("{} cannot be made", root.display()))?;
        Ok(Cache { root })
    }

    /// A folder of the cache, made if need be.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(super) fn folder(&self, kind: &str) -> Result<PathBuf> {
        let folder = self.root.join(kind);
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(folder)
    }

    /// Whether something is in the cache.
    pub(super) fn has(&self, kind: &str, name: &str) -> bool {
        self.root.join(kind).join(name).exists()
    }

    /// Gives a file or folder of the cache, which `make` makes at the path it is given if it is not
    /// there yet.
    ///
    /// # Errors
    /// What `make` says, or if the place cannot be written to. Nothing half-made stays.
    pub(super) fn made(
        &self,
        kind: &str,
        name: &str,
        make: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let path = self.root.join(kind).join(name);
        if path.exists() {
            used_now(&path);
            return Ok(path);
        }
        let folder = self.folder(kind)?;
        let draft = folder.join(format!("{name}.{}.draft", std::process::id()));
        remove(&draft);
        if let Err(error) = make(&draft) {
            remove(&draft);
            return Err(error);
        }
        used_now(&draft);
        if let Err(error) = fs::rename(&draft, &path) {
            remove(&draft);
            // Another run may have made the same in the meantime.
            if !path.exists() {
                return Err(error).with_context(|| format!("{} cannot be made", path.display()));
            }
        }
        Ok(path)
    }

    /// Deletes what was not used for long, and drafts of runs that ended early.
    pub(super) fn prune(&self) {
        for kind in fs::read_dir(&self.root).into_iter().flatten().flatten() {
            let kept = if kind.file_name() == ARCHIVES { ARCHIVES_KEPT } else { KEPT };
            for entry in fs::read_dir(kind.path()).into_iter().flatten().flatten() {
                let used = entry.metadata().and_then(|meta| meta.modified()).ok();
                let unused = used.and_then(|used| used.elapsed().ok()).unwrap_or_default();
                let draft = entry.path().extension().is_some_and(|e| e == "draft");
                if unused > kept || (draft && unused > Duration::from_secs(60 * 60)) {
                    remove(&entry.path());
                }
            }
        }
    }
}

/// Notes in a file's or folder's time that it was used; what comes out of a package has an old one.
///
/// A cache that cannot be written to serves as well, so a failure is none.
fn used_now(path: &Path) {
    let _ = fs::File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
}

/// Deletes a file or a folder, if it is there.
fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// The name in the cache of what is made of all this: twenty hexadecimal digits.
pub(super) fn name_of<T: AsRef<[u8]>>(ingredients: impl IntoIterator<Item = T>) -> String {
    let mut hash = Sha256::new();
    for ingredient in ingredients {
        let ingredient = ingredient.as_ref();
        hash.update(ingredient.len().to_le_bytes());
        hash.update(ingredient);
    }
    hexadecimal(&hash.finalize()[..10])
}

/// The SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// If it cannot be read.
pub(super) fn sha256_of(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    hash.update(&bytes);
    Ok(hexadecimal(&hash.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_made_once_and_nothing_half_made_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { root: folder.path().to_owned() };
        let failed = cache.made("kind", "name", |draft| {
            fs::write(draft, "half").unwrap();
            bail!("no")
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_dir(folder.path().join("kind")).unwrap().count(), 0);
        let make = |draft: &Path| Ok(fs::write(draft, "whole")?);
        let path = cache.made("kind", "name", make).unwrap();
        assert_eq!(cache.made("kind", "name", |_| bail!("twice")).unwrap(), path);
        assert_eq!(fs::read(path).unwrap(), b"whole");
    }

    #[test]
    fn only_what_was_not_used_for_long_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { root: folder.path().to_owned() };
        let old = SystemTime::now() - 2 * KEPT;
        let aged = |path: &Path| fs::File::open(path).unwrap().set_modified(old).unwrap();
        let make = |draft: &Path| {
            fs::create_dir(draft)?;
            aged(draft);
            Ok(())
        };
        let new = cache.made("kind", "new", make).unwrap();
        let unused = cache.made("kind", "unused", make).unwrap();
        aged(&unused);
        let used = cache.made("kind", "used", make).unwrap();
        aged(&used);
        cache.made("kind", "used", make).unwrap();
        cache.prune();
        assert!(new.exists() && used.exists() && !unused.exists());
    }

    #[test]
    fn names_tell_where_one_ingredient_ends() {
        assert_ne!(name_of(["ab", "c"]), name_of(["a", "bc"]));
        assert_eq!(name_of(["ab"]).len(), 20);
    }
}
