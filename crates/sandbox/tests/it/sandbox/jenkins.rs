//! The local Jenkins, over HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderMap;
use signpost_sandbox::jenkins::{
    APPROVAL, CHOOSE, FACTS, GET_INFO, HIDDEN, Jenkins, NIGHTLY, NOWHERE, RETIRED, Stage, password_of, token_of,
};
use signpost_sandbox::jenkins::{Build, Options as JenkinsOptions, State};

use super::*;

/// A Jenkins, at one of its two addresses.
struct Client {
    jenkins: Jenkins,
    base: String,
    http: reqwest::Client,
}

/// The fields of a form.
type Form<'a> = &'a [(&'a str, &'a str)];

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

/// Builds that only the test moves on.
fn held() -> JenkinsOptions {
    JenkinsOptions {
        is_held: true,
        ..JenkinsOptions::quick()
    }
}

/// Items that stay in the queue.
fn slow() -> JenkinsOptions {
    JenkinsOptions {
        quiet_period: Duration::from_mins(10),
        ..JenkinsOptions::quick()
    }
}

/// Runs a test at the root, and with a fresh Jenkins below `/jenkins`.
fn with_jenkins<F: Future<Output = ()>>(options: &JenkinsOptions, test: impl Fn(Client) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        for has_context in [false, true] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let shutdown = CancellationToken::new();
            let jenkins = Jenkins::start(listener, options.clone(), shutdown.clone());
            let http = reqwest::Client::builder()
                .timeout(Duration::from_secs(10))
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .build()
                .unwrap();
            let base = if has_context {
                jenkins.context_url()
            } else {
                jenkins.url()
            };
            test(Client {
                jenkins: jenkins.clone(),
                base,
                http: http.clone(),
            })
            .await;
            shutdown.cancel();
            let ended = tokio::time::timeout(Duration::from_secs(5), jenkins.stopped()).await;
            ended.expect("the Jenkins ends");
        }
    });
}

/// `/job/A/job/B`
fn path_of(job: &str) -> String {
    let names: Vec<String> = job.split('/').map(|name| name.replace(' ', "%20")).collect();
    format!("/job/{}", names.join("/job/"))
}

impl Client {
    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}{path}", self.base))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    async fn ask(&self, user: &str, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.request(method, path).basic_auth(user, Some(token_of(user)));
        self.send(if method == "POST" { request.form(form) } else { request })
            .await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("signpost", "GET", path, &[]).await
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.ask("signpost", "POST", path, form).await
    }

    /// Starts the Satellite Link job for a cluster; gives the queue item's number.
    async fn start(&self, cluster: &str) -> u64 {
        let form = [("CLUSTERID", cluster), ("TUGBOAT", "prod-wdc04-carrier107")];
        let answer = self
            .post(&format!("{}/buildWithParameters", path_of(GET_INFO)), &form)
            .await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        item_of(&answer.location()).unwrap()
    }

    /// The build that a queue item has become, once `fits`.
    async fn build(&self, queue_id: u64, fits: impl Fn(&Build) -> bool) -> (String, Build) {
        let find = |state: &State| {
            let jobs = state.jobs.iter();
            jobs.flat_map(|(name, job)| job.builds.iter().map(move |build| (name, build)))
                .find(|(_, build)| build.queue_id == queue_id && fits(build))
                .map(|(name, build)| (format!("{}/{}", path_of(name), build.number), build.clone()))
        };
        self.jenkins.wait_for(find).await.unwrap()
    }

    async fn ended(&self, queue_id: u64) -> (String, Build) {
        self.build(queue_id, |build| build.result.is_some()).await
    }

    fn fault(&self, fault: &Value) {
        self.jenkins.fault(fault).unwrap();
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn location(&self) -> String {
        self.header("location").to_owned()
    }
}

fn item_of(location: &str) -> Option<u64> {
    location
        .split_once("/queue/item/")?
        .1
        .trim_end_matches('/')
        .parse()
        .ok()
}

