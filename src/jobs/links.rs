//! Links of runbooks that start a registered job.

use std::borrow::Cow;

use url::Url;

use super::{Base, JobId, Registry};

/// Pages that may follow a job's path in a link: its forms. A link to one old build starts nothing.
const PAGES: [&str; 3] = ["build", "buildWithParameters", "parambuild"];

impl Registry {
    /// Returns the job that `…/job/A/job/B/build?delay=0sec` starts, on any address of a registered Jenkins.
    pub fn linked(&self, url: &str) -> Option<&JobId> {
        let url = Url::parse(url.trim()).ok()?;
        self.jobs
            .iter()
            .find(|job| {
                let jenkins = self.jenkins(&job.jenkins.0);
                let bases = jenkins
                    .into_iter()
                    .flat_map(|jenkins| std::iter::once(&jenkins.url).chain(&jenkins.aliases));
                bases
                    .filter_map(|base| path_below(base, &url))
                    .any(|path| path == job.path.segments())
            })
            .map(|job| &job.id)
    }
}

/// Returns folders and name of the job that a link below an address leads to.
fn path_below(base: &Base, url: &Url) -> Option<Vec<String>> {
    let base = base.url();
    let same_host = base.host_str().is_some() && base.host_str() == url.host_str();
    // `http://` links of old runbooks lead to the same Jenkins, unless a port is given.
    let same_port = base.port_or_known_default() == url.port_or_known_default()
        || base.port().is_none() && url.port().is_none() && matches!(url.scheme(), "http" | "https");
    if !same_host || !same_port {
        return None;
    }
    let rest = url.path().strip_prefix(base.path())?;
    let mut parts = rest.split('/').filter(|part| !part.is_empty()).peekable();
    let mut path = Vec::new();
    while let Some(part) = parts.next() {
        match part {
            "job" => path.push(decoded(parts.next()?)?),
            // Links copied from Jenkins' own pages go through views.
            "view" if path.is_empty() || parts.clone().any(|later| later == "job") => {
                parts.next()?;
            }
            page if PAGES.contains(&page) && parts.peek().is_none() => break,
            _ => return None,
        }
    }
    (!path.is_empty()).then_some(path)
}

fn decoded(segment: &str) -> Option<String> {
    let bytes = percent(segment)?;
    String::from_utf8(bytes.into_owned()).ok()
}

/// Decodes the percent-encoding of one segment; `None` for an invalid escape.
fn percent(segment: &str) -> Option<Cow<'_, [u8]>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment.as_bytes()));
    }
    let mut out = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(Cow::Owned(out))
}

/// Extracts folders and name of a job from the address that Jenkins itself reports, whatever host it has there.
pub fn path_of(url: &str) -> Option<Vec<String>> {
    let url = Url::parse(url).ok()?;
    let mut parts = url.path().split('/').filter(|part| !part.is_empty());
    parts.by_ref().find(|part| *part == "job")?;
    let mut path = vec![decoded(parts.next()?)?];
    while parts.next() == Some("job") {
        path.push(decoded(parts.next()?)?);
    }
    Some(path)
}
