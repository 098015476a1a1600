//! The policy: whom the bot answers, who may mute, run and approve.

use signpost::policy::*;

/// `o`wn, `b`ot, `a`llowed bot, `e`xternal author, e`x`tern shared channel, `s`hared allowed, as`k`ed, a`u`to answer, `m`uted.
fn situation(letters: &str) -> Situation {
    let has = |letter| letters.contains(letter);
    Situation {
        own: has('o'),
        bot: has('b'),
        allowed_bot: has('a'),
        external: has('e'),
        ext_shared: has('x'),
        shared_allowed: has('s'),
        asked: has('k'),
        auto_answer: has('u'),
        muted: has('m'),
    }
}

#[test]
fn each_situation_has_its_verdict() {
    let unasked = ["u", "bau", "bauk", "xsu", "esu"];
    let asked = ["uk", "k", "esk", "xsku", "ukm", "km"];
    let by_external = ["xk", "ek", "exku"];
    let ignored = [
        "", "obauk", "ou", "bu", "buk", "xu", "eu", "baxu", "bak", "um", "baum", "baukm", "xsum",
    ];
    for (letters, expected) in unasked
        .map(|letters| (letters, "Unasked"))
        .into_iter()
        .chain(asked.map(|letters| (letters, "Asked")))
        .chain(by_external.map(|letters| (letters, "AskedByExternal")))
        .chain(ignored.map(|letters| (letters, "Ignore")))
    {
        let verdict = format!("{:?}", decide(situation(letters)));
        assert!(
            verdict.split('(').next() == Some(expected),
            "{letters}: {verdict}, not {expected}"
        );
    }
}

/// `d`irect, `b`ot, `e`xternal, `n`obody listed, `l`isted.
#[test]
fn a_channel_is_muted_only_by_those_who_may() {
    let cases = [
        ("", MayMute::NotListed),
        ("l", MayMute::Yes),
        ("n", MayMute::Yes),
        ("d", MayMute::Direct),
        ("dn", MayMute::Direct),
        ("e", MayMute::External),
        ("en", MayMute::External),
        ("el", MayMute::External),
        ("bn", MayMute::Bot),
        ("bl", MayMute::Bot),
    ];
    for (letters, expected) in cases {
        let has = |letter| letters.contains(letter);
        let muter = Muter {
            direct: has('d'),
            bot: has('b'),
            external: has('e'),
            nobody_listed: has('n'),
            listed: has('l'),
        };
        assert_eq!(may_mute(muter), expected, "{letters:?}");
    }
}
