//! Form of a text: whether it reads like an error, talk, a question, or news of success.

use std::sync::LazyLock;

use hashbrown::HashMap;

use super::normalise::plain;
use super::token::{self, Shape};

/// Words of errors; one that ends in `*` stands for all words that begin so.
const ERROR: &str = "\
    abnormal* abort* absent alert bad backoff blocked broken cannot cant collision conflict* corrupt* couldnt \
    crash* critical damaged dead deadlock* degraded denied detached deviation differ* disabled \
    disconnect* doesnt down dropped dropping duplicate emergency err error* evicted exceed* exception* exhausted expired \
    fail* fatal fault* firing forbidden frozen full halted hung illegal incompatible incomplete \
    inconsisten* incorrect infinite insufficient interrupted invalid isnt killed lacks lagging leak* limit lost malformed \
    mismatch* misconfigur* missing nil none not null offline oom outage outofmemory* overflow* overload* panic* \
    paused pending permission prematurely problem* prohibited rejected refused reset retry* segfault segmentation severe shortage \
    sigsegv slow stale stalled stopped stuck terminated throttl* timeout* timed too traceback unable unauthenticated \
    unauthorized unavailable undefined uncaught unexpected unhandled unhealthy unknown unmount* unreachable unrecognized unresolved \
    unschedulable unsupported unusable unsuccessful* violat* warn* wont wrong";

/// Words of people to people.
const TALK: &str = "\
    am anybody anyone anything are could did do docs does folks guys hello hey hi how i id ill im is its ive lets maybe \
    me my new nice now our please pls pr question review should someone team thank thanks thx today tomorrow us want wants \
    was we were weve what when where who why will would yesterday you your";

/// Words of success and of work that is done.
const FINE: &str = "\
    accepted back changed closed complete completed created deployed done finished fixed good granted great green healthy merged moved normal ok okay \
    passed ready rebooted recovered released renewed resolved restored rotated running saved solved stable started submitted succeed* \
    success* updated upgraded works worked working";

/// Words that say after `already` that something is in the way: `already in use`, `already exists`.
const ALREADY: [&str; 9] = [
    "allocated",
    "bound",
    "defined",
    "exist",
    "exists",
    "in",
    "mounted",
    "registered",
    "taken",
];

/// Marks by which tools say that a check failed.
const FAILED: [char; 6] = ['×', '✗', '✘', '✖', '‼', '❌'];

/// Words that say after `no` or `0` that nothing is wrong: `finished, no errors`.
const NONE_OF: [&str; 7] = [
    "alerts", "errors", "failed", "failures", "faults", "problems", "warnings",
];

/// Kinds of words in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) words: u32,
    pub(super) errors: u32,
    /// Words that deny.
    pub(super) negations: u32,
    pub(super) talk: u32,
    pub(super) fine: u32,
    /// True for a text with a question mark after a word.
    pub(super) asks: bool,
}

