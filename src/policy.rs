//! Rules on who may be answered, run jobs and mute channels, and where. No I/O.
//!
//! Bots are not answered unless they are allow-listed. People of other organisations, and channels that are shared with
//! one and not allow-listed, get no unasked answers and no contacts.

use crate::jobs::Denied;

/// The ids of somebody's workspace and organisation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Affiliation<'a> {
    /// The workspace (`T…`).
    pub team: Option<&'a str>,
    /// The organisation of several workspaces (`E…`).
    pub enterprise: Option<&'a str>,
}

/// Returns true when a person belongs to another organisation. Somebody of another workspace is a colleague only where
/// both are known to be of one organisation; somebody whose workspace is unknown is not external.
pub fn is_external(person: Affiliation<'_>, ours: Affiliation<'_>) -> bool {
    let is_elsewhere = person
        .team
        .is_some_and(|team| team.starts_with('T') && ours.team != Some(team));
    is_elsewhere && (person.enterprise.is_none() || person.enterprise != ours.enterprise)
}

/// Returns true when people of another organisation ask or read along, in a channel that is not allow-listed: contacts
/// and jobs are withheld then.
pub fn is_guarded(external: bool, ext_shared: bool, shared_allowed: bool) -> bool {
    (external || ext_shared) && !shared_allowed
}

/// The facts about a message that [`decide`] needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Situation {
    /// True when the bot itself wrote it.
    pub own: bool,
    /// True when another bot wrote it.
    pub bot: bool,
    /// True when that bot is allow-listed.
    pub allowed_bot: bool,
    /// True when its author belongs to another organisation.
    pub external: bool,
    /// True when its channel is shared with another organisation.
    pub ext_shared: bool,
    /// True when that shared channel is allow-listed.
    pub shared_allowed: bool,
    /// True when it mentions the bot, or is a direct message.
    pub asked: bool,
    /// True when the channel is to be answered unasked.
    pub auto_answer: bool,
    /// True when somebody muted the channel.
    pub muted: bool,
}

/// The decision about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Do not answer; with the reason.
    Ignore(&'static str),
    /// Answer when the match is good enough.
    Unasked,
    /// Answer in any case.
    Asked,
    /// Answer in any case, without contacts.
    AskedByExternal,
}

/// Decides whether and how a message is answered.
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
    let guarded = is_guarded(external, ext_shared, shared_allowed);
    match () {
        () if own => Verdict::Ignore("it is the bot's own"),
        () if bot && !allowed_bot => Verdict::Ignore("its bot is not in slack.allowed_bots"),
        // A bot is never answered "no runbook for this": two bots could go on for ever.
        () if asked && !bot && guarded => Verdict::AskedByExternal,
        () if asked && !bot => Verdict::Asked,
        () if guarded => Verdict::Ignore("the channel or its author belongs to another organisation"),
        () if muted => Verdict::Ignore("the channel is muted"),
        () if !auto_answer => Verdict::Ignore("automatic answers are off in the channel"),
        () => Verdict::Unasked,
    }
}

/// The facts about somebody who wants to run a job, or to approve a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobActor {
    /// True for a bot.
    pub bot: bool,
    /// True when the person belongs to another organisation, or asks where one reads along, and the channel is not
    /// allow-listed.
    pub external: bool,
    /// True when the channel is listed for the job.
    pub channel_listed: bool,
    /// True when the person is listed for the job, in person or as a member of a user group. An empty list lists
    /// nobody.
    pub listed: bool,
    /// True when the person asked for the run, too.
    pub asked_for_it: bool,
}

/// Decides whether somebody may run a job: the person and the channel must both be listed.
///
/// # Errors
///
/// The reason why they may not.
pub fn may_run(actor: JobActor) -> Result<(), Denied> {
    match () {
        () if actor.bot => Err(Denied::Bot),
        () if actor.external => Err(Denied::External),
        () if !actor.channel_listed => Err(Denied::NotHere),
        () if !actor.listed => Err(Denied::NotListed),
        () => Ok(()),
    }
}

/// Decides whether somebody may approve a run: only a listed person other than the one who asked for it.
///
/// # Errors
///
/// The reason why they may not.
pub fn may_approve(actor: JobActor) -> Result<(), Denied> {
    may_run(actor)?;
    if actor.asked_for_it {
        Err(Denied::OwnRun)
    } else {
        Ok(())
    }
}

/// The facts about somebody who says `mute` or `unmute`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Muter {
    /// True when it is said in a direct message.
    pub direct: bool,
    /// True for a bot, this one included.
    pub bot: bool,
    /// True when the person belongs to another organisation.
    pub external: bool,
    /// True when nobody is listed, so that everybody of the workspace may.
    pub nobody_listed: bool,
    /// True when the person is listed, in person or as a member of a user group.
    pub listed: bool,
}

/// The decision on muting or unmuting a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayMute {
    /// Allowed.
    Yes,
    /// Refused: in a direct message there is no channel to mute.
    Direct,
    /// Refused: people of other organisations may not.
    External,
    /// Refused: the person is not listed.
    NotListed,
    /// Refused without a reply: bots may not, and two bots could go on for ever.
    Bot,
}

/// Decides whether somebody may mute or unmute a channel.
pub fn may_mute(muter: Muter) -> MayMute {
    match muter {
        Muter { bot: true, .. } => MayMute::Bot,
        Muter { external: true, .. } => MayMute::External,
        Muter { direct: true, .. } => MayMute::Direct,
        Muter {
            nobody_listed: true, ..
        }
        | Muter { listed: true, .. } => MayMute::Yes,
        _ => MayMute::NotListed,
    }
}
