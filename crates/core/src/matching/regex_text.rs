//! The literal texts that a regular expression can match, with gaps for the rest: an expression of a rule becomes
//! signatures like any other, so that the index proposes it and the expression itself only has to confirm.

use regex_syntax::hir::{Class, Hir, HirKind};

/// An expression with more alternatives than this is cut: each alternative is a signature of its own.
const MOST_VARIANTS: usize = 24;
/// The longest text taken from one expression.
const MOST_TEXT: usize = 2_000;
/// Where anything may stand; read as a placeholder by `runbook::placeholder`.
const ANYTHING: &str = " ... ";

/// The texts that the expression matches, gaps written as `...`. None for one that does not parse.
pub(super) fn variants(pattern: &str) -> Vec<String> {
    let Ok(hir) = regex_syntax::ParserBuilder::new().nest_limit(60).build().parse(pattern) else {
        return Vec::new();
    };
    let mut texts = expand(&hir);
    texts.retain(|text| text.chars().any(char::is_alphanumeric));
    texts
}

fn expand(hir: &Hir) -> Vec<String> {
    match hir.kind() {
        HirKind::Literal(literal) => vec![String::from_utf8_lossy(&literal.0).into_owned()],
        HirKind::Concat(parts) => parts
            .iter()
            .map(expand)
            .fold(vec![String::new()], |left, right| product(&left, &right)),
        HirKind::Alternation(parts) => {
            let mut texts: Vec<String> = parts.iter().flat_map(expand).collect();
            texts.truncate(MOST_VARIANTS);
            texts
        }
        HirKind::Capture(capture) => expand(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 && repetition.max == Some(1) => expand(&repetition.sub),
        HirKind::Repetition(_) => vec![ANYTHING.to_owned()],
        HirKind::Class(class) => vec![one_letter(class).map_or_else(|| ANYTHING.to_owned(), String::from)],
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
    }
}

/// Every text of the left before every text of the right.
fn product(left: &[String], right: &[String]) -> Vec<String> {
    if left.len() * right.len() > MOST_VARIANTS {
        return left.iter().map(|text| format!("{text}{ANYTHING}")).collect();
    }
    left.iter()
        .flat_map(|a| {
            right.iter().map(move |b| {
                if a.len() > MOST_TEXT {
                    a.clone()
                } else {
                    format!("{a}{b}")
                }
            })
        })
        .collect()
}

/// `[Ee]`, as `(?i)` writes it, is one letter. Unicode adds a third form to some: the long s, the Kelvin sign.
fn one_letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let letters: Vec<char> = class
        .ranges()
        .iter()
        .flat_map(|range| range.start()..=range.end())
        .take(4)
        .collect();
    match letters.as_slice() {
        [only] => Some(*only),
        [first, second] | [first, second, _] if first.to_lowercase().eq(second.to_lowercase()) => Some(*second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::variants;

    #[test]
    fn an_expression_becomes_the_texts_it_matches() {
        let cases: &[(&str, &[&str])] = &[
            (
                "karpenter.*panic: leader election lost",
                &["karpenter ... panic: leader election lost"],
            ),
            ("(?i)mnesia overloaded", &["mnesia overloaded"]),
            ("disk (full|failing)", &["disk full", "disk failing"]),
            (r"took \d+ms", &["took  ... ms"]),
            ("(", &[]),
        ];
        for (pattern, texts) in cases {
            let found: Vec<String> = variants(pattern)
                .into_iter()
                .map(|text| {
                    if text.chars().all(|c| !c.is_uppercase()) {
                        text
                    } else {
                        text.to_lowercase()
                    }
                })
                .collect();
            assert_eq!(found, *texts, "{pattern}");
        }
    }
}