#[test]
fn every_answer_to_a_trigger_is_jenkins_own() {
    with_jenkins(&slow(), |client| async move {
        let with = |job: &str| format!("{}/buildWithParameters", path_of(job));
        let plain = |job: &str| format!("{}/build", path_of(job));
        let one = [("CLUSTERID", "c1")];
        let first = client.post(&with(GET_INFO), &one).await;
        assert_eq!((first.status, first.body.as_str()), (201, ""));
        assert!(first.location().starts_with(&format!("{}/queue/item/", client.base)));
        let same = client.ask("ada", "POST", &with(GET_INFO), &one).await;
        assert_eq!((same.status, same.location()), (303, first.location()));
        let causes = client
            .jenkins
            .read(|state| state.waiting().next().unwrap().causes.clone());
        assert_eq!(causes, ["signpost", "ada"]);

        let json = json!({"parameter": {"name": "CLUSTERID", "value": "c2"}}).to_string();
        let form = [("json", json.as_str())];
        let region = [("REGION", "nowhere")];
        let cases: [(&str, &str, String, Form, u16); 12] = [
            ("signpost", "POST", with(NIGHTLY), &[], 400),
            ("signpost", "POST", plain(NIGHTLY), &[], 201),
            ("signpost", "POST", plain(GET_INFO), &[], 400),
            ("signpost", "POST", plain(GET_INFO), &form, 201),
            ("signpost", "POST", plain(RETIRED), &[], 409),
            ("signpost", "GET", with(GET_INFO), &[], 405),
            ("readonly", "POST", with(GET_INFO), &one, 403),
            ("signpost", "POST", plain(HIDDEN), &[], 404),
            ("ada", "POST", plain(HIDDEN), &[], 201),
            ("signpost", "POST", with(CHOOSE), &region, 500),
            (
                "signpost",
                "POST",
                with(CHOOSE),
                &[("REGION", "us-east"), ("UNKNOWN", "x")],
                201,
            ),
            ("signpost", "POST", plain("Tools/nothing"), &[], 404),
        ];
        for (user, method, path, form, expected) in cases {
            let answer = client.ask(user, method, &path, form).await;
            assert_eq!(answer.status, expected, "{user} {method} {path}: {}", answer.body);
            assert_eq!(answer.header("x-jenkins"), "2.579", "{path}");
            match expected {
                201 => assert!(item_of(&answer.location()).is_some()),
                405 => assert_eq!(answer.header("allow"), "POST"),
                403 => assert_eq!(answer.header("x-required-permission"), "hudson.model.Item.Build"),
                500 => assert!(answer.body.contains("Oops")),
                _ => assert!(answer.header("content-type").starts_with("text/html")),
            }
        }
        let sent = client.jenkins.read(|state| {
            let item = state.waiting().find(|item| item.job == CHOOSE).unwrap();
            item.parameters.iter().map(|one| one.value.clone()).collect::<Vec<_>>()
        });
        assert_eq!(
            sent,
            ["us-east", "true", "", "", ""],
            "defaults fill in, unknown names are passed over"
        );

        client
            .jenkins
            .act("job", &json!({"job": NIGHTLY, "vetoed": true}))
            .unwrap();
        let vetoed = client.post(&plain(NIGHTLY), &[]).await;
        assert_eq!((vetoed.status, item_of(&vetoed.location())), (302, None));
        assert!(vetoed.location().ends_with("/job/nightly-report/"));
    });
}

#[test]
fn who_signs_in_how_decides_what_is_let_in() {
    with_jenkins(&slow(), |client| async move {
        let trigger = format!("{}/build", path_of(NIGHTLY));
        let nobody = client.send(client.request("GET", "/api/json")).await;
        assert_eq!((nobody.status, nobody.header("www-authenticate")), (403, ""));
        assert_eq!(nobody.header("x-jenkins"), "2.579");
        let wrong = client
            .send(client.request("GET", "/api/json").basic_auth("ada", Some("no")))
            .await;
        assert_eq!(
            (wrong.status, wrong.header("www-authenticate")),
            (401, "Basic realm=\"Jenkins\"")
        );

        let password =
            |method: &str, path: &str| client.request(method, path).basic_auth("ada", Some(password_of("ada")));
        assert_eq!(client.send(password("POST", &trigger)).await.status, 403, "no crumb");
        let issued = client.send(password("GET", "/crumbIssuer/api/json")).await;
        let cookie = issued.header("set-cookie").split(';').next().unwrap().to_owned();
        let value: Value = serde_json::from_str(&issued.body).unwrap();
        let (name, crumb) = (
            value["crumbRequestField"].as_str().unwrap(),
            value["crumb"].as_str().unwrap(),
        );
        let without_cookie = client.send(password("POST", &trigger).header(name, crumb)).await;
        assert_eq!(without_cookie.status, 403, "a crumb is good for its session only");
        let both = password("POST", &trigger).header(name, crumb).header("cookie", &cookie);
        assert_eq!(client.send(both).await.status, 201);
        let token_and_cookie = client
            .request("POST", &trigger)
            .basic_auth("ada", Some(token_of("ada")))
            .header("cookie", &cookie);
        assert_eq!(
            client.send(token_and_cookie).await.status,
            403,
            "a token is let off only without a cookie"
        );

        let me = client.json("/me/api/json").await;
        assert_eq!((&me["id"], &me["fullName"]), (&json!("signpost"), &json!("Signpost")));
        assert_eq!(client.json("/whoAmI/api/json").await["name"], "signpost");
    });
}

