//! The folders in which weights are searched for: Striate's own cache, PyTorch's, and the Hugging Face hub's.

use std::env;
use std::path::{Path, PathBuf};

/// The folders of this machine in which weights are searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The folder for downloads: `$STRIATE_CACHE/weights`, or `striate/weights` in the user's cache folder.
    pub own: Option<PathBuf>,
    /// PyTorch's cache: `$TORCH_HOME/hub/checkpoints`, or `~/.cache/torch/hub/checkpoints`.
    pub torch: Option<PathBuf>,
    /// The hub's cache: `$HF_HUB_CACHE`, `$HF_HOME/hub`, or `~/.cache/huggingface/hub`.
    pub hub: Option<PathBuf>,
    /// Base URL of the hub: `$HF_ENDPOINT`, or `https://huggingface.co`.
    pub hub_url: String,
}

impl Places {
    /// Returns the folders that the environment variables determine, or the defaults.
    pub fn from_env() -> Self {
        let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
        let torch = folder("TORCH_HOME").or_else(|| Some(cache()?.join("torch")));
        let hub =
            folder("HF_HOME").or_else(|| Some(cache()?.join("huggingface"))).map(|home| home.join("hub"));
        let endpoint = env::var("HF_ENDPOINT").ok().filter(|url| !url.is_empty());
        let hub_url = endpoint.unwrap_or_else(|| "https://huggingface.co".into());
        Self {
            own: striate_data::Places::from_env().beside("weights"),
            torch: torch.map(|home| home.join("hub").join("checkpoints")),
            hub: folder("HF_HUB_CACHE").or(hub),
            hub_url: hub_url.trim_end_matches('/').into(),
        }
    }

    /// Files that may hold the weights, in the order in which they are tried.
    pub(super) fn of_file(&self, file: &str) -> Vec<PathBuf> {
        [&self.own, &self.torch].into_iter().flatten().map(|folder| folder.join(file)).collect()
    }

    /// Folders that may hold the `model.safetensors` of `timm/NAME`, in the order in which they are tried.
    pub(super) fn of_hub(&self, id: &str) -> Vec<PathBuf> {
        let mut folders: Vec<_> = self.own.iter().map(|own| own.join(id)).collect();
        if let Some(hub) = &self.hub {
            folders.extend(snapshots(&hub.join(format!("models--{}", id.replace('/', "--")))));
        }
        folders
    }
}

/// The versions that the hub's own programs have downloaded, starting with the one of `main`.
fn snapshots(repository: &Path) -> Vec<PathBuf> {
    let main = std::fs::read_to_string(repository.join("refs").join("main")).unwrap_or_default();
    let folder = repository.join("snapshots");
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    all.sort_by_key(|path| (path.file_name().is_none_or(|name| name != main.trim()), path.clone()));
    all
}
