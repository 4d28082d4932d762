//! Finds the file for a name on this machine; it is downloaded only on request.

use super::aliases;
use super::config::Config;
use super::error::{Get, WeightsError, unknown};
use super::info::WeightsInfo;
use super::places::Places;
use super::table;
use crate::ModelInfo;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use striate_base::hex;
use striate_data::DataError;
use striate_data::fetch::{Download, FetchEvent, Size, check_address, download};
use striate_formats::{FormatError, ModelFile, WeightsFile};

/// The largest weights that are downloaded, in bytes; those of vgg19 have 0.6 GB.
const LARGEST_BYTES: u64 = 2 << 30;
const CONFIG_BYTES: u64 = 1 << 20;

/// The function that is told about a download; without it there is no download.
pub(super) type Listener<'a, 'b> = &'a mut Option<&'b mut dyn FnMut(FetchEvent<'_>)>;

/// A file, and what is known about it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// SHA-256 of the whole file.
    pub(super) sha256: String,
    pub(super) info: Option<&'static WeightsInfo>,
    pub(super) config: Option<Config>,
}

/// Finds the weights for `model` that `source` refers to.
pub(super) fn find(
    places: &Places,
    model: &ModelInfo,
    source: &str,
    fetch: Listener<'_, '_>,
) -> Result<Found, WeightsError> {
    let known = table::find(source)
        .or_else(|| table::all().iter().find(|info| !info.url.is_empty() && info.url == source));
    if let Some(info) = known {
        return known_file(places, model, info, fetch);
    }
    let id = source.strip_prefix("hf-hub:").unwrap_or(source);
    if let Some(name) = id.strip_prefix("timm/") {
        return hub(places, model, id, name, fetch);
    }
    if source.contains("://") {
        return url(places, source, fetch);
    }
    let path = Path::new(source);
    if !path.exists() {
        return Err(unknown(source, model.name));
    }
    let found = file(path)?;
    // A network that looks alike and computes something else is recognized by its name in the config.json next to the file.
    let trained = found.config.as_ref().map(|config| &config.architecture[..]);
    match trained.filter(|trained| aliases::why_not(trained).is_some()) {
        Some(trained) => Err(WeightsError::OtherModel {
            weights: source.into(),
            trained: trained.into(),
            model: model.name.into(),
        }),
        None => Ok(found),
    }
}

/// The user's own file: the table recognizes it by its hash, or there is a `config.json` next to it.
fn file(path: &Path) -> Result<Found, WeightsError> {
    // A file that is not weights at all is recognized by its first bytes, not after reading gigabytes of it.
    WeightsFile::open(path)?;
    let sha256 = sha256(path)?;
    let info = table::by_hash(&sha256);
    let config = if info.is_some() { None } else { config(&path.with_file_name("config.json"))? };
    Ok(Found { path: path.into(), sha256, info, config })
}

fn known_file(
    places: &Places,
    model: &ModelInfo,
    info: &'static WeightsInfo,
    fetch: Listener<'_, '_>,
) -> Result<Found, WeightsError> {
    let (name, found) = (info.name(), |path, sha256| Found { path, sha256, info: Some(info), config: None });
    if info.model != model.name {
        let (trained, model) = (info.model.into(), model.name.into());
        return Err(WeightsError::OtherModel { weights: name, trained, model });
    }
    let mut looked = Vec::new();
    for path in places.of_file(info.file) {
        match path.is_file() {
            false => looked.push(path.display().to_string()),
            // Another program may have been stopped while it wrote the file.
            true => match sha256(&path)? {
                got if got.starts_with(info.sha256) => return Ok(found(path, got)),
                got => looked.push(format!("{}: another file, SHA-256 {}...", path.display(), &got[..8])),
            },
        }
    }
    let own = places.own.as_ref().map(|own| own.join(info.file));
    let (Some(path), Some(tell), false) = (&own, fetch.as_mut(), info.url.is_empty()) else {
        let get = match info.url {
            "" => Get::ByHand(info.source),
            url => Get::Url(url.into()),
        };
        let put = own.map_or("any path, and give that path".into(), |own| own.display().to_string());
        return Err(WeightsError::NotHere { name, looked, get, put });
    };
    let (urls, sha256) = ([info.url.to_string()], Some(info.sha256));
    download(&Download { urls: &urls, path, size: Size::AtMost(LARGEST_BYTES), sha256 }, tell)?;
    Ok(found(path.clone(), self::sha256(path)?))
}

