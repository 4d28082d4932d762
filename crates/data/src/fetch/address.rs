//! The addresses that may be requested: HTTPS to any host, plain HTTP only to this machine.

use std::net::IpAddr;

use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};

/// An address that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(Uri);

/// Checks that an address may be requested: `https://...`, or `http://` to this machine itself.
///
/// # Errors
/// A description of the problem, for people.
pub fn check_address(url: &str) -> Result<(), String> {
    Address::parse(url).map(drop)
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let uri: Uri = url
            .parse()
            .map_err(|error| format!("this is not a valid address ({error}); it must start with https://"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err("this address is incomplete; it must start with https://".into());
        };
        // What stands before an @ is a user's name, and looks like the machine.
        if authority.as_str().contains('@') {
            return Err(format!("there is a user name before the host {}; leave it out", authority.host()));
        }
        if *scheme == Scheme::HTTPS || *scheme == Scheme::HTTP && is_this_machine(authority) {
            return Ok(Self(uri));
        }
        Err(format!(
            "{scheme}:// to {} can be read and changed on the way; the address must start with https://",
            authority.host()
        ))
    }

    /// Where a server sends one from here: never from HTTPS, or from another machine, to plain HTTP on this one.
    pub(super) fn redirected(&self, location: &str) -> Result<Self, String> {
        let refuse = |why: String| format!("the redirect to {location:?} is not followed: {why}");
        let next = Self::parse(&self.joined(location)).map_err(refuse)?;
        if next.0.scheme() == Some(&Scheme::HTTP) && self.0.scheme() != Some(&Scheme::HTTP) {
            return Err(refuse("it leads from https:// to http://".into()));
        }
        Ok(next)
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    /// A reference resolved as RFC3986 has it in 5.2, but for `.` and `..`, which servers take as they are.
    fn joined(&self, location: &str) -> String {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map(Authority::as_str).unwrap_or_default();
        let path = self.0.path();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match location {
            _ if has_scheme(location) => location.to_string(),
            _ if location.starts_with("//") => format!("{scheme}:{location}"),
            _ if location.starts_with('/') => format!("{scheme}://{authority}{location}"),
            _ if location.starts_with('?') => format!("{scheme}://{authority}{path}{location}"),
            _ => format!("{scheme}://{authority}{folder}/{location}"),
        }
    }
}

/// Letters, digits and `+-.` before a colon, of which the first is a letter.
fn has_scheme(location: &str) -> bool {
    location.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

fn is_this_machine(authority: &Authority) -> bool {
    let host = authority.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_to_this_machine() {
        for good in [
            "https://example.org/a.pth",
            "HTTPS://example.org",
            "https://example.org:8443/a?b=http://c/@d",
            "http://127.0.0.1:80/a",
            "http://127.9.9.9/a",
            "http://localhost/a",
            "http://LOCALHOST:8080/a",
            "http://[::1]:8080/a",
        ] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
        for bad in [
            "http://127.0.0.1:80@example.org/a",
            "http://localhost@example.org/a",
            "https://user:password@example.org/a",
            "http://localhost.example.org/a",
            "http://127.0.0.1.example.org/a",
            "http://example.org/127.0.0.1",
            "http://10.0.0.1/a",
            "http://[::ffff:10.0.0.1]/a",
            "http://2130706433/a",
            "ftp://127.0.0.1/a",
            "file:///etc/passwd",
            "//example.org/a",
            "/a",
            "example.org",
            "https://",
            "https:///a",
            "https://exa mple.org/",
            "",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
        let error = check_address("http://127.0.0.1:80@example.org/a").unwrap_err();
        assert_eq!(error, "there is a user name before the host example.org; leave it out");
        let error = check_address("http://example.org/a").unwrap_err();
        assert_eq!(
            error,
            "http:// to example.org can be read and changed on the way; the address must start with https://"
        );
    }

    #[test]
    fn redirects_lead_to_addresses_that_may_be_asked() {
        let safe = Address::parse("https://example.org/a/b?c=d").unwrap();
        let local = Address::parse("http://127.0.0.1:80/a/b").unwrap();
        let to = |from: &Address, location: &str| from.redirected(location).map(|next| next.0.to_string());
        for (location, expected) in [
            ("https://other.org/x", "https://other.org/x"),
            ("//other.org/x", "https://other.org/x"),
            ("/x?y=z", "https://example.org/x?y=z"),
            ("x", "https://example.org/a/x"),
            ("x?to=https://y", "https://example.org/a/x?to=https://y"),
            ("?x", "https://example.org/a/b?x"),
        ] {
            assert_eq!(to(&safe, location).as_deref(), Ok(expected), "{location}");
        }
        assert_eq!(to(&local, "/x").as_deref(), Ok("http://127.0.0.1:80/x"));
        assert_eq!(to(&local, "https://example.org/x").as_deref(), Ok("https://example.org/x"));
        for location in ["http://127.0.0.1/x", "http://example.org/x", "ftp://example.org/x", "https://a@b/"]
        {
            let error = to(&safe, location).unwrap_err();
            assert!(error.contains("is not followed"), "{error}");
        }
        assert!(to(&local, "http://example.org/x").is_err() && to(&local, "//10.0.0.1/x").is_err());
    }
}
