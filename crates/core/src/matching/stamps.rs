//! Dates, times and the other values at the head of a log line: they differ from line to line, whatever the line says.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// The heads of log lines as syslog (RFC 3164 and 5424), klog and the common web servers write them, and times.
static STAMP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
          # Jul 16 06:25:46 host program[123]:   Fri Sep 17 18:43:16 2010
          (?P<syslog>
            \b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\ +)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\ +\d{1,2}
            (?:,?\ +\d{4})?\ +\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?(?:\ +[A-Z]{3,4})?(?:\ +\d{4}\b)?
          )(?:(?P<host>\ +[\w.-]+)\ +[\w./@-]+(?P<pid>\[\d+\])?:)?
          # 2019-06-19 16:08:29 +0200   2021/01/04T15:08:55.613Z
        | (?P<iso>\b\d{4}[-/]\d{2}[-/]\d{2}(?:[T\ ]+\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z\b|\ ?[+-]\d{2}:?\d{2}\b)?)?)
          # 29/Feb/2012:08:51:57 +0000
        | (?P<web>\b\d{1,2}/[A-Z][a-z]{2}/\d{4}[:/]\d{2}[:/]\d{2}[:/]\d{2}(?:\ [+-]\d{4})?)
          # E0425 10:31:45.123456   1234 file.go:12]
        | (?P<klog>^[IWEF](?:0[1-9]|1[0-2])[0-3]\d\ +(?:\d{2}:\d{2}:\d{2}[.\d]*\ +(?:\d+\ +)?)?)[\w.-]+\.go:
        | (?P<time>\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?)
        ",
    )
    .ok()
});

/// The dates and times of a line, and the host and process that stand behind them, in order.
pub(super) fn stamps(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Every stamp holds two digits in a row.
    let digits = text.as_bytes().windows(2).any(|two| two.iter().all(u8::is_ascii_digit));
    let Some(syntax) = STAMP.as_ref().filter(|_| digits) else {
        return found;
    };
    for hit in syntax.captures_iter(text) {
        let groups = ["syslog", "host", "pid", "iso", "web", "klog", "time"];
        found.extend(
            groups
                .iter()
                .filter_map(|name| hit.name(name))
                .map(|group| group.range()),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::stamps;

    #[test]
    fn the_values_at_the_head_of_a_line_are_found() {
        let cases: &[(&str, &[&str])] = &[
            (
                "Jul  6 06:25:46 store-4 liftd[711]: belt 7 is stuck",
                &["Jul  6 06:25:46", " store-4", "[711]"],
            ),
            ("[Fri Sep 17 18:43:16 2010] [alert] gone", &["Fri Sep 17 18:43:16 2010"]),
            ("2019-06-19 16:08:29 +0200 gone", &["2019-06-19 16:08:29 +0200"]),
            ("ts=2021-01-04T15:08:55.613Z gone", &["2021-01-04T15:08:55.613Z"]),
            ("[29/Feb/2012:08:51:57 +0000] GET", &["29/Feb/2012:08:51:57 +0000"]),
            (
                "E0425 10:31:45.1       7 lift.go:3] gone",
                &["E0425 10:31:45.1       7 "],
            ),
            ("E0425 lift.go:3] gone", &["E0425 "]),
            ("E0425 the belt is gone", &[]),
            ("in May 12 of 30 failed", &[]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = stamps(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, *expected, "{text}");
        }
    }
}
