//! Spaces of Confluence as a source, in the cloud and on Data Center, against a wiki of our own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Setup;
use super::wiki_server::{WikiFault, WikiPage, WikiServer};

const TOKEN: &str = "sesame-opens-the-wiki";

/// Kind of the wiki that a test meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deployment {
    Cloud,
    DataCenter,
}

use Deployment::{Cloud, DataCenter};

/// Runs a test with a wiki of each kind. What calls it blocks, so that it runs on a thread of its own.
fn with_wikis(test: impl Fn(Deployment, &mut Setup, &WikiServer, &str)) {
    for deployment in [Cloud, DataCenter] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let mut setup = Setup::new();
        let server = WikiServer::default();
        let address = runtime.block_on(server.start());
        test(deployment, &mut setup, &server, &format!("http://{address}"));
    }
}

fn settings(setup: &Setup, deployment: Deployment, address: &str, lines: &str, more: &str) {
    let (kind, path) = match deployment {
        Cloud => ("cloud", ""),
        DataCenter => ("data-center", "/confluence"),
    };
    setup.runbooks(&format!(
        "{more}\n[[runbooks.sources]]\nid = \"kilns\"\nconfluence = \"{address}{path}\"\ndeployment = \"{kind}\"\n\
         spaces = [\"OPS\"]\n{lines}"
    ));
}

fn kiln(id: u64) -> WikiPage {
    let storage = format!(
        "<p>The door does not open.</p><ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[KX{id:04}: kiln door \
         jammed at station 7]]></ac:plain-text-body></ac:structured-macro><h2>What to do</h2><ol><li>Mend door {id}.</li></ol>"
    );
    WikiPage::new(id, &format!("Kiln {id}"), &storage)
}

fn fetched(setup: &Setup) -> String {
    let (code, told) = setup.fetch();
    assert_eq!(code, 0, "{told}");
    told
}

