//! A bot whose runbooks come from a wiki: it follows the pages, says where an answer comes from, and starts without the wiki.

use signpost::bot::Parts;
use signpost::sandbox::{ADA, RANDOM, SIGNPOST, SUPPORT};
use signpost::settings::{RunbookSource, Settings};

use super::{ANY_PORT, Bot, MARKER, PASTE, World, with, words};
use crate::sources::wiki_server::{WikiFault, WikiPage, WikiServer};

const SECRET: &str = "a-secret-that-is-long-enough";

const STORAGE: &str = "<h2>QX4711</h2><ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[QX4711: the flux \
    capacitor of node w-17 is empty]]></ac:plain-text-body></ac:structured-macro><h3>What to do</h3><ol><li>Fill it: \
    <code>fluxctl fill</code>.</li></ol><h2>QX4712</h2><ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[\
    QX4712: the hoverboard of node w-18 does not float]]></ac:plain-text-body></ac:structured-macro><h3>What to do</h3><ol><li>\
    Blow: <code>fluxctl blow</code>.</li></ol>";

impl World {
    async fn wiki(&self) -> (WikiServer, Settings) {
        let server = WikiServer::default();
        server.change(|content| content.pages = vec![WikiPage::new(1, "Flux capacitor errors", STORAGE)]);
        let address = server.start().await;
        let mut settings = self.settings();
        settings.http.listen = ANY_PORT.to_owned();
        settings.runbooks.dir = std::path::PathBuf::new();
        settings.runbooks.hook_secret = Some(SECRET.into());
        settings.admin.channel = RANDOM.to_owned();
        // Fetches are asked for by the hook.
        settings.runbooks.fetch_interval = 86_400;
        settings.runbooks.sources = vec![RunbookSource {
            id: "flux".to_owned(),
            confluence: format!("http://{address}"),
            deployment: "cloud".to_owned(),
            spaces: vec!["OPS".to_owned()],
            ..RunbookSource::default()
        }];
        (server, settings)
    }

    async fn call_hook(&self, bot: &Bot) {
        let url = format!("http://{}/hooks/git", bot.health());
        let call = self.client.post(url).header("x-gitlab-token", SECRET).body("{}");
        assert_eq!(call.send().await.unwrap().status().as_u16(), 202);
    }
}

#[test]
fn a_changed_page_changes_the_answers_and_is_named() {
    with(|world| async move {
        let (server, settings) = world.wiki().await;
        let bot = world.bot_with(settings, Parts::default()).await;
        let reply = words(&world.replies(&world.say(PASTE)).await[0]);
        assert!(
            reply.contains("fluxctl fill") && reply.contains("From Confluence OPS, changed 12 Nov 2026."),
            "{reply}"
        );
        assert!(reply.contains("/wiki/spaces/OPS/pages/1/"), "{reply}");

        server.edit(1, |page| {
            page.storage = STORAGE.replace("fluxctl blow", "fluxctl puff");
            page.changed = "2026-11-29T08:00:00.000+01:00";
        });
        world.call_hook(&bot).await;
        bot.parts.status.wait_for(|now| now.reloads > 0).await;
        let reply = words(&world.replies(&world.say(MARKER)).await[0]);
        assert!(
            reply.contains("fluxctl puff") && reply.contains("changed 29 Nov 2026."),
            "{reply}"
        );

        let source = world.source_when(&bot, |source| !source["fetched_at"].is_null()).await;
        assert_eq!(source["kind"], "confluence", "{source}");
        assert_eq!(source["changed_at"], "2026-11-29T07:00:00Z", "{source}");
        let asked = world.workspace.say(ADA, SUPPORT, &format!("<@{SIGNPOST}> status"));
        let status = words(&world.replies(&asked.unwrap()).await[0]);
        assert!(
            status.contains("flux") && status.contains("last changed") && status.contains("checked"),
            "{status}"
        );

        server.change(|content| content.faults = vec![("", 99, WikiFault::Status(403))]);
        world.call_hook(&bot).await;
        let source = world.source_when(&bot, |source| !source["problem"].is_null()).await;
        assert!(source["problem"].as_str().unwrap().contains("status 403"), "{source}");
        bot.stop().await;
    });
}

#[test]
fn the_last_state_is_served_when_the_wiki_is_away_at_the_start() {
    with(|world| async move {
        let (server, settings) = world.wiki().await;
        let bot = world.bot_with(settings.clone(), Parts::default()).await;
        bot.stop().await;
        server.change(|content| content.faults = vec![("", usize::MAX, WikiFault::Status(401))]);
        let bot = world.bot_with(settings, Parts::default()).await;
        let reply = words(&world.replies(&world.say(PASTE)).await[0]);
        assert!(reply.contains("fluxctl fill"), "{reply}");
        bot.stop().await;
    });
}