#[test]
fn a_definition_tells_what_its_tree_names() {
    with_jenkins(&slow(), |client| async move {
        let tree = "name,fullName,buildable,property[parameterDefinitions[name,type,description,choices,\
            defaultParameterValue[value]]]";
        let encoded: String = tree.replace('[', "%5B").replace(']', "%5D");
        let job = client
            .json(&format!("{}/api/json?tree={encoded}", path_of(CHOOSE)))
            .await;
        assert_eq!((&job["fullName"], &job["buildable"]), (&json!(CHOOSE), &json!(true)));
        assert!(job.get("builds").is_none());
        let unrelated = job["property"][0].as_object().unwrap();
        assert!(unrelated.keys().eq(["_class"]));
        let definitions = job["property"][1]["parameterDefinitions"].as_array().unwrap();
        let types: Vec<&str> = definitions.iter().map(|one| one["type"].as_str().unwrap()).collect();
        let short = types.iter().map(|one| one.strip_suffix("ParameterDefinition").unwrap());
        assert!(short.eq(["Choice", "Boolean", "Text", "Password", "String"]));
        assert_eq!(definitions[0]["choices"], json!(["eu-de", "us-east", "us-south"]));
        assert_eq!(definitions[1]["defaultParameterValue"]["value"], true);
        assert!(definitions[2].get("choices").is_none());
        assert!(
            definitions[3]["defaultParameterValue"].get("value").is_none(),
            "a password is never told"
        );

        let deep = client.json(&format!("{}/api/json", path_of(FACTS))).await;
        assert_eq!(deep["fullName"], FACTS);
        let folder = client.json("/job/Platform/job/Europe/api/json").await;
        assert_eq!(folder["jobs"][0]["name"], "Frankfurt am Main");
        let root = client.json("/api/json?tree=quietingDown,jobs[name]").await;
        assert_eq!(
            (&root["quietingDown"], root["jobs"].as_array().unwrap().len()),
            (&json!(false), 5)
        );
        assert_eq!(client.get("/api/json?tree=jobs[").await.status, 400);
        assert!(client.get("/api/python").await.body.contains("\"useCrumbs\":True"));
    });
}

