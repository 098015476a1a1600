//! Messages about another object than a page that matches: the same words, but another code, number or name in the
//! place of the page's own.

use super::align::Alignment;
use super::finding::Cause;
use super::index::Index;
use super::part::Part;
use super::score::Candidate;
use super::signature::Signature;
use super::tokenized::TokenizedMessage;
use super::vocabulary::{GAP, WordId};
use super::{code, unmarked};

/// Least bits of the name of another object.
const LEAST_OBJECT: f32 = 8.0;
/// Least bits of the name of another object as a share of those that match: in a long message, it is one value of many.
const SHARE_OF_OBJECT: f32 = 0.25;
/// Strength from which a code or a number is one of the page's own: its title or a heading says it.
const OWN: f32 = 0.8;
/// Signatures that differ only in a value, from which the page lists the values that it is about.
const LEAST_LISTED: usize = 3;

/// Most words of a message that are looked at in the place of one of the signature's.
const MOST_REPLACED: u32 = 4;

/// Words that say what is wrong, those that say the same in one group. Words that only say that something is wrong
/// (`failed`, `unable`) are none.
const STATES: &[&[&str]] = &[
    &["conflict", "duplicate", "exists"],
    &["corrupt", "corrupted", "malformed"],
    &["denied", "forbidden", "unauthorized"],
    &["exceeded", "exhausted", "full"],
    &["expired"],
    &["invalid", "illegal"],
    &["locked"],
    &["missing"],
    &["refused", "rejected"],
    &["reset"],
    &["revoked"],
    &["timeout", "timed"],
    &["unknown", "unrecognized"],
    &["unreachable"],
];

/// The strongest signature of a candidate, and the line of the message that it stands on.
struct Strongest<'a> {
    signature: Signature<'a>,
    line: &'a str,
    part: &'a Part,
}

/// Returns true when the message has another object in the place of the one that the candidate's strongest signature
/// is about.
pub(super) fn is_meant(index: &Index, read: &TokenizedMessage, candidate: &Candidate<'_>) -> bool {
    let Some(part) = index.runbooks.get(candidate.runbook) else {
        return false;
    };
    let first = candidate.findings.first();
    let is_first = |number: u32| matches!(first.map(|finding| &finding.of), Some(Cause::Signature(n)) if *n == number);
    let strongest = candidate.findings.iter().find_map(|finding| match finding.of {
        Cause::Signature(number) => Some((finding.line, number)),
        Cause::Name(_) => None,
    });
    let Some((line, number)) = strongest else {
        return false;
    };
    let Some(signature) = index.signatures.get(number) else {
        return false;
    };
    let line = read
        .message
        .lines
        .get(line as usize)
        .map_or("", |line| line.text.as_str());
    let strongest = Strongest { signature, line, part };
    is_first(number) && has_other_value(index, read, &strongest, candidate.runbook)
        || has_other_number(index, &strongest)
        || has_other_code(index, read, &strongest)
        || has_other_state(index, read, &strongest.signature)
        || has_sibling(index, read, &strongest)
}

/// Returns true when the message has another value in the place of one that the page's title names, or of one of those
/// that the page lists: `The term 'a' is not recognized` where the page is about `b`.
fn has_other_value(index: &Index, read: &TokenizedMessage, strongest: &Strongest<'_>, runbook: usize) -> bool {
    let (signature, part) = (&strongest.signature, strongest.part);
    if signature.samples == 0 {
        return false;
    }
    let mut laid = Alignment::default();
    read.align(&index.vocabulary, signature, &mut laid);
    let is_replaced = |at: usize| {
        let at = at as u32;
        laid.steps()
            .any(|(from, to)| from.1 < at && at < to.1 && from.0 + 1 < to.0)
    };
    let replaced =
        |(at, id): &(usize, &WordId)| signature.is_sample(*at) && !read.known.holds(**id) && is_replaced(*at);
    let lacking = signature.words.iter().enumerate().filter(replaced);
    let of_title = lacking.clone().filter(|(_, id)| part.subject.binary_search(id).is_ok());
    let bits: f32 = of_title.map(|(_, id)| index.vocabulary.weight(*id)).sum();
    bits >= LEAST_OBJECT.max(laid.matched * SHARE_OF_OBJECT)
        || lacking.count() > 0 && names_words(signature.text) && is_listed(index, signature, runbook)
}

/// Returns true when every value between quotes is a word, as the name of a directive is, but no path or host.
fn names_words(text: &str) -> bool {
    let quoted = unmarked::quoted(text);
    let is_word = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    !quoted.is_empty() && quoted.into_iter().all(|range| text.get(range).is_some_and(is_word))
}