/// Weights of the Hugging Face hub: `timm/resnet18.a1_in1k`, with a `config.json` next to them. The hub does not publish hashes
/// in a stable place, so the file must be a complete safetensors file with the network's own names and shapes.
fn hub(
    places: &Places,
    model: &ModelInfo,
    id: &str,
    name: &str,
    fetch: Listener<'_, '_>,
) -> Result<Found, WeightsError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(unknown(id, model.name));
    }
    let architecture = name.split('.').next().unwrap_or(name);
    let other = |trained: &str| WeightsError::OtherModel {
        weights: id.into(),
        trained: trained.into(),
        model: model.name.into(),
    };
    if aliases::why_not(architecture).is_some() || aliases::ours(architecture) != model.name {
        return Err(other(architecture));
    }
    let folders = places.of_hub(id);
    let mut folder = folders.iter().find(|folder| folder.join("model.safetensors").is_file()).cloned();
    if folder.is_none() {
        let url = |file: &str| format!("{}/{id}/resolve/main/{file}", places.hub_url);
        let own = places.own.as_ref().map(|own| own.join(id));
        let (Some(own), Some(tell)) = (&own, fetch.as_mut()) else {
            return Err(WeightsError::NotHere {
                name: id.into(),
                looked: folders.iter().map(|f| f.join("model.safetensors").display().to_string()).collect(),
                get: Get::Url(url("model.safetensors")),
                put: own.map_or("any path, and give that path".into(), |own| {
                    format!("{}, with its config.json", own.join("model.safetensors").display())
                }),
            });
        };
        check_url(&places.hub_url)?;
        for (file, bytes) in [("config.json", CONFIG_BYTES), ("model.safetensors", LARGEST_BYTES)] {
            let (urls, path, size) = ([url(file)], own.join(file), Size::AtMost(bytes));
            download(&Download { urls: &urls, path: &path, size, sha256: None }, tell)?;
        }
        folder = Some(own.clone());
    }
    let folder = folder.expect("found, or fetched");
    let path = folder.join("model.safetensors");
    let config = config(&folder.join("config.json"))?;
    if let Some(config) = &config
        && aliases::ours(&config.architecture) != model.name
    {
        return Err(other(&config.architecture));
    }
    Ok(Found { sha256: sha256(&path)?, path, info: None, config })
}

/// Any URL. The hash is checked if the file name has one, as PyTorch's do: `NAME-0123abcd.pth`.
fn url(places: &Places, url: &str, fetch: Listener<'_, '_>) -> Result<Found, WeightsError> {
    check_url(url)?;
    let address = url.split(['?', '#']).next().unwrap_or(url);
    let name = address.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("weights");
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let published = hash_in(&name);
    // Two URLs may end in the same name.
    let folder = &hex(&Sha256::digest(url))[..16];
    let own = places.own.as_ref().map(|own| own.join("url").join(folder).join(&name));
    let path = match (own, fetch.as_mut()) {
        (Some(path), _) if path.is_file() => path,
        (Some(path), Some(tell)) => {
            let (urls, sha256) = ([url.to_string()], published.as_deref());
            download(
                &Download { urls: &urls, path: &path, size: Size::AtMost(LARGEST_BYTES), sha256 },
                tell,
            )?;
            path
        }
        (own, _) => {
            return Err(WeightsError::NotHere {
                name: name.clone(),
                looked: own.iter().map(|path| path.display().to_string()).collect(),
                get: Get::Url(url.into()),
                put: "any path, and give that path".into(),
            });
        }
    };
    let found = file(&path)?;
    match published {
        Some(expected) if !found.sha256.starts_with(&expected) => {
            Err(WeightsError::Hash { path, expected, got: found.sha256 })
        }
        _ => Ok(found),
    }
}

/// Accepts HTTPS, or this machine itself.
fn check_url(url: &str) -> Result<(), WeightsError> {
    check_address(url).map_err(|why| WeightsError::Url { url: url.into(), why })
}

/// The hash in `NAME-0123abcd.pth`: at least eight hexadecimal digits after the last dash.
fn hash_in(name: &str) -> Option<String> {
    let stem = name.rsplit_once('.')?.0;
    let (_, hash) = stem.rsplit_once('-')?;
    let is_hash =
        (8..=64).contains(&hash.len()) && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_hash.then(|| hash.to_string())
}

/// The `config.json` next to the weights; `None` if there is none, or if it is not a model's.
fn config(path: &Path) -> Result<Option<Config>, WeightsError> {
    let failed = |why: String| WeightsError::Config { path: path.into(), why };
    let Ok(metadata) = std::fs::metadata(path) else { return Ok(None) };
    if !metadata.is_file() || metadata.len() > CONFIG_BYTES {
        return Err(failed(format!(
            "expected a file of at most {CONFIG_BYTES} bytes, got {}",
            metadata.len()
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    match text.contains("\"pretrained_cfg\"") {
        true => Config::from_json(&text).map(Some).map_err(failed),
        false => Ok(None),
    }
}

fn sha256(path: &Path) -> Result<String, WeightsError> {
    let fail = |source| FormatError::Read { path: path.into(), source };
    // Reading from a device might never end.
    let metadata = std::fs::metadata(path).map_err(fail)?;
    if !metadata.is_file() {
        return Err(
            DataError::Io { place: path.into(), what: "read this as weights", source: not_a_file() }.into()
        );
    }
    Ok(ModelFile::sha256(path)?)
}

fn not_a_file() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidInput, "a folder or a device, expected a file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_in_names() {
        assert_eq!(hash_in("resnet18-f37072fd.pth").as_deref(), Some("f37072fd"));
        assert_eq!(hash_in("alexnet-owt-7be5be79.pth").as_deref(), Some("7be5be79"));
        for none in ["resnet18.pth", "resnet-18.pth", "a-f37072fg.pth", "model", "x-F37072FD.pth"] {
            assert_eq!(hash_in(none), None, "{none}");
        }
    }
}
