//! `signpost match --explain`: the reasons why a paste was answered as it was, or not at all.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::matching::{Account, Explanation, FeatureWeight, MatchReason, Silence};
use crate::runbook::{Library, Section, TopicId};

/// Maximum number of candidates in the text; JSON holds all.
const MOST_CANDIDATES: usize = 4;
/// Maximum number of reasons for one candidate in the text.
const MOST_REASONS: usize = 6;
/// Least contribution of a reason in bits; a smaller one repeats what other reasons said.
const LEAST_ADDED: f32 = 0.05;
/// Maximum characters of a quotation in the text; longer ones are cut.
const LONGEST: usize = 100;

/// Doubts that are told of one candidate, and the least that one costs, in logits.
const MOST_DOUBTS: usize = 3;
const LEAST_LOST: f32 = 0.2;

/// Meanings, in words, of features that add less than they could.
const DOUBTS: &[(&[&str], &str)] = &[
    (&["fit", "bits", "strongest", "complete"], "the evidence is weak"),
    (
        &[
            "specific",
            "specific_all",
            "novel",
            "novel_share",
            "sequences",
            "rarest",
            "telling",
        ],
        "many programs print the words that match",
    ),
    (
        &["symptom"],
        "the matching lines of the runbook do not look like an error",
    ),
    (
        &["signature_words", "signature_table", "signature_marks"],
        "a setting, a table or a short text matches, not a message",
    ),
    (
        &["explained", "known", "unmatched", "unknown", "unknown_name"],
        "the rest of the line is not in the runbook",
    ),
    (
        &["found", "both", "whole_words"],
        "the message has only part of the runbook's error",
    ),
    (
        &["replaced", "conflict", "other_cause"],
        "the message and the runbook's error continue differently",
    ),
    (
        &["error_line", "errors_explained"],
        "lines that look like errors do not match",
    ),
    (
        &["last_part_reached"],
        "the end of the line, which gives the cause, does not match",
    ),
    (&["other_errors"], "the message contains other errors"),
    (&["talk", "news"], "the message reads like conversation"),
    (
        &["page_named", "page_bits"],
        "the message does not name the subject of the page",
    ),
    (
        &["section_named", "section_bits"],
        "the message does not name the subject of the section",
    ),
    (&["page_length"], "the page is long, and long pages match by chance"),
    (&["words_in_common"], "few other words match"),
    (
        &["ahead", "ahead_of_others", "next_share"],
        "other runbooks match almost as well",
    ),
    (
        &["name", "name_rare", "name_error", "name_told", "name_common"],
        "the name may be an ordinary word",
    ),
];

/// The reason where there is no candidate.
pub(super) const NOTHING: &str = "No runbook shares a distinctive word with this message.";

/// The explanation as a person reads it.
pub(super) fn as_text(library: &Library, explanation: &Explanation) -> String {
    let mut text = String::new();
    let Some(best) = explanation.candidates.first() else {
        return format!("{NOTHING}\n");
    };
    for (number, account) in explanation.candidates.iter().take(MOST_CANDIDATES).enumerate() {
        let _ = writeln!(text, "{}. {}", number + 1, name(library, account.topic));
        let _ = writeln!(text, "   {}", verdict(library, explanation.threshold, account));
        let _ = writeln!(text, "   {}", sums(account));
        let adds = |(number, reason): &(usize, &MatchReason)| *number == 0 || reason.added >= LEAST_ADDED;
        let told: Vec<_> = account
            .reasons
            .iter()
            .enumerate()
            .filter(adds)
            .take(MOST_REASONS)
            .collect();
        for (_, reason) in &told {
            describe(&mut text, reason);
        }
        let same = account.reasons.len() - told.len();
        if same > 0 {
            let _ = writeln!(text, "         {same} more with the same text");
        }
        if number > 0 {
            let _ = writeln!(text, "   {:.1} bits behind the best", best.rank - account.rank);
        }
        text.push('\n');
    }
    let more = explanation.candidates.len().saturating_sub(MOST_CANDIDATES);
    if more > 0 {
        let _ = writeln!(text, "{more} more near misses; --json lists them all.");
    }
    text
}

/// The reason why a candidate is answered, or why not.
pub(super) fn verdict(library: &Library, threshold: f32, account: &Account) -> String {
    let sure = format!("confidence {:.2}", account.confidence);
    match account.silence {
        // A channel may be stricter than the index.
        None if account.confidence >= threshold => format!("answered: {sure}, the threshold is {threshold:.2}"),
        None | Some(Silence::Unsure) => format!(
            "silent: {sure} is below the threshold of {threshold:.2}{}",
            doubts(account)
        ),
        Some(Silence::NoSymptom) => {
            format!("silent: {sure}, but nothing that matches looks like an error")
        }
        Some(Silence::OtherObject) => {
            format!("silent: {sure}, but the message is about another object than the page")
        }
        Some(Silence::Fragment) => {
            format!(
                "silent: {sure}, but the message contains only part of the page's error, which other errors may share"
            )
        }
        Some(Silence::Talk) => {
            format!("silent: {sure}, but the message only talks about the error")
        }
        Some(Silence::Excluded) => {
            format!("silent: {sure}, but the message contains what the runbook excludes")
        }
        Some(Silence::NeverAnswers) => {
            format!("silent: {sure}, but the page is a draft, points to another page, or is set not to answer")
        }
        Some(Silence::SaidBy(other)) => format!(
            "silent: {sure}, but {} explains the same words better",
            library
                .runbooks
                .get(other)
                .map_or("another runbook", |runbook| &runbook.path)
        ),
        Some(Silence::Enough) => format!("silent: {sure}, but two errors of this message are answered already"),
    }
}

