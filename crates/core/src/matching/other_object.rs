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
    /// The signature laid along the message.
    laid: Alignment,
    line: &'a str,
    index: &'a Index,
    part: &'a Part,
}

impl Strongest<'_> {
    /// Returns true when the runbook explains or mentions a code.
    fn knows(&self, name: &str) -> bool {
        self.part
            .codes
            .iter()
            .any(|code| self.index.codes.name(code.id) == name)
    }

    /// The codes and numbers that the runbook is about.
    fn own_codes(&self) -> impl Iterator<Item = &str> {
        let own = self.part.codes.iter().filter(|code| code.strength >= OWN);
        own.map(|code| self.index.codes.name(code.id))
    }
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
    let mut laid = Alignment::default();
    read.align(&index.vocabulary, &signature, &mut laid);
    let strongest = Strongest {
        signature,
        laid,
        line,
        index,
        part,
    };
    is_first(number) && has_other_value(read, &strongest, candidate.runbook)
        || has_other_number(&strongest)
        || has_other_code(read, &strongest)
        || has_other_state(read, &strongest)
        || has_sibling(read, &strongest)
}

/// Returns true when the message has another value in the place of one that the page's title names, or of one of those
/// that the page lists: `The term 'a' is not recognized` where the page is about `b`.
fn has_other_value(read: &TokenizedMessage, strongest: &Strongest<'_>, runbook: usize) -> bool {
    let (index, signature, laid) = (strongest.index, &strongest.signature, &strongest.laid);
    let is_replaced = |at: usize| {
        let at = at as u32;
        laid.steps()
            .any(|(from, to)| from.1 < at && at < to.1 && from.0 + 1 < to.0)
    };
    let replaced =
        |(at, id): &(usize, &WordId)| signature.is_sample(*at) && !read.known.holds(**id) && is_replaced(*at);
    let lacking = signature.words.iter().enumerate().filter(replaced);
    let of_title = lacking
        .clone()
        .filter(|(_, id)| strongest.part.subject.binary_search(id).is_ok());
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
fn has_other_number(strongest: &Strongest<'_>) -> bool {
    let said = code::numbered(strongest.line);
    let own = |name: &str| strongest.own_codes().any(|own| own == name);
    !said.is_empty()
        && code::numbered(strongest.signature.text)
            .iter()
            .any(|(name, ..)| own(name))
        && !said.iter().any(|(name, ..)| strongest.knows(name))
}

/// Returns true when the message has another state of things in the place of the signature's: `the badge is expired`
/// where the page is about `the badge is invalid`.
fn has_other_state(read: &TokenizedMessage, strongest: &Strongest<'_>) -> bool {
    let (signature, laid) = (&strongest.signature, &strongest.laid);
    let is_state = |word: &str| STATES.iter().any(|group| group.contains(&word));
    let lacks = |of: u32| {
        let id = signature.words.get(of as usize).copied().filter(|id| *id != GAP)?;
        let word = strongest.index.vocabulary.word(id);
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
fn has_other_code(read: &TokenizedMessage, strongest: &Strongest<'_>) -> bool {
    let said = code::codes(strongest.line);
    if said.is_empty() {
        return false;
    }
    let families: Vec<String> = strongest.own_codes().map(code::family).collect();
    let knows = |code: &code::Code<'_>| strongest.knows(&code.text.to_ascii_uppercase());
    let is_sibling = |code: &code::Code<'_>| families.contains(&code::family(&code.text.to_ascii_uppercase()));
    said.iter().any(|code| is_sibling(code) && !knows(code)) && !code::codes(read.text()).iter().any(knows)
}

/// Returns true when the message has a sibling of a name in the signature, and the page does not know that one:
/// `NO_SUCH_LANE` where the page is about `NO_SUCH_BELT`.
fn has_sibling(read: &TokenizedMessage, strongest: &Strongest<'_>) -> bool {
    let holds = |word: &&str| {
        let id = strongest.index.vocabulary.id(&word.to_lowercase());
        id.is_some_and(|id| strongest.part.held.binary_search(&id).is_ok())
    };
    let has = |own: &str| code::compounds(strongest.line).any(|other| !code::other_parts(own, other).iter().all(holds));
    code::compounds(strongest.signature.text).any(|own| !read.text().contains(own) && has(own))
}
