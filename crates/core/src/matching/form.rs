//! Form of a text: whether it reads like an error, talk, a question, or news of success.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::token::{self, Shape};

/// Words of errors; one that ends in `*` stands for all words that begin so.
const ERROR: &str = "\
    abnormal* abort* absent alert bad backoff bigger blocked broken cannot cant collision conflict* corrupt* couldnt \
    crash* crashloopbackoff critical damaged dead deadlock* degraded denied detached deviation diff* disabled \
    disconnect* doesnt down dropped dropping duplicate emergency err error* evicted exceed* exception* exhausted expired \
    fail* fatal fault* firing forbidden frozen full halted hung illegal imagepullbackoff incompatible incomplete \
    inconsisten* incorrect infinite insufficient interrupted invalid isnt killed lacks lagging leak* limit lost malformed \
    mismatch* missing nil none not notready null offline oom oomkilled outage outofmemory* overflow* overload* panic* \
    paused pending permission problem* prohibited rejected refused reset retry* segfault segmentation severe shortage \
    sigsegv slow stale stalled stopped stuck terminated throttl* timeout* tired timed traceback unable unauthenticated \
    unauthorized unavailable undefined unexpected unhealthy unknown unmount* unreachable unrecognized unresolved \
    unschedulable unsupported unusable unsuccessful* violat* warn* wont wrong";

/// Words of people to people.
const TALK: &str = "\
    am anybody anyone anything are could did do docs does folks guys hello hey hi how i id ill im is its ive lets maybe \
    me my new nice now our please pls pr question review should someone team thank thanks thx today tomorrow us want wants \
    was we were weve what when where who why will would yesterday you your";

/// Words of success and of work that is done.
const FINE: &str = "\
    back changed closed completed deployed done finished fixed good great green healthy merged moved normal ok okay \
    passed ready rebooted recovered released renewed resolved restored rotated running saved solved stable succeed* \
    success* updated upgraded works worked working";

/// Kinds of words in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) words: u32,
    pub(super) errors: u32,
    /// Words that deny.
    pub(super) negations: u32,
    pub(super) talk: u32,
    pub(super) fine: u32,
    /// True for a text with a question mark at the end of a word.
    pub(super) asks: bool,
}

impl Form {
    /// Counts the words of a text.
    pub(super) fn of(text: &str) -> Form {
        let mut form = Form::default();
        token::words(text, |word, place, shape| {
            form.words += 1;
            let written = text.get(place.start..place.end).unwrap_or_default();
            form.errors += u32::from(is_error(word, written, shape));
            form.negations += u32::from(matches!(word, "no" | "not" | "never" | "without"));
            form.talk += u32::from(TALKS.holds(word));
            form.fine += u32::from(FINES.holds(word));
        });
        let mut question = text.split('?');
        form.asks = question.next().is_some_and(|before| before.ends_with(char::is_alphanumeric))
            && question.next().is_some_and(|after| !after.starts_with(char::is_alphanumeric));
        form
    }
}

/// Returns true for a word of errors, and for a name with such a word in it, as in `FailedMount`.
pub(super) fn is_error_word(written: &str) -> bool {
    let mut is = false;
    token::words(written, |word, _, shape| is |= is_error(word, written, shape));
    is
}

fn is_error(word: &str, written: &str, shape: Shape) -> bool {
    let inside = || token::humps(written).iter().any(|hump| ERRORS.holds(hump));
    ERRORS.holds(word) || shape == Shape::Name && inside()
}

/// Words, and beginnings of words.
struct WordList {
    whole: HashSet<&'static str>,
    /// Beginnings, by their first letter.
    begins: [Vec<&'static str>; 26],
}

impl WordList {
    fn new(words: &'static str) -> WordList {
        let mut list = WordList {
            whole: HashSet::new(),
            begins: Default::default(),
        };
        for word in words.split_ascii_whitespace() {
            match word.strip_suffix('*') {
                Some(begin) => list.begins.get_mut(letter(begin)).into_iter().for_each(|of| of.push(begin)),
                None => _ = list.whole.insert(word),
            }
        }
        list
    }

    fn holds(&self, word: &str) -> bool {
        let begins = self.begins.get(letter(word)).into_iter().flatten();
        self.whole.contains(word) || begins.into_iter().any(|begin| word.starts_with(begin))
    }
}

/// The place of a word's first letter in the alphabet, from 0.
fn letter(word: &str) -> usize {
    word.bytes().next().map_or(usize::MAX, |first| usize::from(first.wrapping_sub(b'a')))
}

static ERRORS: LazyLock<WordList> = LazyLock::new(|| WordList::new(ERROR));
static TALKS: LazyLock<WordList> = LazyLock::new(|| WordList::new(TALK));
static FINES: LazyLock<WordList> = LazyLock::new(|| WordList::new(FINE));
