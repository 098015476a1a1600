//! Who may be answered where. Pure.
//!
//! Silence is the default for bots, and for strangers unless they are allow-listed: in channels shared with other
//! organisations nothing is said unasked, and no contacts are shown.

/// What is known about a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Situation {
    /// The bot itself wrote it.
    pub own: bool,
    /// Another bot wrote it.
    pub bot: bool,
    /// That bot is allow-listed.
    pub allowed_bot: bool,
    /// Its author belongs to another organisation.
    pub external: bool,
    /// Its channel is shared with another organisation.
    pub ext_shared: bool,
    /// That channel is allow-listed nevertheless.
    pub shared_allowed: bool,
    /// The bot was mentioned, or it is a direct message.
    pub asked: bool,
    /// The channel is to be answered unasked.
    pub auto_answer: bool,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, and why.
    Ignore(&'static str),
    /// Answer when the match is good enough.
    Unasked,
    /// Answer in any case.
    Asked,
    /// Answer in any case, without contacts.
    AskedByStranger,
}

/// Decides about a message.
pub fn decide(situation: Situation) -> Verdict {
    let Situation {
        own,
        bot,
        allowed_bot,
        external,
        ext_shared,
        shared_allowed,
        asked,
        auto_answer,
    } = situation;
    let stranger = (external || ext_shared) && !shared_allowed;
    match () {
        () if own => Verdict::Ignore("it is our own"),
        () if bot && !allowed_bot => Verdict::Ignore("a bot wrote it that is not in slack.allowed_bots"),
        // A bot is never answered "no runbook for this": two bots could go on for ever.
        () if asked && !bot && stranger => Verdict::AskedByStranger,
        () if asked && !bot => Verdict::Asked,
        () if stranger => Verdict::Ignore("the channel or its author belongs to another organisation"),
        () if !auto_answer => Verdict::Ignore("the channel is not answered unasked"),
        () => Verdict::Unasked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `o`wn, `b`ot, `a`llowed bot, `e`xternal author, e`x`tern shared channel, `s`hared allowed, as`k`ed, a`u`to answer.
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
        }
    }

    #[test]
    fn each_situation_has_its_verdict() {
        let unasked = ["u", "bau", "bauk", "xsu", "esu"];
        let asked = ["uk", "k", "esk", "xsku"];
        let by_stranger = ["xk", "ek", "exku"];
        let ignored = ["", "obauk", "ou", "bu", "buk", "xu", "eu", "baxu", "bak"];
        for (letters, expected) in unasked
            .map(|letters| (letters, "Unasked"))
            .into_iter()
            .chain(asked.map(|letters| (letters, "Asked")))
            .chain(by_stranger.map(|letters| (letters, "AskedByStranger")))
            .chain(ignored.map(|letters| (letters, "Ignore")))
        {
            let verdict = format!("{:?}", decide(situation(letters)));
            assert!(
                verdict.split('(').next() == Some(expected),
                "{letters}: {verdict}, not {expected}"
            );
        }
    }
}
