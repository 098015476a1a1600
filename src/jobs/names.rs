//! Look-up of jobs by the names that people use: the id, the title, the path in Jenkins or its end.

use std::sync::LazyLock;

use regex::Regex;

use super::{Job, Registry};

/// Minimum likeness of two names (Jaro-Winkler) for one to be offered.
const ALIKE: f64 = 0.75;
/// Minimum likeness at which a name was certainly meant and only mistyped.
const SLIP: f64 = 0.93;
/// Maximum number of words of a name.
const WORDS: usize = 24;

/// Result of looking up a job by name.
#[derive(Debug, Clone, PartialEq)]
pub enum Named<'a> {
    /// One job has this name.
    One(&'a Job),
    /// Several jobs have this name.
    Several(Vec<&'a Job>),
    /// No job has this name.
    Nothing {
        /// Job with the most similar name, if any is similar enough.
        nearest: Option<&'a Job>,
        /// True when the names differ so little that this job was certainly meant.
        is_slip: bool,
    },
}

impl Default for Named<'_> {
    fn default() -> Self {
        Self::Nothing {
            nearest: None,
            is_slip: false,
        }
    }
}

impl Registry {
    /// Looks up a job by name. An id takes precedence over a title, a title over a path, a whole path over the end of
    /// one; case is ignored.
    pub fn named(&self, name: &str) -> Named<'_> {
        if let Some(job) = self.job(name.trim()) {
            return Named::One(job);
        }
        let wanted = folded(name);
        let linked = self.linked(name.trim()).map(|id| id.0.clone());
        let path = path_of(&wanted);
        let end = format!("/{path}");
        let tiers: [&dyn Fn(&Job) -> bool; 4] = [
            &|job| folded(&job.id.0) == wanted,
            &|job| !job.title.is_empty() && folded(&job.title) == wanted,
            &|job| Some(&job.id.0) == linked.as_ref() || job.path.to_string().to_lowercase() == path,
            &|job| format!("/{}", job.path).to_lowercase().ends_with(&end),
        ];
        if !wanted.is_empty() {
            for is_called_so in tiers {
                let found: Vec<&Job> = self.jobs.iter().filter(|job| is_called_so(job)).collect();
                match found.as_slice() {
                    [] => {}
                    [job] => return Named::One(job),
                    _ => return Named::Several(found),
                }
            }
        }
        let alike = |job: &Job| {
            let last = job.path.segments().last().map_or("", String::as_str);
            let names = [&*job.id.0, &*job.title, last, &*job.path.to_string()].map(folded);
            let alike = names.iter().map(|name| strsim::jaro_winkler(name, &wanted));
            alike.fold(0.0, f64::max)
        };
        let nearest = self.jobs.iter().map(|job| (alike(job), job));
        let nearest = nearest
            .filter(|(alike, _)| *alike > ALIKE)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        Named::Nothing {
            nearest: nearest.map(|(_, job)| job),
            is_slip: nearest.is_some_and(|(alike, _)| alike >= SLIP),
        }
    }

    /// Looks up the words before the first `KEY=value` of a text, and returns the values as well: a title has blanks,
    /// and not everybody puts it in quotes. `None` when there are no words, or too many for a name.
    pub fn leading<'t>(&self, text: &'t str) -> Option<(Named<'_>, &'t str)> {
        static VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:^|\s)[A-Za-z_][\w.-]*=").ok());
        let values = VALUE.as_ref()?.find(text).map_or(text.len(), |found| found.start());
        let (name, values) = text.split_at(values);
        let is_name = !name.contains('\n') && (1..=WORDS).contains(&name.split_whitespace().count());
        is_name.then(|| (self.named(name), values.trim_start()))
    }
}

/// Normalises a name for comparison: case, blanks, surrounding quotation marks, the form of apostrophes and Slack's
/// escapes make no difference.
fn folded(name: &str) -> String {
    let name = name.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '`'));
    let name = name.replace(['’', '‘'], "'").to_lowercase();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Converts a path to the registry's form: without `job/`, and not as Jenkins shows it (`Team » Tools`).
fn path_of(folded: &str) -> String {
    let segments: Vec<&str> = folded.split(['/', '»']).map(str::trim).collect();
    let mut segments: Vec<&str> = segments.into_iter().filter(|segment| !segment.is_empty()).collect();
    let is_address = segments.len().is_multiple_of(2) && segments.iter().step_by(2).all(|segment| *segment == "job");
    if is_address {
        segments = segments.into_iter().skip(1).step_by(2).collect();
    }
    segments.join("/")
}