impl Form {
    /// Counts the words of a text.
    pub(super) fn of(text: &str) -> Form {
        let mut form = Form::default();
        form.errors += u32::from(text.trim_start().starts_with(FAILED));
        let mut follows_already = false;
        let (mut follows_none, mut denied) = (false, 0);
        token::words(text, |word, place, shape| {
            form.words += 1;
            let written = text.get(place.start..place.end).unwrap_or_default();
            let before = text.get(..place.start).unwrap_or_default();
            let after = text.get(place.end..).unwrap_or_default();
            // `<none>` is an empty column.
            let kinds = if before.ends_with('<') && after.starts_with('>') {
                0
            } else {
                kinds(word, written, shape)
            };
            let is_none = follows_none && NONE_OF.contains(&word);
            if is_none {
                form.negations -= denied;
                form.fine += 1;
            }
            denied = u32::from(matches!(word, "no" | "not" | "never" | "without"));
            follows_none = matches!(word, "no" | "without" | "0" | "zero");
            let is_taken = follows_already && ALREADY.contains(&word);
            follows_already = word == "already";
            form.errors += u32::from(!is_none && kinds & IS_ERROR > 0 || is_taken);
            form.negations += denied;
            form.talk += u32::from(kinds & IS_TALK > 0);
            form.fine += u32::from(kinds & IS_FINE > 0);
        });
        form.asks = text.match_indices('?').any(|(at, _)| {
            let closes = |c: char| matches!(c, ')' | ']' | '"' | '\'' | '`' | '*' | '_');
            let before = text.get(..at).unwrap_or_default().trim_end_matches(closes);
            let after = text.get(at + 1..).unwrap_or_default();
            before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric)
        });
        form
    }

    /// Returns true when the text reads like an error of a program: people's words about one are none.
    pub(super) fn is_by_program(&self) -> bool {
        self.errors > 0 && self.talk == 0 && !self.asks
    }

    /// The form of two texts in a row.
    pub(super) fn and(self, other: &Form) -> Form {
        Form {
            words: self.words + other.words,
            errors: self.errors + other.errors,
            negations: self.negations + other.negations,
            talk: self.talk + other.talk,
            fine: self.fine + other.fine,
            asks: self.asks || other.asks,
        }
    }
}

/// Returns true when a line has words of errors, and asks nothing.
pub fn has_error_words(line: &str) -> bool {
    let form = Form::of(&plain(line));
    form.errors > 0 && !form.asks
}

/// Returns true when a line reads like an error that a program printed: it has words of errors, and none of people to
/// people.
pub fn reads_like_error(line: &str) -> bool {
    Form::of(&plain(line)).is_by_program()
}

/// Returns true for a word of errors, and for a name with such a word in it, as in `FailedMount`.
pub(super) fn is_error_word(written: &str) -> bool {
    let mut is = false;
    token::words(written, |word, _, shape| {
        is |= kinds(word, written, shape) & IS_ERROR > 0;
    });
    is
}

/// The kinds of a word; a name with a word of errors in it is one as well.
fn kinds(word: &str, written: &str, shape: Shape) -> u8 {
    let inside = || token::humps(written).iter().any(|hump| KINDS.of(hump) & IS_ERROR > 0);
    let kinds = KINDS.of(word);
    if shape == Shape::Name && inside() {
        kinds | IS_ERROR
    } else {
        kinds
    }
}

/// The kinds of a word, as bits.
const IS_ERROR: u8 = 1;
const IS_TALK: u8 = 2;
const IS_FINE: u8 = 4;

/// Words, and beginnings of words, with their kinds.
struct WordKinds {
    whole: HashMap<&'static str, u8>,
    /// Beginnings, by their first letter.
    begins: [Vec<(&'static str, u8)>; 26],
}

impl WordKinds {
    fn new() -> WordKinds {
        let mut kinds = WordKinds {
            whole: HashMap::new(),
            begins: Default::default(),
        };
        for (words, kind) in [(ERROR, IS_ERROR), (TALK, IS_TALK), (FINE, IS_FINE)] {
            for word in words.split_ascii_whitespace() {
                if let Some(begin) = word.strip_suffix('*') {
                    if let Some(list) = kinds.begins.get_mut(letter(begin)) {
                        list.push((begin, kind));
                    }
                } else {
                    *kinds.whole.entry(word).or_default() |= kind;
                }
            }
        }
        kinds
    }

    fn of(&self, word: &str) -> u8 {
        let whole = self.whole.get(word).copied().unwrap_or_default();
        let begins = self.begins.get(letter(word)).into_iter().flatten();
        let begun = begins.filter(|(begin, _)| word.starts_with(begin));
        begun.fold(whole, |all, (_, kind)| all | kind)
    }
}

/// The place of a word's first letter in the alphabet, from 0.
fn letter(word: &str) -> usize {
    word.bytes()
        .next()
        .map_or(usize::MAX, |first| usize::from(first.wrapping_sub(b'a')))
}

static KINDS: LazyLock<WordKinds> = LazyLock::new(WordKinds::new);