/// The facts that cost a candidate most, in words; empty when none is known.
fn doubts(account: &Account) -> String {
    let mut lost: Vec<(f32, &str)> = Vec::new();
    for feature in &account.features {
        let Some(words) = DOUBTS
            .iter()
            .find(|(names, _)| names.contains(&feature.name))
            .map(|(_, words)| *words)
        else {
            continue;
        };
        let missing = feature.most - feature.gain;
        match lost.iter_mut().find(|(_, known)| *known == words) {
            Some((sum, _)) => *sum += missing,
            None => lost.push((missing, words)),
        }
    }
    lost.retain(|(missing, _)| *missing >= LEAST_LOST);
    lost.sort_by(|a, b| b.0.total_cmp(&a.0));
    let words: Vec<&str> = lost.into_iter().take(MOST_DOUBTS).map(|(_, words)| words).collect();
    match words.as_slice() {
        [] if account.bits <= 0.0 => ": none of its words are in the message".to_owned(),
        [] if account.features.is_empty() => format!(
            "; {:.1} bits of evidence are missing",
            (account.needed - account.bits).max(0.0)
        ),
        [] => String::new(),
        words => format!(": {}", words.join("; ")),
    }
}

fn sums(account: &Account) -> String {
    let mut sums = format!("{:.1} bits of evidence, {:.1} needed", account.bits, account.needed);
    let _ = write!(sums, "; words in common {:.1}", account.words);
    if account.completeness < 1.0 {
        let _ = write!(
            sums,
            "; {:.1} for a page that lists or points elsewhere",
            account.completeness
        );
    }
    if let Some(part) = account.rule {
        let _ = write!(sums, "; {:.0}% of its own rule's patterns match", part * 100.0);
    }
    if account.other_product {
        sums.push_str("; lowered because the message names another product");
    }
    sums
}

fn describe(text: &mut String, reason: &MatchReason) {
    let evidence = &reason.evidence;
    let _ = writeln!(
        text,
        "   {:+5.1}  {:8} {:3.0} %  line {}: {}",
        reason.added,
        kind(reason),
        reason.cover * 100.0,
        evidence.line,
        cut(&evidence.text)
    );
    if evidence.signature.trim() != evidence.text.trim() {
        let _ = writeln!(text, "                        by {}", cut(&evidence.signature));
    }
    if !reason.missing.is_empty() {
        let _ = writeln!(text, "                        missing: {}", reason.missing.join(", "));
    }
}

fn kind(reason: &MatchReason) -> String {
    let kind = serde_json::to_value(reason.evidence.kind).unwrap_or_default();
    kind.as_str().unwrap_or_default().to_owned()
}

fn cut(text: &str) -> String {
    let text = text.trim();
    let mut cut: String = text.chars().take(LONGEST).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

pub(super) fn name(library: &Library, topic: TopicId) -> String {
    let path = library.runbook(topic).map_or("", |runbook| &runbook.path);
    let section = library.section(topic).map_or("", Section::name);
    format!("{path} › {section}")
}

/// The explanation as programs read it.
pub(super) fn as_json(library: &Library, explanation: &Explanation) -> Value {
    let round = |value: f32| (f64::from(value) * 100.0).round() / 100.0;
    let reason = |reason: &MatchReason| {
        json!({
            "line": reason.evidence.line,
            "text": reason.evidence.text,
            "signature": reason.evidence.signature,
            "kind": reason.evidence.kind,
            "bits": round(reason.bits),
            "added": round(reason.added),
            "cover": round(reason.cover),
            "missing": reason.missing,
        })
    };
    let fine = |value: f32| (f64::from(value) * 1000.0).round() / 1000.0;
    let feature = |feature: &FeatureWeight| {
        let weight = json!({ "value": fine(feature.value), "gain": fine(feature.gain), "most": fine(feature.most) });
        (feature.name.to_owned(), weight)
    };
    let best = explanation.candidates.first().map_or(0.0, |account| account.rank);
    let account = |account: &Account| {
        json!({
            "runbook": library.runbook(account.topic).map(|runbook| &runbook.path),
            "section": library.section(account.topic).map(Section::name),
            "confidence": (f64::from(account.confidence) * 1000.0).round() / 1000.0,
            "silent": account.silence.is_some().then(|| verdict(library, explanation.threshold, account)),
            "bits": round(account.bits),
            "needed": round(account.needed),
            "words": round(account.words),
            "rank": round(account.rank),
            "behind": round(best - account.rank),
            "standing": round(account.completeness),
            "rule": account.rule.map(round),
            "other_product": account.other_product,
            "reasons": account.reasons.iter().map(reason).collect::<Vec<_>>(),
            "features": account.features.iter().map(feature).collect::<serde_json::Map<_, _>>(),
        })
    };
    json!({
        "threshold": round(explanation.threshold),
        "candidates": explanation.candidates.iter().map(account).collect::<Vec<_>>(),
    })
}