#[test]
fn a_queue_item_says_why_it_waits_and_what_became_of_it() {
    with_jenkins(&held(), |client| async move {
        let item = |id: u64| format!("/queue/item/{id}/api/json");
        let trigger = format!("{}/build", path_of(NIGHTLY));
        let first = item_of(&client.post(&trigger, &[]).await.location()).unwrap();
        let (path, _) = client.build(first, |_| true).await;
        let left = client.json(&item(first)).await;
        assert_eq!(
            (&left["_class"], &left["cancelled"]),
            (&json!("hudson.model.Queue$LeftItem"), &json!(false))
        );
        assert_eq!(left["executable"]["url"], format!("{}{path}/", client.base));

        let second = item_of(&client.post(&trigger, &[]).await.location()).unwrap();
        let nowhere = format!("{}/build", path_of(NOWHERE));
        let third = item_of(&client.post(&nowhere, &[]).await.location()).unwrap();
        let waiting = format!("{}/build?delay=600sec", path_of(APPROVAL));
        let fourth = item_of(&client.post(&waiting, &[]).await.location()).unwrap();
        let settled = |state: &State| {
            let stage = |id: u64| state.queue.get(&id).map(|item| item.stage);
            (stage(second) == Some(Stage::Blocked) && stage(third) == Some(Stage::Buildable)).then_some(())
        };
        client.jenkins.wait_for(settled).await.unwrap();
        let expected = [
            (second, "BlockedItem", "Build #1 is already in progress"),
            (third, "BuildableItem", "There are no nodes with the label"),
            (fourth, "WaitingItem", "In the quiet period. Expires in"),
        ];
        for (id, class, why) in expected {
            let told = client.json(&item(id)).await;
            assert_eq!(told["_class"], format!("hudson.model.Queue${class}"));
            assert!(told["why"].as_str().unwrap().starts_with(why), "{told}");
            assert_eq!(
                told["actions"].as_array().unwrap().last().unwrap()["causes"][0]["userId"],
                "signpost"
            );
        }
        assert_eq!(
            client.json("/queue/api/json").await["items"].as_array().unwrap().len(),
            3
        );

        let cancel = |id: u64| format!("/queue/cancelItem?id={id}");
        assert_eq!(client.ask("readonly", "POST", &cancel(third), &[]).await.status, 422);
        assert_eq!(client.ask("signpost", "GET", &cancel(third), &[]).await.status, 405);
        assert_eq!(client.post(&cancel(third), &[]).await.status, 204);
        assert_eq!(client.post(&cancel(999), &[]).await.status, 404);
        let cancelled = client.json(&item(third)).await;
        assert_eq!(
            (&cancelled["cancelled"], &cancelled["executable"]),
            (&json!(true), &Value::Null)
        );

        client.jenkins.act("quiet_down", &json!({})).unwrap();
        client
            .jenkins
            .act("finish", &json!({"job": NIGHTLY, "result": "FAILURE"}))
            .unwrap();
        let quiet =
            |state: &State| (state.queue[&second].why.as_deref()? == "Jenkins is about to shut down").then_some(());
        client.jenkins.wait_for(quiet).await.unwrap();
        assert_eq!(client.json("/api/json").await["quietingDown"], true);
        client.jenkins.act("quiet_down", &json!({"on": false})).unwrap();
        client.build(second, |_| true).await;

        client.jenkins.act("options", &json!({"left_life_ms": 0})).unwrap();
        assert_eq!(client.get(&item(first)).await.status, 404, "left items are forgotten");
    });
}

#[test]
fn a_build_grows_its_log_and_leaves_its_artifacts() {
    with_jenkins(&JenkinsOptions::quick(), |client| async move {
        let id = client.start("c1u2xo5w0m8s4sandbox").await;
        let (path, _) = client.ended(id).await;
        let build = client.json(&format!("{path}/api/json")).await;
        assert_eq!(
            (&build["result"], &build["building"]),
            (&json!("SUCCESS"), &json!(false))
        );
        assert_eq!((&build["inProgress"], &build["queueId"]), (&json!(false), &json!(id)));
        assert_eq!(build["estimatedDuration"], 30);
        assert_eq!(
            build["actions"][0]["parameters"][0],
            json!({
                "_class": "hudson.model.StringParameterValue", "name": "BRANCH", "value": "Master",
            })
        );
        assert_eq!(build["artifacts"][1]["relativePath"], "connector_sl_configMap.log");
        let key = client
            .get(&format!("{path}/artifact/connector_getConnectorAPIKey.log"))
            .await;
        assert!(key.header("content-type").starts_with("text/plain"));
        let encoded = key
            .body
            .lines()
            .find_map(|line| line.trim().strip_prefix("slclient.toml: "))
            .unwrap();
        let toml = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
        assert!(toml.contains("iam_api_key = \"") && toml.contains("c1u2xo5w0m8s4sandbox"));
        let map = client.get(&format!("{path}/artifact/connector_sl_configMap.log")).await;
        assert!(map.body.contains("region: us-east"), "{}", map.body);

        let log = client.get(&format!("{path}/logText/progressiveText?start=0")).await;
        assert!(log.body.starts_with("Started by user Signpost\r\n") && log.body.contains("\u{1b}[32m"));
        let size: usize = log.header("x-text-size").parse().unwrap();
        assert_ne!(size, log.body.len(), "the size is the one on disk");
        assert_eq!(log.header("x-more-data"), "");
        let rest = client
            .get(&format!("{path}/logText/progressiveText?start={size}"))
            .await;
        assert_eq!(rest.body, "");
        let console = client.get(&format!("{path}/consoleText")).await.body;
        assert_eq!(console, log.body.replace("\r\n", "\n"));

        let tree = "builds%5Bnumber,url,queueId,building,result,timestamp%5D%7B0,50%7D";
        let found = client
            .json(&format!("{}/api/json?tree={tree}", path_of(GET_INFO)))
            .await;
        assert_eq!(
            (
                found["builds"].as_array().unwrap().len(),
                &found["builds"][0]["queueId"]
            ),
            (4, &json!(id))
        );
        let last = client
            .json(&format!("{}/lastBuild/api/json?tree=number", path_of(GET_INFO)))
            .await;
        assert_eq!(last["number"], 169);
    });
}