/// Returns true when the page has the same signature with other values several times: it lists the values it is about.
fn is_listed(index: &Index, signature: &Signature<'_>, runbook: usize) -> bool {
    let frame = |of: &Signature<'_>| -> Vec<WordId> {
        let words = of.words.iter().enumerate().filter(|(at, _)| !of.is_sample(*at));
        words.map(|(_, id)| *id).collect()
    };
    let own = frame(signature);
    let mut same: Vec<&[WordId]> = Vec::new();
    let others = index.signatures.of(runbook);
    let others: Vec<Signature<'_>> = others.filter(|of| of.samples != 0 && frame(of) == own).collect();
    for other in &others {
        if !same.contains(&other.words) {
            same.push(other.words);
        }
    }
    same.len() >= LEAST_LISTED
}

/// Returns true when the page's title or a heading says the number of its error, the signature shows it, and the
/// message shows another: `exit status 102` where the title says 52.
fn has_other_number(index: &Index, strongest: &Strongest<'_>) -> bool {
    let said = code::numbered(strongest.line);
    let codes = || strongest.part.codes.iter();
    let own = |name: &str| codes().any(|code| code.strength >= OWN && index.codes.is(code.id, name));
    let knows = |name: &str| codes().any(|code| index.codes.is(code.id, name));
    !said.is_empty()
        && code::numbered(strongest.signature.text)
            .iter()
            .any(|(name, ..)| own(name))
        && !said.iter().any(|(name, ..)| knows(name))
}

/// Returns true when the message has another state of things in the place of the signature's: `the badge is expired`
/// where the page is about `the badge is invalid`.
fn has_other_state(index: &Index, read: &TokenizedMessage, signature: &Signature<'_>) -> bool {
    let mut laid = Alignment::default();
    read.align(&index.vocabulary, signature, &mut laid);
    let is_state = |word: &str| STATES.iter().any(|group| group.contains(&word));
    let lacks = |of: u32| {
        let id = signature.words.get(of as usize).copied().filter(|id| *id != GAP)?;
        let word = index.vocabulary.word(id);
        (!read.known.holds(id) && is_state(word)).then_some(word)
    };
    let others = |at: u32| {
        let word = read.words.get(at as usize)?;
        let line = read.message.lines.get(word.line as usize)?;
        let said = line.text.get(word.place.start..word.place.end)?.to_lowercase();
        let own = word.id.is_some_and(|id| signature.words.contains(&id));
        (!own && is_state(&said)).then_some(said)
    };
    let end = (u32::MAX, signature.words.len() as u32);
    let last = laid.pairs.last().map(|last| (*last, end));
    let inner = laid.steps().map(|(from, to)| (*from, *to));
    inner.chain(last).any(|(from, to)| {
        let said = from.0 + 1..to.0.min(from.0 + 1 + MOST_REPLACED);
        let meant = (from.1 + 1..to.1).find_map(lacks);
        meant.is_some_and(|meant| {
            let same = |said: &str| {
                STATES
                    .iter()
                    .any(|group| group.contains(&said) && group.contains(&meant))
            };
            said.filter_map(others).any(|said| !same(&said))
        })
    })
}

/// Returns true when the page is about a code, and the message names others of the same family that the page does not
/// know: `KLN007` where the page is about `KLN006`.
fn has_other_code(index: &Index, read: &TokenizedMessage, strongest: &Strongest<'_>) -> bool {
    let said = code::codes(strongest.line);
    if said.is_empty() {
        return false;
    }
    let codes = || strongest.part.codes.iter();
    let knows = |name: &str| codes().any(|code| index.codes.is(code.id, name));
    let of_page = codes().filter(|code| code.strength >= OWN);
    let families: Vec<String> = of_page.map(|own| code::family(index.codes.name(own.id))).collect();
    let is_other = |name: &str| families.contains(&code::family(name)) && !knows(name);
    let told = code::codes(read.text());
    said.iter().any(|code| is_other(&code.text.to_ascii_uppercase()))
        && !told.iter().any(|code| knows(&code.text.to_ascii_uppercase()))
}

/// Returns true when the message has a sibling of a name in the signature, and the page does not know that one:
/// `NO_SUCH_LANE` where the page is about `NO_SUCH_BELT`.
fn has_sibling(index: &Index, read: &TokenizedMessage, strongest: &Strongest<'_>) -> bool {
    let holds = |word: &&str| {
        let id = index.vocabulary.id(&word.to_lowercase());
        id.is_some_and(|id| strongest.part.held.binary_search(&id).is_ok())
    };
    let has = |own: &str| code::compounds(strongest.line).any(|other| !code::other_parts(own, other).iter().all(holds));
    code::compounds(strongest.signature.text).any(|own| !read.text().contains(own) && has(own))
}
