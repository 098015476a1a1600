//! Dashboards, Jenkins jobs and other places to look at.

use super::{Inline, Place, PlaceKind, Role, Section, Target, plain};

/// Places that a topic's sections link to.
pub(super) fn gather(sections: &[Section], own: &[usize]) -> Vec<Place> {
    let mut out: Vec<Place> = Vec::new();
    for section in own
        .iter()
        .filter_map(|at| sections.get(*at))
        .filter(|section| section.role != Role::References)
    {
        super::walk(&section.blocks, &mut |block| {
            super::runs(block, &mut |inlines| {
                super::walk_inlines(inlines, &mut |inline| {
                    let Inline::Link {
                        target: Target::Url(url),
                        label,
                    } = inline
                    else {
                        return;
                    };
                    let label = plain(label);
                    if let Some(kind) = kind_of(url, &label)
                        && !out.iter().any(|place| place.url == *url)
                    {
                        out.push(Place {
                            kind,
                            label,
                            url: url.clone(),
                            line: block.line,
                        });
                    }
                });
            });
        });
    }
    out
}

fn kind_of(url: &str, label: &str) -> Option<PlaceKind> {
    const DASHBOARDS: [&str; 13] = [
        "grafana",
        "kibana",
        "logdna",
        "dashboard",
        "datadog",
        "sysdig",
        "splunk",
        "newrelic",
        "cloudwatch",
        "prometheus.",
        "instana",
        "monitoring.",
        "status.",
    ];
    let url = url.to_lowercase();
    let label = label.to_lowercase();
    if url.contains("jenkins") || url.contains("/job/") && url.contains("://") || label.contains("jenkins job") {
        return Some(PlaceKind::Jenkins);
    }
    // Documentation about a dashboard is no dashboard.
    let docs = ["/docs", "docs.", "github.com", "wikipedia", "stackoverflow", "/blog"];
    if docs.iter().any(|word| url.contains(word)) {
        return None;
    }
    let host = url.split("://").nth(1).unwrap_or("");
    (DASHBOARDS.iter().any(|word| host.contains(word)) || label.contains("dashboard")).then_some(PlaceKind::Dashboard)
}