#[test]
fn the_cluster_or_the_control_side_choose_the_scenario() {
    with_jenkins(&JenkinsOptions::quick(), |client| async move {
        let toml = "connector_getConnectorAPIKey.log";
        let map = "connector_sl_configMap.log";
        let cases = [
            ("nokey1", "SUCCESS", vec![toml, map], ""),
            ("region1", "SUCCESS", vec![toml, map], ""),
            ("noart1", "SUCCESS", vec![toml], ""),
            ("unstable1", "UNSTABLE", vec![toml, map], "may be old"),
            (
                "fail1",
                "FAILURE",
                vec![],
                "Not authorized. Log in to Bluemix and try again. (E0003)",
            ),
        ];
        for (cluster, result, artifacts, logged) in cases {
            let id = client.start(cluster).await;
            let (path, build) = client.ended(id).await;
            assert_eq!(build.result.as_deref(), Some(result), "{cluster}");
            assert!(
                build.artifacts.iter().map(|one| one.path.as_str()).eq(artifacts),
                "{cluster}"
            );
            assert!(build.log.contains(logged), "{cluster}");
            let text = client.get(&format!("{path}/artifact/{map}")).await.body;
            assert_eq!(text.contains("region: us-south"), cluster == "region1", "{text}");
        }
        let wish = json!({"scenario": "both_right", "cluster": "nokey", "region": "mars-1", "key": "canary"});
        client.jenkins.act("scenario", &wish).unwrap();
        let id = client.start("nokey2").await;
        let (path, _) = client.ended(id).await;
        assert!(
            client
                .get(&format!("{path}/artifact/{map}"))
                .await
                .body
                .contains("region: mars-1")
        );
    });
}

#[test]
fn a_build_can_be_stopped_or_wait_for_a_person() {
    with_jenkins(&JenkinsOptions::quick(), |client| async move {
        let trigger = format!("{}/build", path_of(APPROVAL));
        let id = item_of(&client.post(&trigger, &[]).await.location()).unwrap();
        let (path, _) = client.build(id, |build| build.is_paused).await;
        let build = client.json(&format!("{path}/api/json")).await;
        assert_eq!((&build["building"], &build["result"]), (&json!(true), &Value::Null));
        assert!(build["actions"].to_string().contains("InputAction"));
        let pending = client.json(&format!("{path}/wfapi/pendingInputActions")).await;
        assert_eq!(pending[0]["message"], "Release it?");
        let log = client.get(&format!("{path}/logText/progressiveText?start=0")).await;
        assert_eq!(log.header("x-more-data"), "true");
        assert_eq!(
            client
                .post(&format!("{path}/input/Release/proceedEmpty"), &[])
                .await
                .status,
            302
        );
        assert_eq!(client.ended(id).await.1.result.as_deref(), Some("SUCCESS"));

        let id = item_of(&client.post(&trigger, &[]).await.location()).unwrap();
        let (path, _) = client.build(id, |build| build.is_paused).await;
        let stop = format!("{path}/stop");
        assert_eq!(client.get(&stop).await.status, 405);
        assert_eq!(client.ask("readonly", "POST", &stop, &[]).await.status, 403);
        let stopped = client.post(&stop, &[]).await;
        assert_eq!(
            (stopped.status, stopped.location()),
            (302, format!("{}{path}/", client.base))
        );
        assert_eq!(client.ended(id).await.1.result.as_deref(), Some("ABORTED"));
    });
}

