//! Who may be answered where. Pure.
//!
//! Silence is the default for bots, and for strangers unless they are allow-listed: in channels shared with other
//! organisations nothing is said unasked, and no contacts are shown.

/// The ids that tell which organisation somebody belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Affiliation<'a> {
    /// A workspace (`T…`).
    pub team: Option<&'a str>,
    /// An organisation of several workspaces (`E…`).
    pub enterprise: Option<&'a str>,
}

/// Whether a person belongs to another organisation. Somebody of another workspace is a colleague only where both are
/// known to be of one organisation; nothing is held against somebody whose workspace is not told.
pub fn is_external(person: Affiliation<'_>, ours: Affiliation<'_>) -> bool {
    let is_elsewhere = person
        .team
        .is_some_and(|team| team.starts_with('T') && ours.team != Some(team));
    is_elsewhere && (person.enterprise.is_none() || person.enterprise != ours.enterprise)
}

/// Whether people of another organisation are involved, who ask or who read along, in a channel that is not allow-listed:
/// then there are no contacts and no jobs.
pub fn is_guarded(external: bool, ext_shared: bool, shared_allowed: bool) -> bool {
    (external || ext_shared) && !shared_allowed
}

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
    /// Somebody muted the channel.
    pub muted: bool,
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
        muted,
    } = situation;
    let stranger = is_guarded(external, ext_shared, shared_allowed);
    match () {
        () if own => Verdict::Ignore("it is our own"),
        () if bot && !allowed_bot => Verdict::Ignore("a bot wrote it that is not in slack.allowed_bots"),
        // A bot is never answered "no runbook for this": two bots could go on for ever.
        () if asked && !bot && stranger => Verdict::AskedByStranger,
        () if asked && !bot => Verdict::Asked,
        () if stranger => Verdict::Ignore("the channel or its author belongs to another organisation"),
        () if muted => Verdict::Ignore("the channel is muted"),
        () if !auto_answer => Verdict::Ignore("the channel is not answered unasked"),
        () => Verdict::Unasked,
    }
}

/// What is known about somebody who wants to run a job, or to approve a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Runner {
    /// It is a bot.
    pub bot: bool,
    /// Belongs to another organisation, or asks where one reads along, and that channel is not allow-listed.
    pub stranger: bool,
    /// The channel is listed for the job.
    pub channel_listed: bool,
    /// Is listed for the job, in person or as a member of a user group. Nobody is listed when the list is empty.
    pub listed: bool,
    /// To approve: has asked for the run.
    pub requester: bool,
}

/// Whether somebody may run a job, or approve a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayRun {
    /// Yes.
    Yes,
    /// A bot may not.
    Bot,
    /// Another organisation's people may not, nor anybody where they read along.
    Stranger,
    /// Not in this channel.
    NotHere,
    /// Only those who are listed may.
    NotListed,
    /// Nobody approves what they asked for.
    Requester,
}

/// Decides who may run a job: nobody who is not listed, nowhere that is not listed.
pub fn may_run(runner: Runner) -> MayRun {
    match () {
        () if runner.bot => MayRun::Bot,
        () if runner.stranger => MayRun::Stranger,
        () if !runner.channel_listed => MayRun::NotHere,
        () if !runner.listed => MayRun::NotListed,
        () => MayRun::Yes,
    }
}

/// Decides who may approve a run: somebody else who is listed.
pub fn may_approve(runner: Runner) -> MayRun {
    match may_run(runner) {
        MayRun::Yes if runner.requester => MayRun::Requester,
        other => other,
    }
}

/// What is known about somebody who says `mute` or `unmute`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Muter {
    /// It is said in a direct message.
    pub direct: bool,
    /// It is a bot, or the bot itself.
    pub bot: bool,
    /// Belongs to another organisation.
    pub external: bool,
    /// Nobody is listed: everybody of the workspace may.
    pub nobody_listed: bool,
    /// Is listed, in person or as a member of a user group.
    pub listed: bool,
}

/// Whether a channel may be muted or unmuted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayMute {
    /// It may.
    Yes,
    /// There is no channel to mute.
    Direct,
    /// Not by people of other organisations.
    Stranger,
    /// Not by this person.
    NotListed,
    /// Not by bots, and nothing is said: two bots could go on for ever.
    Bot,
}

/// Decides about `mute` and `unmute`.
pub fn may_mute(muter: Muter) -> MayMute {
    match muter {
        Muter { bot: true, .. } => MayMute::Bot,
        Muter { external: true, .. } => MayMute::Stranger,
        Muter { direct: true, .. } => MayMute::Direct,
        Muter {
            nobody_listed: true, ..
        }
        | Muter { listed: true, .. } => MayMute::Yes,
        _ => MayMute::NotListed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let by_stranger = ["xk", "ek", "exku"];
        let ignored = [
            "", "obauk", "ou", "bu", "buk", "xu", "eu", "baxu", "bak", "um", "baum", "baukm", "xsum",
        ];
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

    /// `d`irect, `b`ot, `e`xternal, `n`obody listed, `l`isted.
    #[test]
    fn a_channel_is_muted_only_by_those_who_may() {
        let cases = [
            ("", MayMute::NotListed),
            ("l", MayMute::Yes),
            ("n", MayMute::Yes),
            ("d", MayMute::Direct),
            ("dn", MayMute::Direct),
            ("e", MayMute::Stranger),
            ("en", MayMute::Stranger),
            ("el", MayMute::Stranger),
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
}
