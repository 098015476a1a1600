//! Texts that every match of an expression contains: where none of them occurs, the expression need not be run.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Minimum length, in bytes: shorter texts are in every message.
const LEAST: usize = 3;
/// Maximum length, in bytes: longer texts narrow the search no further.
const LONGEST: usize = 32;
/// Maximum number of texts of one expression; with more alternatives it has none.
const MOST: usize = 32;

/// Returns the texts, in lower case, of which each match contains at least one; `None` when there are no such texts.
///
/// Only ASCII characters are considered, so that case is simple to ignore: the others that fold to `s` and `k` (the
/// long s, the Kelvin sign) are left out.
pub(super) fn of(hir: &Hir) -> Option<Vec<String>> {
    let mut all = best(hir)?;
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn best(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => best(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(best(part)?);
                if all.len() > MOST {
                    return None;
                }
            }
            Some(all)
        }
        HirKind::Concat(parts) => of_sequence(parts),
        HirKind::Literal(_) => of_sequence(std::slice::from_ref(hir)),
        HirKind::Class(_) | HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// Returns the best of the texts that each part requires and those that adjacent literal parts form.
fn of_sequence(parts: &[Hir]) -> Option<Vec<String>> {
    let mut found: Option<Vec<String>> = None;
    let mut take = |new: Vec<String>| {
        if found.as_ref().is_none_or(|old| worth(&new) > worth(old)) {
            found = Some(new);
        }
    };
    let mut run = String::new();
    for part in parts {
        let Some(text) = literal(part) else {
            end(&mut run, &mut take);
            best(part).into_iter().for_each(&mut take);
            continue;
        };
        for c in text.chars() {
            if c.is_ascii() {
                run.push(c.to_ascii_lowercase());
            } else {
                end(&mut run, &mut take);
            }
        }
    }
    end(&mut run, &mut take);
    found
}

fn end(run: &mut String, take: &mut impl FnMut(Vec<String>)) {
    if run.len() >= LEAST {
        run.truncate(LONGEST);
        take(vec![std::mem::take(run)]);
    }
    run.clear();
}

/// Rates a set of texts: a single long one is worth more than many short ones.
fn worth(literals: &[String]) -> usize {
    let shortest = literals.iter().map(String::len).min().unwrap_or(0);
    1_000 * shortest / (literals.len() + 3)
}

/// Returns the text that a part matches, when it matches only that one, apart from case.
fn literal(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(String::from_utf8_lossy(&literal.0).into_owned()),
        HirKind::Class(Class::Unicode(class)) => {
            let chars = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            one_letter(chars).map(String::from)
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.ranges().iter();
            one_letter(ranges.flat_map(|range| range.start()..=range.end()).map(char::from)).map(String::from)
        }
        HirKind::Look(_) => Some(String::new()),
        _ => None,
    }
}

/// Returns the letter, in lower case, of a class such as `[Kk]`, which `(?i)` produces.
fn one_letter(chars: impl Iterator<Item = char>) -> Option<char> {
    let mut letter = None;
    for (count, c) in chars.enumerate() {
        let known = matches!(c, '\u{17f}' | '\u{212a}') && letter.is_some();
        let lower = c.to_ascii_lowercase();
        if count > 3 || (!known && (!c.is_ascii() || letter.is_some_and(|letter| letter != lower))) {
            return None;
        }
        if !known {
            letter = Some(lower);
        }
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn every_match_holds_one_of_them() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("disk (full|failing)", Some(&["disk "])),
            ("(?i)Mnesia (Overloaded)", Some(&["overloaded"])),
            (r"took \d+ms to (connect|disconnect)", Some(&["ms to "])),
            (r"(refused|reset) by \S+", Some(&["refused", "reset"])),
            ("(timed out|refused)", Some(&["refused", "timed out"])),
            (r"\berror\b.{0,300}timeout", Some(&["timeout"])),
            ("(overloaded)?", None),
            ("(overloaded)+", Some(&["overloaded"])),
            (r"[A-Z]{3}-\d+", None),
            (r"\w+", None),
            ("über(lauf|druck)", Some(&["druck", "lauf"])),
            ("(?-u)conn[Ee]ct", Some(&["connect"])),
        ];
        for (pattern, expected) in cases {
            let hir = regex_syntax::parse(pattern).unwrap();
            let found = of(&hir);
            let found: Option<Vec<&str>> = found.as_ref().map(|all| all.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), *expected, "{pattern}");
        }
    }
}