#[test]
fn artifacts_have_odd_names_and_any_size_and_may_be_elsewhere() {
    with_jenkins(&JenkinsOptions::quick(), |client| async move {
        let trigger = format!("{}/buildWithParameters", path_of(FACTS));
        let id = item_of(&client.post(&trigger, &[("NODE", "n1")]).await.location()).unwrap();
        let (path, _) = client.ended(id).await;
        let build = client.json(&format!("{path}/api/json")).await;
        assert_eq!(build["artifacts"][0]["displayPath"], Value::Null, "none above 20");
        let odd = format!("{path}/artifact/facts/gr%C3%B6%C3%9Fe%20100%25%20%231.txt");
        assert_eq!(client.get(&odd).await.body, "odd names are read too\n");
        let large = client.request("GET", &format!("{path}/artifact/facts/large.log"));
        let large = large.basic_auth("ada", Some(token_of("ada"))).send().await.unwrap();
        assert_eq!(large.content_length(), Some(64 * 1024 * 1024));
        assert!(large.bytes_stream().next().await.unwrap().is_ok());

        client.fault(&json!({"kind": "redirect", "hops": 2}));
        let moved = client.get(&odd).await;
        assert_eq!(moved.status, 302);
        let elsewhere = moved.location();
        assert!(elsewhere.starts_with("http://localhost:"), "{elsewhere}");
        let again = client.send(client.http.get(&elsewhere)).await;
        assert_eq!(again.status, 307);
        assert!(again.header("x-jenkins").is_empty());
        let stored = again.location();
        assert_eq!(
            client.send(client.http.get(&stored)).await.body,
            "odd names are read too\n"
        );
        let told = client.send(client.http.get(&stored).basic_auth("ada", Some("x"))).await;
        assert_eq!(told.status, 400, "who sends credentials there is refused");
        let seen = client.jenkins.read(|state| state.requests.back().cloned().unwrap());
        assert_eq!(
            (&seen["what"], &seen["authorization"]),
            (&json!("object_store"), &json!(true))
        );
    });
}

#[test]
fn faults_strike_what_they_name_and_are_used_up() {
    with_jenkins(&slow(), |client| async move {
        let trigger = format!("{}/build", path_of(NIGHTLY));
        client.fault(&json!({"kind": "html", "what": "whoami"}));
        let login = client.get("/me/api/json").await;
        assert_eq!((login.status, login.header("x-jenkins")), (200, ""));
        assert_eq!(client.get("/me/api/json").await.header("x-jenkins"), "2.579");

        client.fault(&json!({"kind": "lost_location"}));
        let lost = client.post(&trigger, &[]).await;
        assert_eq!((lost.status, lost.location()), (201, String::new()));
        let waiting = || client.jenkins.read(|state| state.waiting().count());
        assert_eq!(waiting(), 1);

        client.fault(&json!({"kind": "lost_answer"}));
        let sent = client.request("POST", &format!("{}/build", path_of(APPROVAL)));
        assert!(sent.basic_auth("ada", Some(token_of("ada"))).send().await.is_err());
        assert_eq!(waiting(), 2, "it was triggered all the same");
        client.fault(&json!({"kind": "break", "what": "trigger"}));
        let sent = client.request("POST", &format!("{}/build", path_of(NOWHERE)));
        assert!(sent.basic_auth("ada", Some(token_of("ada"))).send().await.is_err());
        assert_eq!(waiting(), 2, "and here it was not");

        client.fault(&json!({"kind": "merge"}));
        let merged = client
            .post(&format!("{}/buildWithParameters", path_of(GET_INFO)), &[])
            .await;
        assert_eq!(merged.status, 303);
        let id = item_of(&merged.location()).unwrap();
        let item = format!("/queue/item/{id}/api/json");
        client.fault(&json!({"kind": "vanish", "skip": 1}));
        for expected in [200, 404, 200] {
            assert_eq!(client.get(&item).await.status, expected);
        }
        client.fault(&json!({"kind": "502", "what": "queue_item", "user": "ada"}));
        assert_eq!(client.get(&item).await.status, 200);
        assert_eq!(client.ask("ada", "GET", &item, &[]).await.status, 502);
        client.fault(&json!({"kind": "truncated", "what": "queue_item"}));
        assert!(serde_json::from_str::<Value>(&client.get(&item).await.body).is_err());
        assert_eq!(client.jenkins.read(State::faults_left), 0);

        client.fault(&json!({"kind": "restart", "ms": 600_000, "queue": "lost"}));
        let down = client.get("/api/json").await;
        assert_eq!(
            (down.status, down.header("retry-after"), down.header("x-jenkins")),
            (503, "", "2.579")
        );
        client.fault(&json!({"clear": true}));
        assert_eq!(client.get(&item).await.status, 404, "the queue was lost");
        for wrong in [
            json!({}),
            json!({"kind": "fire"}),
            json!({"kind": "slow", "what": "everything"}),
        ] {
            assert!(client.jenkins.fault(&wrong).is_err(), "{wrong}");
        }
    });
}

