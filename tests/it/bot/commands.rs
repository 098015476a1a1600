//! One grammar for mention, direct message and `/signpost`.

use super::acts::{buttons, text};
use super::*;
use signpost::sandbox::{GRACE, RANDOM};

const ADA_DIRECT: &str = "D0ADA00001";

/// The same question in each of the three ways: what is answered.
async fn three_ways(world: &World, question: &str) -> [String; 3] {
    let mention = world.say(&format!("<@{SIGNPOST}> {question}"));
    let direct = world.workspace.say(ADA, ADA_DIRECT, question).unwrap();
    let slash = world.command(ADA, question).await;
    assert_eq!(slash["response"]["response_type"], "ephemeral", "{slash}");
    [
        text(&world.replies(&mention).await[0]),
        text(&world.replies_in(ADA_DIRECT, &direct).await[0]),
        text(&slash["response"]),
    ]
}

fn gate(world: &World) {
    std::fs::create_dir_all(world.runbooks().join("_data")).unwrap();
    let teams = "gates:\n  name: gates\n  comm: {name: \"#gates\", link: https://chat.example.com/gates}\n  \
        escalate: {name: Gates on call, link: https://pager.example.com/gates}\n";
    world.write("_data/teams.yml", teams);
    let runbook =
        "---\nsignpost:\n  team: gates\n---\n# Star gate is shut\n\nThe star gate does not open.\n\n1. Knock.\n";
    world.write("gate.md", runbook);
    world.write(
        "iris.md",
        "# Star iris is bent\n\nThe star iris scrapes at the gate.\n\n1. Bend it back.\n",
    );
}

#[test]
fn each_command_is_understood_in_each_of_the_three_ways() {
    let cases = [
        ("help", &["search WORDS", "unmute"][..]),
        ("help search", &["search WORDS"]),
        ("status", &["2 connections", "3 documents read"]),
        (
            "search star",
            &["Star gate is shut", "Star iris is bent", "Show Star gate"],
        ),
        ("show gate", &["Star gate is shut", "Knock", "Gates on call"]),
        ("show flux QX4712", &["fluxctl blow"]),
        ("who gates", &["Gates on call", "#gates"]),
        (PASTE, &["fluxctl fill w-17"]),
        ("nothing that any runbook knows", &["no runbook", "search WORDS"]),
        ("serach star", &["Did you mean", "search star"]),
        ("mute banana", &["isn’t a time", "banana", "mute 2h", "mute 30m"]),
        ("mute 0h", &["isn’t a time", "0h", "mute 30m"]),
        ("unmute everything", &["unmute", "takes no arguments"]),
        ("status please now", &["status", "takes no arguments"]),
        ("help banana", &["no command", "banana"]),
        ("help star gate", &["Star gate"]),
        ("who", &["who TEAM"]),
        ("show", &["show RUNBOOK"]),
        ("search", &["search WORDS"]),
        ("run", &["run JOB"]),
    ];
    with(|world| async move {
        gate(&world);
        let bot = world.bot().await;
        for (question, told) in cases {
            for answer in three_ways(&world, question).await {
                for one in told {
                    assert!(answer.contains(one), "{question}: {one} in {answer}");
                }
            }
        }
        bot.stop().await;
    });
}

#[test]
fn search_results_lead_to_their_runbooks() {
    with(|world| async move {
        gate(&world);
        let bot = world.bot().await;
        let ts = world.say(&format!("<@{SIGNPOST}> search star"));
        let list = world.saying(&ts, &["Results for “star”"]).await;
        world.click(GRACE, &list, "Show Star iris is bent").await;
        let card = world.saying(&ts, &["Bend it back"]).await;
        world.click(ADA, &card, "Wrong runbook").await;
        let list = world.saying(&ts, &["Show Star gate is shut"]).await;
        world.click(ADA, &list, "Show Star gate is shut").await;
        world.saying(&ts, &["Knock"]).await;
        assert_eq!(world.settled(&ts).await.len(), 1);
        bot.stop().await;
    });
}

#[test]
fn near_misses_are_offered_to_those_who_ask() {
    with(|world| async move {
        gate(&world);
        let bot = world.bot().await;
        let ts = world.say(&format!("<@{SIGNPOST}> why does the gate scrape"));
        let list = world.reply_that(SUPPORT, &ts, |reply| !buttons(reply).is_empty()).await;
        let offered = buttons(&list);
        assert!(offered.iter().any(|button| button.contains("Star iris")), "{list}");
        bot.stop().await;
    });
}

