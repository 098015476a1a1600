//! Jobs by the names that people give them: the id, the title, the path in Jenkins or its end.

use std::sync::LazyLock;

use regex::Regex;

use super::{Job, Registry};

/// Likeness of two names (Jaro-Winkler) from which the other one is offered.
const ALIKE: f64 = 0.75;
/// Likeness from which it was certainly meant, and only mistyped.
const SLIP: f64 = 0.93;
/// Words of a name that are tried.
const WORDS: usize = 24;

/// The result of a look for a job by a name.
#[derive(Debug, Clone, PartialEq)]
pub enum Named<'a> {
    /// One job is called so.
    One(&'a Job),
    /// Several are.
    Several(Vec<&'a Job>),
    /// None is.
    Nothing {
        /// The job with the name that is most like it, if any is.
        nearest: Option<&'a Job>,
        /// Whether it differs by so little that it was certainly meant.
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
    /// The job that a name means. An id goes before a title, a title before a path, a whole path before the end of one;
    /// upper and lower case are the same.
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

    /// What the words before the first `KEY=value` of a text mean, and the values: a title has blanks, and not everybody
    /// puts it in quotes. `None` where they are too many for a name.
    pub fn leading<'t>(&self, text: &'t str) -> Option<(Named<'_>, &'t str)> {
        static VALUE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:^|\s)[A-Za-z_][\w.-]*=").ok());
        let values = VALUE.as_ref()?.find(text).map_or(text.len(), |found| found.start());
        let (name, values) = text.split_at(values);
        let is_name = !name.contains('\n') && (1..=WORDS).contains(&name.split_whitespace().count());
        is_name.then(|| (self.named(name), values.trim_start()))
    }
}

/// A name without what makes no difference: case, blanks, quotation marks around it, the form of apostrophes, and the
/// escapes of Slack.
fn folded(name: &str) -> String {
    let name = name.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '`'));
    let name = name.replace(['’', '‘'], "'").to_lowercase();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A path as the registry writes it: without `job/`, and not as Jenkins shows it (`Team » Tools`).
fn path_of(folded: &str) -> String {
    let segments: Vec<&str> = folded.split(['/', '»']).map(str::trim).collect();
    let mut segments: Vec<&str> = segments.into_iter().filter(|segment| !segment.is_empty()).collect();
    let is_address = segments.len().is_multiple_of(2) && segments.iter().step_by(2).all(|segment| *segment == "job");
    if is_address {
        segments = segments.into_iter().skip(1).step_by(2).collect();
    }
    segments.join("/")
}