#[test]
fn answers_can_be_late_slow_or_half() {
    with_jenkins(&JenkinsOptions::quick(), |client| async move {
        let id = client.start("c1").await;
        let (path, _) = client.ended(id).await;
        let item = format!("/queue/item/{id}/api/json");
        client.fault(&json!({"kind": "late_executable"}));
        let late = client.json(&item).await;
        assert_eq!((&late["cancelled"], &late["executable"]), (&json!(false), &Value::Null));
        assert_eq!(client.json(&item).await["executable"]["number"], 169);

        let file = format!("{path}/artifact/connector_sl_configMap.log");
        let whole = client.get(&file).await.body;
        client.fault(&json!({"kind": "trickle", "ms": 10}));
        assert_eq!(client.get(&file).await.body, whole);
        client.fault(&json!({"kind": "cut"}));
        let request = client.request("GET", &file).basic_auth("ada", Some(token_of("ada")));
        let cut = request.send().await.unwrap();
        assert_eq!(cut.status().as_u16(), 200);
        assert!(cut.bytes().await.is_err());

        client.fault(&json!({"kind": "slow", "ms": 1, "what": "trigger", "apply": false}));
        client.start("c2").await;
        client.fault(&json!({"kind": "500", "apply": true, "what": "trigger"}));
        let form = [("CLUSTERID", "c3")];
        let failed = client
            .post(&format!("{}/buildWithParameters", path_of(GET_INFO)), &form)
            .await;
        assert_eq!(failed.status, 500);
        let built = |state: &State| (state.build_count(GET_INFO) == 6).then_some(());
        client.jenkins.wait_for(built).await.unwrap();
        let triggers = client.jenkins.read(|state| {
            let requests = state.requests.iter();
            requests.filter(|one| one["what"] == "trigger").count()
        });
        assert_eq!(triggers, 3);

        let given = json!({"kind": "html", "what": "log", "times": "always"});
        client.fault(&given);
        let listed = client.jenkins.read(State::to_json);
        assert_eq!(listed["faults"], json!([given]));
        client
            .jenkins
            .act("job", &json!({"job": GET_INFO, "deleted": true}))
            .unwrap();
        assert_eq!(client.get(&format!("{path}/api/json")).await.status, 404);
    });
}

#[test]
fn a_restart_keeps_builds_and_forgets_what_has_left_the_queue() {
    with_jenkins(&held(), |client| async move {
        let id = client.start("c1").await;
        let (path, _) = client.build(id, |_| true).await;
        client.fault(&json!({"kind": "restart", "ms": 1}));
        client.jenkins.act("hold", &json!({"on": false})).unwrap();
        let (_, build) = client.ended(id).await;
        assert_eq!(build.result.as_deref(), Some("SUCCESS"));
        assert_eq!(client.get(&format!("/queue/item/{id}/api/json")).await.status, 404);
        assert_eq!(client.json(&format!("{path}/api/json")).await["queueId"], id);
    });
}

#[test]
fn the_workspace_serves_it_with_its_controls() {
    with(quick(), |fixture| async move {
        let url = fixture.workspace.jenkins_url();
        let request = fixture.client.get(format!("{url}/whoAmI/api/json"));
        let answer = request
            .basic_auth("grace", Some(token_of("grace")))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["name"], "grace");
        let (status, told) = fixture
            .control("jenkins/options", json!({"quiet_period_ms": 0, "build_ms": 0}))
            .await;
        assert_eq!(status, 200, "{told}");
        let (_, told) = fixture
            .control("jenkins/trigger", json!({"job": NIGHTLY, "user": "grace"}))
            .await;
        let id = told["queue_id"].as_u64().unwrap();
        let ended = |state: &State| state.build(NIGHTLY, 1)?.result.clone();
        let result = fixture.workspace.jenkins().wait_for(ended).await.unwrap();
        assert_eq!(result, "SUCCESS");
        let state = fixture
            .client
            .get(format!("{}/sandbox/jenkins/state", fixture.workspace.url()));
        let state: Value = state.send().await.unwrap().json().await.unwrap();
        assert_eq!(state["queue"][0]["id"], id);
        let (status, told) = fixture.control("jenkins/finish", json!({"job": "nothing"})).await;
        assert_eq!((status, &told["error"]), (400, &json!("there is no job \"nothing\"")));
        let (status, _) = fixture
            .control("jenkins/faults", json!([{"kind": "slow", "ms": 1}]))
            .await;
        assert_eq!(status, 200);
    });
}