#[test]
fn a_typo_is_mended_with_one_click() {
    with(|world| async move {
        gate(&world);
        let bot = world.bot().await;
        let ts = world.say(&format!("<@{SIGNPOST}> serach star"));
        let asked = world.saying(&ts, &["Did you mean"]).await;
        assert_eq!(buttons(&asked), ["search star"]);
        world.click(GRACE, &asked, "search star").await;
        let list = world.saying(&ts, &["Results for “star”"]).await;
        world.click(GRACE, &list, "Show Star gate is shut").await;
        world.saying(&ts, &["Knock"]).await;
        let ts = world.say(&format!("<@{SIGNPOST}> staus"));
        let asked = world.saying(&ts, &["Did you mean"]).await;
        world.click(ADA, &asked, "status").await;
        let told = world.saying(&ts, &["Socket Mode"]).await;
        assert!(buttons(&told).is_empty(), "{told}");
        assert_eq!(world.settled(&ts).await.len(), 1);

        world.command(GRACE, "shwo gate").await;
        let asked = world.whispered(GRACE, SUPPORT, "Did you mean").await;
        world.click(GRACE, &asked, "show gate").await;
        world.whispered(GRACE, SUPPORT, "Knock").await;
        bot.stop().await;
    });
}

#[test]
fn a_private_answer_is_worked_through_alone_and_shared_when_wanted() {
    with(|world| async move {
        gate(&world);
        let bot = world.bot().await;
        world.command(GRACE, PASTE).await;
        let private = world.whispered(GRACE, SUPPORT, "fluxctl fill w-17").await;
        world.click(GRACE, &private, "1.").await;
        let private = world.whispered(GRACE, SUPPORT, "Done by Grace").await;
        world.click(GRACE, &private, "Share in channel").await;
        let shared = world.posted(SUPPORT, "fluxctl fill w-17").await;
        assert!(text(&shared).contains("Shared by Grace"), "{}", text(&shared));
        assert!(text(&shared).contains("Done by Grace"), "{}", text(&shared));
        world.click(ADA, &shared, "2.").await;
        world.posted(SUPPORT, "Done by Ada").await;
        bot.stop().await;
    });
}

#[test]
fn what_is_shared_while_somebody_works_on_it_is_shared_all_the_same() {
    with(|world| async move {
        let bot = world.bot().await;
        world.command(GRACE, PASTE).await;
        let private = world.whispered(GRACE, SUPPORT, "fluxctl fill w-17").await;
        // Between reading the case and writing it down Slack is asked about the channel.
        world.fault(&json!({"kind": "slow", "method": "conversations.info", "ms": 200}));
        let share = world.click(GRACE, &private, "Share in channel");
        let step = async {
            let asked = world
                .workspace
                .wait_for(|state| (state.faults_left() == 0).then_some(()));
            asked.await.unwrap();
            world.click(GRACE, &private, "1.").await
        };
        tokio::join!(share, step);
        let shared = world.posted(SUPPORT, "Shared by Grace").await;
        assert!(text(&shared).contains("Done by Grace"), "{}", text(&shared));
        bot.stop().await;
    });
}

#[test]
fn what_is_shared_once_is_not_shared_again_and_what_cannot_be_is_told() {
    with(|world| async move {
        let bot = world.bot().await;
        world.command(GRACE, PASTE).await;
        let private = world.whispered(GRACE, SUPPORT, "fluxctl fill w-17").await;
        let clicks = (0..3).map(|_| world.click(GRACE, &private, "Share in channel"));
        for told in futures_util::future::join_all(clicks).await {
            assert_eq!(told["acknowledged"], true, "{told}");
        }
        world.posted(SUPPORT, "fluxctl fill w-17").await;
        world.settled("0").await;
        let count = world.workspace.read(|state| {
            let messages = state.channel(SUPPORT).unwrap().messages.values();
            messages.filter(|message| message.text().contains("Shared by")).count()
        });
        assert_eq!(count, 1);

        let members = json!({"name": "quiet", "members": [ADA, GRACE]});
        let quiet = world.control("channel", members).await["channel"]
            .as_str()
            .unwrap()
            .to_owned();
        let sent = json!({"user": GRACE, "command": "/signpost", "text": PASTE, "channel": quiet});
        world.control("command", sent).await;
        let private = world.whispered(GRACE, &quiet, "fluxctl fill w-17").await;
        world.click_in(GRACE, &quiet, &private, "Share in channel").await;
        world.whispered(GRACE, &quiet, "not in this channel").await;
        bot.stop().await;
    });
}

#[test]
fn help_names_every_command_of_the_catalogue() {
    with(|world| async move {
        let bot = world.bot().await;
        let told = world.command(ADA, "help").await;
        let told = text(&told["response"]);
        for entry in signpost::command::CATALOGUE {
            assert!(told.contains(entry.name), "{}: {told}", entry.name);
        }
        bot.stop().await;
    });
}

#[test]
fn a_channel_that_is_answered_only_when_asked_says_so() {
    with(|world| async move {
        let mut settings = world.settings();
        settings.channels = vec![settings::Channel {
            id: RANDOM.to_owned(),
            auto_answer: Some(false),
            ..settings::Channel::default()
        }];
        let bot = world.bot_with(settings, Parts::default()).await;
        let asked = world
            .workspace
            .say(ADA, RANDOM, &format!("<@{SIGNPOST}> status"))
            .unwrap();
        let told = &world.replies_in(RANDOM, &asked).await[0];
        assert!(text(told).contains("I only answer when mentioned"), "{}", text(told));
        bot.stop().await;
    });
}
