//! Command-line words as they are stored in model files and checkpoints, which people share: without the path of the home folder,
//! which usually contains a person's name, and without the credentials in a URL.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// A word as it is stored. An absolute path in the home folder becomes `~/...`; an `http` or `https` URL loses its user, its
/// password and what follows `?` or `#`. Everything else, including relative paths, is stored as it was typed.
pub(crate) fn kept(word: &str) -> Cow<'_, str> {
    kept_in(home().as_deref(), word)
}

/// What a stored word refers to on this machine: `~/` is the home folder of the current user.
pub(crate) fn found(word: &str) -> Cow<'_, str> {
    found_in(home().as_deref(), word)
}

/// The home folder; `None` where it is the root, as in some containers.
fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute() && home.parent().is_some())
}

fn kept_in<'a>(home: Option<&Path>, word: &'a str) -> Cow<'a, str> {
    if let Some((scheme @ ("http" | "https"), rest)) = word.split_once("://") {
        let public = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = public.split_at(public.find('/').unwrap_or(public.len()));
        let host = authority.rsplit('@').next().unwrap_or_default();
        return format!("{scheme}://{host}{path}").into();
    }
    if word.starts_with("~/") {
        // A folder that is really called `~`, since a shell would have replaced the home folder's `~`.
        return format!("./{word}").into();
    }
    let below = home.and_then(|home| Path::new(word).strip_prefix(home).ok()).and_then(Path::to_str);
    below.map_or(word.into(), |below| format!("~/{below}").into())
}

fn found_in<'a>(home: Option<&Path>, word: &'a str) -> Cow<'a, str> {
    let below = word.strip_prefix("~/").zip(home).and_then(|(below, home)| Some((below, home.to_str()?)));
    below.map_or(word.into(), |(below, home)| format!("{}/{below}", home.trim_end_matches('/')).into())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_without_what_is_private_and_found_again() {
        let home = Some(Path::new("/people/ada"));
        for (typed, kept) in [
            ("/people/ada/photos/cats", "~/photos/cats"),
            ("/people/ada/my photos", "~/my photos"),
            ("/people/adam/photos", "/people/adam/photos"),
            ("/data/cats", "/data/cats"),
            ("photos/cats", "photos/cats"),
            ("../cats", "../cats"),
            ("digits", "digits"),
            ("--lr", "--lr"),
            ("", ""),
        ] {
            assert_eq!(kept_in(home, typed), kept);
            assert_eq!(found_in(home, kept), typed);
            assert_eq!(kept_in(None, typed), typed);
        }
        assert_eq!(kept_in(home, "~/odd"), "./~/odd");
        assert_eq!(found_in(Some(Path::new("/people/grace")), "~/photos"), "/people/grace/photos");
        assert_eq!(found_in(None, "~/photos"), "~/photos");
        for (typed, kept) in [
            ("https://ada:secret@host.org/a/w.pth?token=x#y", "https://host.org/a/w.pth"),
            ("https://host.org/a@b/w.pth", "https://host.org/a@b/w.pth"),
            ("http://host.org?key=x", "http://host.org"),
        ] {
            assert_eq!(kept_in(home, typed), kept);
        }
    }
}