/// The ids of the pages whose bodies were asked for.
fn bodies(server: &WikiServer) -> Vec<String> {
    let asked = server.take_asked();
    let bodies = asked.iter().filter(|asked| asked.contains("body"));
    let mut ids: Vec<String> = bodies
        .map(|asked| asked.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn changed_pages_alone_are_fetched_again() {
    with_wikis(|deployment, setup, server, address| {
        settings(setup, deployment, address, "", "");
        server.change(|content| {
            content.pages = (1..=7).map(kiln).collect();
            content.pages[1].parent = Some(1);
            content.pages[2].parent = Some(2);
            content.pages[6].is_hidden = true;
            content.overlaps = true;
            // A page of the same title in a space that is not asked for.
            content.pages.push(WikiPage {
                space: "LAB",
                ..kiln(99)
            });
        });
        assert!(fetched(setup).starts_with("kilns: now at "));
        assert_eq!(bodies(server), ["1", "2", "3", "4", "5", "6"]);
        let documents = [
            "OPS/Kiln 1/Kiln 2/Kiln 3_3.html",
            "OPS/Kiln 1/Kiln 2_2.html",
            "OPS/Kiln 1_1.html",
            "OPS/Kiln 4_4.html",
            "OPS/Kiln 5_5.html",
            "OPS/Kiln 6_6.html",
        ];
        assert_eq!(setup.documents(), documents, "{deployment:?}");
        assert!(fetched(setup).starts_with("kilns: unchanged at "));
        assert!(bodies(server).is_empty());

        server.edit(4, |page| page.storage = page.storage.replace("Mend", "Replace"));
        server.change(|content| content.pages.retain(|page| page.id != 5));
        assert!(fetched(setup).starts_with("kilns: now at "));
        assert_eq!(bodies(server), ["4"]);
        let shown = super::said(&setup.signpost(&["render", "Kiln 4"]));
        assert!(shown.contains("Replace door 4."), "{shown}");
        assert!(!setup.documents().iter().any(|path| path.contains("Kiln 5")));

        // Deletions move the parts of a list, and a page between them is missed: it is asked for before it is removed.
        server.change(|content| content.missed_once = vec![6]);
        assert!(fetched(setup).starts_with("kilns: unchanged at "));

        // A hidden page is gone; a renamed one has another path.
        server.edit(3, |page| page.title = "Kilns / ovens: all".to_owned());
        server.change(|content| content.pages[5 - 1].is_hidden = true);
        fetched(setup);
        let documents = [
            "OPS/Kiln 1/Kiln 2/Kilns ovens all_3.html",
            "OPS/Kiln 1/Kiln 2_2.html",
            "OPS/Kiln 1_1.html",
            "OPS/Kiln 4_4.html",
        ];
        assert_eq!(setup.documents(), documents, "{deployment:?}");
    });
}

#[test]
fn credentials_go_to_the_wiki_and_nowhere_else() {
    with_wikis(|deployment, setup, server, address| {
        let (lines, header) = match deployment {
            Cloud => (
                format!("user = \"ada@example.com\"\napi_url = \"{address}/ex/confluence/cloud-1\"\n"),
                format!("Basic {}", STANDARD.encode(format!("ada@example.com:{TOKEN}"))),
            ),
            DataCenter => (String::new(), format!("Bearer {TOKEN}")),
        };
        setup.environment.push(("WIKI_TOKEN", TOKEN.to_owned()));
        settings(
            setup,
            deployment,
            address,
            &format!("{lines}token_variable = \"WIKI_TOKEN\""),
            "",
        );
        server.change(|content| {
            content.pages = vec![kiln(1)];
            content.authorization = Some(header.clone());
        });
        fetched(setup);
        assert!(
            server
                .0
                .lock()
                .unwrap()
                .seen
                .iter()
                .all(|seen| seen.as_ref() == Some(&header))
        );
        if deployment == Cloud {
            assert!(
                server
                    .take_asked()
                    .iter()
                    .all(|asked| asked.starts_with("/ex/confluence/cloud-1/wiki/"))
            );
        }
        // Links lead to the site itself, not to the gateway.
        let shown = super::said(&setup.signpost(&["render", "--json", "Kiln 1"]));
        let page = match deployment {
            Cloud => format!("{address}/wiki/spaces/OPS/pages/1/Some+title"),
            DataCenter => format!("{address}/confluence/pages/viewpage.action?pageId=1"),
        };
        assert!(shown.contains(&page), "{shown}");

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let elsewhere = WikiServer::default();
        let to = runtime.block_on(elsewhere.start());
        server.change(|content| content.faults = vec![("", 1, WikiFault::Redirect(format!("http://{to}/x")))]);
        let (code, told) = setup.fetch();
        assert!(code == 1 && told.contains("redirects to another address"), "{told}");
        assert!(elsewhere.take_asked().is_empty());
        let kept = super::said(
            &std::process::Command::new("grep")
                .args(["-rl", TOKEN])
                .arg(setup.path("state"))
                .output()
                .unwrap(),
        );
        assert_eq!(kept, "", "the token is kept");
    });
}

#[test]
fn labels_choose_pages() {
    with_wikis(|deployment, setup, server, address| {
        server.change(|content| {
            content.pages = (1..=8).map(kiln).collect();
            for page in &mut content.pages {
                page.labels = match page.id {
                    1..=5 => vec!["runbook"],
                    6 => vec!["runbook", "draft"],
                    7 => vec!["minutes"],
                    _ => vec![],
                };
            }
            // A page that is no runbook itself is included in one.
            let macro_of = |title: &str| format!(
                "<ac:structured-macro ac:name=\"include\"><ac:parameter ac:name=\"\"><ac:link><ri:page ri:content-title=\"{title}\" \
                 /></ac:link></ac:parameter></ac:structured-macro>"
            );
            content.pages[0].storage.push_str(&macro_of("Kiln 8"));
        });
        settings(
            setup,
            deployment,
            address,
            "labels = [\"runbook\"]\nexclude_labels = [\"draft\"]",
            "",
        );
        fetched(setup);
        assert_eq!(setup.documents().len(), 5, "{deployment:?}");
        let shown = super::said(&setup.signpost(&["render", "Kiln 1"]));
        assert!(shown.contains("Mend door 8"), "{shown}");
        // A label is no new version of the page.
        server.change(|content| content.pages[6].labels = vec!["runbook"]);
        server.take_asked();
        fetched(setup);
        assert_eq!(bodies(server), ["7"]);
        assert_eq!(setup.documents().len(), 6);
    });
}

#[test]
fn faults_leave_the_last_state_in_use() {
    with_wikis(|deployment, setup, server, address| {
        let more = "fetch_timeout = 3";
        settings(setup, deployment, address, "", more);
        server.change(|content| content.pages = (1..=5).map(kiln).collect());
        fetched(setup);
        let list = match deployment {
            Cloud => "/pages?",
            DataCenter => "/content?",
        };
        for (fault, said) in [
            (
                WikiFault::Limited(60),
                "the wiki limits requests for another 60 seconds",
            ),
            (WikiFault::Status(401), "refuses the credentials (status 401)"),
            (
                WikiFault::Status(403),
                "the account may not read pages of the space OPS (status 403)",
            ),
            (WikiFault::Captcha, "asks for a captcha"),
            (WikiFault::Status(502), "the wiki answers with status 502"),
            (WikiFault::Page, "perhaps a sign-in page"),
            (WikiFault::Truncated, "the wiki cannot be reached"),
            (WikiFault::Huge(9 * 1024 * 1024), "more than 8388608 bytes"),
            (WikiFault::Hangs, "fetching took longer than 3 seconds"),
        ] {
            server.change(|content| content.faults = vec![(list, 9, fault.clone())]);
            let (code, told) = setup.fetch();
            assert!(code == 1 && told.contains(said), "{deployment:?} {fault:?}: {told}");
            assert_eq!(setup.documents().len(), 5);
        }
        // Those that pass are met with another attempt.
        for fault in [WikiFault::Limited(1), WikiFault::Status(503), WikiFault::Truncated] {
            server.change(|content| content.faults = vec![(list, 2, fault)]);
            assert!(fetched(setup).starts_with("kilns: unchanged at "));
        }

        // A fetch that breaks off goes on with the rest.
        server.change(|content| {
            content.pages.push(kiln(6));
            content.pages.push(kiln(7));
            let page = match deployment {
                Cloud => "/pages/7?",
                DataCenter => "/content/7?",
            };
            content.faults = vec![(page, 9, WikiFault::Status(500))];
        });
        assert_eq!(setup.fetch().0, 1);
        assert_eq!(setup.documents().len(), 5);
        server.change(|content| content.faults.clear());
        server.take_asked();
        fetched(setup);
        assert_eq!(bodies(server), ["7"]);
        assert_eq!(setup.documents().len(), 7);

        // A page that is too long is left out, one that vanishes while it is listed as well.
        server.edit(1, |page| page.storage = "x".repeat(5 * 1024 * 1024));
        let gone = match deployment {
            Cloud => "/pages/2?body",
            DataCenter => "/content/2?expand=body",
        };
        server.edit(2, |page| page.storage.push_str("<p>More.</p>"));
        server.change(|content| content.faults = vec![(gone, 1, WikiFault::Status(404))]);
        fetched(setup);
        assert_eq!(setup.documents().len(), 5);

        let missing = match deployment {
            Cloud => "/spaces?",
            DataCenter => "/space/",
        };
        server.change(|content| content.pages.retain(|page| page.space != "OPS"));
        let (code, told) = setup.fetch();
        assert!(
            code == 1 && told.contains("the wiki has no space `OPS`"),
            "{missing}: {told}"
        );
        assert_eq!(setup.documents().len(), 5);
    });
}

#[test]
fn a_space_that_shrinks_is_held_back_until_it_is_accepted() {
    with_wikis(|deployment, setup, server, address| {
        settings(setup, deployment, address, "", "");
        server.change(|content| content.pages = (1..=12).map(kiln).collect());
        fetched(setup);
        // Renamed and moved pages are not removed.
        for id in 1..=12 {
            server.edit(id, |page| {
                page.title = format!("Oven {id}");
                page.parent = Some(12).filter(|_| id != 12);
            });
        }
        fetched(setup);
        server.change(|content| {
            for page in content.pages.iter_mut().filter(|page| page.id > 4) {
                page.is_hidden = true;
            }
        });
        let (code, told) = setup.fetch();
        assert!(
            code == 1 && told.contains("is held back because it removes 8 of 12 documents"),
            "{told}"
        );
        assert_eq!(setup.documents().len(), 12);
        assert!(super::said(&setup.signpost(&["sources", "accept", "kilns"])).contains("is accepted"));
        // Somebody edits a page before the next fetch.
        server.edit(1, |page| page.storage.push_str("<p>More.</p>"));
        assert!(fetched(setup).starts_with("kilns: now at "));
        assert_eq!(setup.documents().len(), 4);
        assert!(!super::said(&setup.signpost(&["sources"])).contains("held back"));
    });
}

#[test]
fn pages_are_read_as_the_wiki_shows_them() {
    with_wikis(|deployment, setup, server, address| {
        settings(setup, deployment, address, "", "");
        let include = |name: &str, title: &str| {
            format!(
                "<ac:structured-macro ac:name=\"{name}\"><ac:parameter ac:name=\"\"><ac:link><ri:page ri:content-title=\"{title}\"/>\
                 </ac:link></ac:parameter></ac:structured-macro>"
            )
        };
        let storage = format!(
            "<p>The kiln&rsquo;s door is shut.</p>\
             <ac:structured-macro ac:name=\"code\"><ac:parameter ac:name=\"language\">bash</ac:parameter>\
             <ac:plain-text-body><![CDATA[if [[ $a[0]]]]><![CDATA[> 1 ]]; then kilnctl open; fi]]></ac:plain-text-body>\
             </ac:structured-macro><h1>What to do</h1><ac:structured-macro ac:name=\"expand\"><ac:parameter ac:name=\"title\">\
             Steps</ac:parameter><ac:rich-text-body><ol><li>Read <ac:link ac:anchor=\"Oil\"><ri:page ri:content-title=\"Oil &amp; \
             gas\" /><ac:link-body>the oil page</ac:link-body></ac:link>.</li><li>See <ac:link><ri:attachment \
             ri:filename=\"door plan.pdf\"/></ac:link> and <a href=\"/wiki/x/1\">this</a>.</li></ol></ac:rich-text-body>\
             </ac:structured-macro>{}{}{}",
            include("include", "Oil &amp; gas"),
            include("excerpt-include", "Fire"),
            include("include", "Unknown page"),
        );
        server.change(|content| {
            content.pages = vec![
                WikiPage::new(1, "LICENSE | Kiln: door.de", &storage),
                WikiPage {
                    labels: vec!["oil"],
                    ..WikiPage::new(2, "Oil & gas", &format!("<p>Oil the hinges.</p>{}", include("include", "LICENSE | Kiln: door.de")))
                },
                WikiPage::new(
                    3,
                    "Fire",
                    "<p>Not this.</p><ac:structured-macro ac:name=\"excerpt\"><ac:rich-text-body><p>Put the fire out.</p>\
                     </ac:rich-text-body></ac:structured-macro>",
                ),
            ];
        });
        fetched(setup);
        let shown = super::said(&setup.signpost(&["render", "--all"]));
        let page = |id: u64| match deployment {
            Cloud => format!("{address}/wiki/spaces/OPS/pages/{id}/Some+title"),
            DataCenter => format!("{address}/confluence/pages/viewpage.action?pageId={id}"),
        };
        let base = page(1)
            .split("/spaces")
            .next()
            .unwrap()
            .split("/pages")
            .next()
            .unwrap()
            .to_owned();
        for expected in [
            "LICENSE | Kiln: door.de".to_owned(),
            format!("{}#Oil", page(2)),
            "the oil page".to_owned(),
            format!("{base}/download/attachments/1/door%20plan.pdf"),
            format!("{address}/wiki/x/1"),
            "Oil the hinges.".to_owned(),
            "Put the fire out.".to_owned(),
            "Unknown page".to_owned(),
            "From Confluence OPS, changed 12 Nov 2026.".to_owned(),
        ] {
            assert!(shown.contains(&expected), "{deployment:?} {expected}: {shown}");
        }
        let code = super::said(&setup.signpost(&["render", "LICENSE | Kiln: door.de", "--json"]));
        assert!(!code.contains("CDATA"), "{code}");
        let html = std::fs::read_dir(setup.state().join("trees"))
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let file = html.join("OPS").join("LICENSE Kiln door.de_1.html");
        assert!(std::fs::read_to_string(file).unwrap().contains("$a[0]]]]><![CDATA[> 1"));
    });
}

#[test]
fn wrong_settings_are_explained() {
    let setup = Setup::new();
    let told = |lines: &str| {
        setup.runbooks(&format!("[[runbooks.sources]]\nid = \"kilns\"\n{lines}"));
        let (code, told) = setup.fetch();
        assert_eq!(code, 2, "{told}");
        told.replace(&setup.path("config").display().to_string(), "config")
    };
    let site = "confluence = \"https://x.atlassian.net\"\n";
    for (lines, expected) in [
        (site.to_owned(), "runbooks.sources[kilns].spaces"),
        (format!("{site}spaces = [\"A B\"]"), "contains \"A B\""),
        (
            format!("{site}spaces = [\"OPS\"]\nbase_url = \"https://x.example\""),
            "each page is linked to its own address",
        ),
        (
            format!("{site}spaces = [\"OPS\"]\nlabels = [\"a b\"]"),
            "contains \"a b\"",
        ),
        (
            format!("{site}spaces = [\"OPS\"]\ndeployment = \"server\""),
            "\"cloud\" or \"data-center\"",
        ),
        (
            format!("{site}spaces = [\"OPS\"]\ngit = \"https://x.example/y.git\""),
            "is set together with `git`",
        ),
        (
            "confluence = \"http://x.example\"\nspaces = [\"OPS\"]".to_owned(),
            "is not encrypted",
        ),
        (
            "confluence = \"https://ada:x@x.example\"\nspaces = [\"OPS\"]".to_owned(),
            "contains a user or a password",
        ),
    ] {
        let told = told(&lines);
        assert!(told.contains(expected), "{lines}: {told}");
        assert!(!told.contains("ada:x@"));
    }
}
