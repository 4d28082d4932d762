//! The folders of runs: `runs/train`, `runs/train2`, …

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use striate::train::{FolderLock, clear_run, saved_at};

use crate::exit::Usage;

/// Creates and locks the folder of a new run: NAME in `project`, or NAME2, NAME3, … if it exists. With `exist_ok` an existing
/// folder is used again, unless a run is in progress in it.
pub(crate) fn claim(project: &Path, name: &str, exist_ok: bool) -> anyhow::Result<(PathBuf, FolderLock)> {
    let is_one_folder = Path::new(name).components().count() == 1 && Path::new(name).file_name().is_some();
    if !is_one_folder {
        let why = format!(
            "--name {name:?}: expected the name of a single folder; put parent folders into --project"
        );
        return Err(Usage(why).into());
    }
    let refused = |folder: &Path, error: io::Error| {
        let place = folder.display();
        let what = format!("{place}: cannot create this folder: {error}; choose another one with --project");
        anyhow::Error::new(error).context(what)
    };
    fs::create_dir_all(project).map_err(|error| refused(project, error))?;
    for number in 1.. {
        let folder = project.join(if number == 1 { name.to_owned() } else { format!("{name}{number}") });
        // Creating the folder claims it: two runs that start at the same time get two folders.
        match fs::create_dir(&folder) {
            Ok(()) => {
                let lock = FolderLock::take(&folder)?;
                return Ok((folder, lock));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if exist_ok && folder.is_dir() {
                    // The new run replaces the old one, which can no longer be resumed.
                    let lock = FolderLock::take(&folder)?;
                    clear_run(&lock)?;
                    return Ok((folder, lock));
                }
            }
            Err(error) => return Err(refused(&folder, error)),
        }
    }
    unreachable!("there are more numbers than folders")
}

/// The folder in `project` whose run wrote a checkpoint last.
pub(crate) fn latest(project: &Path) -> anyhow::Result<PathBuf> {
    let runs = fs::read_dir(project).into_iter().flatten().flatten();
    let newest = runs.filter_map(|entry| Some((saved_at(&entry.path())?, entry.path()))).max();
    newest.map(|(_, folder)| folder).ok_or_else(|| {
        let place = project.display();
        Usage(format!(
            "--resume: no run in {place} has a checkpoint; name the folder of a run, or start a new one"
        ))
        .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate::train::{CHECKPOINT, FitError};

    #[test]
    fn runs_are_numbered_as_people_expect() {
        let place = tempfile::tempdir().unwrap();
        let runs = place.path().join("deep/runs");
        let claimed = |name, exist_ok| {
            let (folder, _) = claim(&runs, name, exist_ok).unwrap();
            folder.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(claimed("train", false), "train");
        assert_eq!(claimed("train", false), "train2");
        assert_eq!(claimed("train", false), "train3");
        assert_eq!(claimed("train", true), "train");
        assert_eq!(claimed("other", true), "other");
        fs::remove_dir_all(runs.join("train2")).unwrap();
        assert_eq!(claimed("train", false), "train2");
        for name in ["", "..", ".", "a/b", "/"] {
            assert!(claim(&runs, name, false).unwrap_err().is::<Usage>(), "{name:?}");
        }
    }

    #[test]
    fn a_folder_in_which_a_run_is_going_on_is_not_taken() {
        let place = tempfile::tempdir().unwrap();
        let (folder, lock) = claim(place.path(), "train", false).unwrap();
        fs::write(folder.join(CHECKPOINT), "its work").unwrap();
        let error = claim(place.path(), "train", true).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(FitError::InUse { .. })), "{error}");
        assert!(folder.join(CHECKPOINT).exists());
        drop(lock);
        claim(place.path(), "train", true).unwrap();
        assert!(!folder.join(CHECKPOINT).exists());
    }

    #[test]
    fn the_latest_checkpoint_is_resumed() {
        let place = tempfile::tempdir().unwrap();
        assert!(latest(place.path()).unwrap_err().is::<Usage>());
        let times = [("b", 10), ("a", 30), ("c", 20)];
        for (name, seconds) in times {
            let (run, _) = claim(place.path(), name, false).unwrap();
            let file = fs::File::create(run.join(CHECKPOINT)).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).unwrap();
        }
        claim(place.path(), "without", false).unwrap();
        assert_eq!(latest(place.path()).unwrap(), place.path().join("a"));
    }
}
