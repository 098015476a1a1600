//! What other bots do, on as many signatures: one `regex::Regex` after the other, and all of them in a `RegexSet`.

use std::time::{Duration, Instant};

use regex::{Regex, RegexBuilder, RegexSetBuilder};
use signpost::runbook::{BlockKind, Library, plain, runs, walk};

/// So long a rival may take for its figures.
const PATIENCE: Duration = Duration::from_secs(3);
/// A set may use so much memory: ten times what `RegexSet` allows by itself.
const MOST_SET: usize = 100 << 20;

/// The lines of code, headings and running text of a library as expressions, placeholders as gaps; so many, and where
/// the library has fewer, all.
pub(crate) fn expressions(library: &Library, most: usize) -> Vec<String> {
    let gap = Regex::new(r"<[^<>\n]{1,40}>|\.\.\.|%[svd]|\$[A-Z_]+").unwrap();
    let mut all = Vec::new();
    let mut take = |text: &str| {
        let parts: Vec<String> = gap.split(text.trim()).map(regex::escape).collect();
        if text.trim().len() >= 15 {
            all.push(parts.join("[!-~]+"));
        }
    };
    for section in library.runbooks.iter().flat_map(|runbook| &runbook.sections) {
        take(&section.heading);
        walk(&section.blocks, &mut |block| match &block.kind {
            BlockKind::Code { text, .. } => text.lines().for_each(&mut take),
            _ => runs(block, &mut |inlines| plain(inlines).lines().for_each(&mut take)),
        });
    }
    all.truncate(most);
    all
}

/// The times of a loop over compiled expressions.
pub(crate) fn in_a_loop(expressions: &[String], pastes: &[String]) -> Vec<Duration> {
    let compile = |expression: &String| RegexBuilder::new(expression).build().unwrap();
    let compiled: Vec<Regex> = expressions.iter().map(compile).collect();
    measured(pastes, |paste| {
        compiled.iter().filter(|regex| regex.is_match(paste)).count()
    })
}

/// The times of one set of all expressions, or why there is none.
pub(crate) fn in_a_set(expressions: &[String], pastes: &[String]) -> Result<Vec<Duration>, String> {
    let build = |limit: usize| RegexSetBuilder::new(expressions).size_limit(limit).build();
    let set = build(10 << 20).or_else(|_| build(MOST_SET));
    let set = set.map_err(|error| error.to_string())?;
    Ok(measured(pastes, |paste| set.matches(paste).into_iter().count()))
}

/// The times of some work on each paste, as many as patience allows; every seventh, so that all kinds have their turn.
fn measured(pastes: &[String], work: impl Fn(&str) -> usize) -> Vec<Duration> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for at in 0..pastes.len() {
        let paste = &pastes[at * 7 % pastes.len()];
        let start = Instant::now();
        std::hint::black_box(work(paste));
        times.push(start.elapsed());
        if begin.elapsed() > PATIENCE {
            break;
        }
    }
    times.sort_unstable();
    times
}