#[test]
fn people_see_pages_and_programs_what_jenkins_answers() {
    with_jenkins(&held(), |client| async move {
        let id = client.start("c1").await;
        let (build, _) = client.build(id, |_| true).await;
        let visit = async |path: &str| {
            let request = client.request("GET", path).header("sec-fetch-dest", "document");
            client.send(request).await
        };
        client.fault(&json!({"kind": "503", "times": "always"}));
        for path in [
            "/",
            &path_of(GET_INFO),
            &format!("{}/build?delay=0sec", path_of(GET_INFO)),
            &build,
        ] {
            let page = visit(path).await;
            assert_eq!(
                (page.status, page.header("content-type")),
                (200, "text/html; charset=utf-8"),
                "{path}"
            );
            assert!(page.body.contains("/page/jenkins.js"), "{path}: {}", page.body);
            assert!(
                page.header("content-security-policy").contains("script-src 'self'"),
                "{path}"
            );
        }
        assert_eq!(visit("/job/nothing").await.status, 404);
        assert_eq!(visit(&format!("{build}99")).await.status, 404);
        let log = visit(&format!("{build}/consoleText")).await;
        assert!(log.body.starts_with("Started by user Signpost"), "{}", log.body);
        assert_eq!(client.get(&build).await.status, 503, "faults strike programs");
        client.fault(&json!({"clear": true}));
        let bare = client.send(client.request("GET", &build)).await;
        assert_eq!(bare.status, 403, "a program that does not sign in sees nothing");
        let wrong = client.request("GET", &build).basic_auth("signpost", Some("wrong"));
        let wrong = wrong.header("sec-fetch-dest", "document");
        assert_eq!(client.send(wrong).await.status, 401);
        client.fault(&json!({"kind": "restart", "ms": 60_000}));
        assert_eq!(visit("/").await.status, 503);
    });
}

#[test]
fn what_pages_show_is_told_in_one_answer_without_secrets() {
    with_jenkins(&held(), |client| async move {
        let secret = ["correct", "horse"].join("-");
        let form = [("PASSPHRASE", secret.as_str()), ("REGION", "us-east")];
        let trigger = format!("{}/buildWithParameters", path_of(CHOOSE));
        let id = item_of(&client.post(&trigger, &form).await.location()).unwrap();
        let (_, build) = client.build(id, |_| true).await;
        client
            .jenkins
            .act("scenario", &json!({"scenario": "key_missing"}))
            .unwrap();
        client
            .jenkins
            .act("scenario", &json!({"clear": true, "scenario": "region_wrong"}))
            .unwrap();
        let root = client.jenkins.url();
        let shown = async |query: &str| -> Value {
            let url = format!("{root}/sandbox/jenkins/shown{query}");
            client.http.get(url).send().await.unwrap().json().await.unwrap()
        };
        let all = shown("").await;
        assert_eq!(all["running"][0]["job"], CHOOSE);
        assert_eq!(
            (&all["scenario"], &all["down"]),
            (&json!("region_wrong"), &json!(false))
        );
        assert_eq!((&all["job"], &all["build"]), (&Value::Null, &Value::Null));
        let one = shown(&format!("?job={CHOOSE}&number={}", build.number)).await;
        assert_eq!(
            one["job"]["parameters"][0]["choices"],
            json!(["eu-de", "us-east", "us-south"])
        );
        let values = one["build"]["parameters"].to_string();
        assert!(values.contains("us-east") && values.contains("********"), "{values}");
        assert!(!one.to_string().contains(&secret));
        assert!(
            one["build"]["log"]
                .as_str()
                .unwrap()
                .starts_with("Started by user Signpost")
        );
    });
}
