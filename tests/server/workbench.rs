//! The workbench: who may see it, what it shows, and that whatever it shows is text.

use std::fs;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use formwork::token::generate;
use formwork::workbench::Audience;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Answer, REFERENCE, Server, bearer, user};

const HOST: (&str, &str) = ("host", "forms.example");
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Every page that there is.
const PAGES: [&str; 11] = [
    "/_/",
    "/_/?q=news",
    "/_/forms/newsletter",
    "/_/forms/newsletter?view=preview",
    "/_/forms/newsletter?view=examples",
    "/_/forms/newsletter?view=request",
    "/_/forms/newsletter?view=schema",
    "/_/forms/newsletter?view=changes",
    "/_/try",
    "/_/try?form=developer%2Fsign_up",
    "/_/records",
];

impl Server {
    async fn for_developer(forms: &[(&str, &str)]) -> Self {
        let token = generate("dev", &["*".to_owned()], 0).unwrap();
        Self::with_workbench(forms, Audience::Developer, Some(token.stored)).await
    }

    async fn for_administrators(forms: &[(&str, &str)]) -> Self {
        Self::with_workbench(forms, Audience::Administrators, None).await
    }

    /// Looks at a page as the developer does.
    async fn look(&self, path: &str) -> Answer {
        self.get(path, &[("host", "localhost:8080"), OWN]).await
    }

    /// Sends a form of the workbench as the developer does.
    async fn send_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.fill_in(path, &[("host", "localhost:8080"), OWN], fields).await
    }

    async fn fill_in(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        self.request(Method::POST, path, &all, body).await
    }

    /// Signs in; the cookie as a browser sends it back.
    async fn sign_in(&self, token: &str) -> Option<String> {
        let headers = [HOST, OWN, ("origin", "https://forms.example")];
        let answer = self.fill_in("/_/sign-in", &headers, &[("token", token)]).await;
        Some(answer.header("set-cookie")?.split(';').next().unwrap().to_owned())
    }

    fn write(&self, form: &str, text: &str) {
        let path = self.root.path().join("configs/forms").join(format!("{form}.toml"));
        fs::write(path, text).unwrap();
        let now = SystemTime::now() + Duration::from_secs(10);
        let reload = self.registry.reload(now).unwrap();
        self.workbench.reloaded(&self.registry, &reload, now);
    }

    fn read(&self, form: &str) -> String {
        fs::read_to_string(self.root.path().join("configs/forms").join(format!("{form}.toml"))).unwrap()
    }
}

#[tokio::test]
async fn there_is_no_workbench_unless_it_is_asked_for() {
    let server = Server::new(&[]).await;
    let everything = bearer(&server.token("all", &["*"]).await);
    for path in PAGES.into_iter().chain(["/", "/_", "/_/sign-in", "/_/events"]) {
        let answer = server.get(path, &[HOST, OWN, ("authorization", &everything)]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_page_is_there_and_protected() {
    let server = Server::for_developer(&[]).await;
    for path in PAGES.into_iter().chain(["/_/nowhere", "/_/forms/nowhere", "/_/forms/newsletter?view=x"]) {
        let answer = server.look(path).await;
        let expected = if PAGES.contains(&path) { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(answer.status, expected, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert!(!answer.text.contains("<style") && !answer.text.contains(" style="), "{path}");
        assert_eq!(answer.text.matches("<script").count(), 1, "{path}: one script, which is an asset");
    }
    let root = server.look("/").await;
    assert_eq!((root.status, root.header("location")), (StatusCode::SEE_OTHER, Some("/_/")));
}

#[tokio::test]
async fn a_name_that_was_made_to_lead_to_this_machine_does_not_open_the_developers_workbench() {
    let server = Server::for_developer(&[]).await;
    for host in ["evil.example", "localhost.evil.example", "192.168.0.1:8080", ""] {
        for path in PAGES {
            let answer = server.get(path, &[("host", host), OWN]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{host} {path}");
            assert!(!answer.text.contains("newsletter"), "{host} {path}");
        }
    }
    assert_eq!(server.get("/_/", &[OWN]).await.status, StatusCode::FORBIDDEN, "no host at all");
    assert_eq!(server.get("/_/", &[("host", "[::1]:80"), OWN]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_of_other_sites_neither_read_nor_change_anything() {
    let developer = Server::for_developer(&[]).await;
    let local = ("host", "localhost:8080");
    for site in ["cross-site", "same-site"] {
        for path in PAGES.into_iter().chain(["/_/events", "/_/sign-in"]) {
            let answer = developer.get(path, &[local, ("sec-fetch-site", site)]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{site} {path}");
        }
    }
    let server = Server::for_administrators(&[]).await;
    let cookie = server.sign_in(&server.token("root", &["*"]).await).await.unwrap();
    let cookie = ("cookie", cookie.as_str());
    for path in ["/_/try", "/_/forms/newsletter", "/_/sign-in", "/_/sign-out"] {
        for foreign in [
            vec![],
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site"), ("origin", "https://forms.example")],
            vec![("origin", "https://evil.example")],
            vec![("origin", "null")],
        ] {
            let headers: Vec<_> = [HOST, cookie].into_iter().chain(foreign).collect();
            let answer = server.fill_in(path, &headers, &[("text", "x"), ("body", "{}")]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
    assert_eq!(server.get("/_/", &[HOST, OWN, cookie]).await.status, StatusCode::OK, "still signed in");
    // Not even those that the API answers.
    let answer = server.get("/_/", &[HOST, cookie, ("origin", "https://shop.example")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn an_administrator_signs_in_and_out() {
    let server = Server::for_administrators(&[]).await;
    let token = server.token("root", &["*"]).await;
    for path in PAGES {
        let answer = server.get(path, &[HOST, OWN]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(!answer.text.contains("newsletter&quot;") && !answer.text.contains("<table"), "{path}");
        assert!(answer.text.contains("name=\"token\" type=\"password\""), "{path}");
    }
    let headers = [HOST, OWN, ("origin", "https://forms.example")];
    let fields = [("token", token.as_str()), ("next", "/_/records")];
    let answer = server.fill_in("/_/sign-in", &headers, &fields).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, Some("/_/records")));
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/_/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(&token[4..]) && !cookie.contains("fw_"), "the cookie holds no token");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let signed_in = [HOST, OWN, ("cookie", cookie.as_str())];
    for path in PAGES {
        let answer = server.get(path, &signed_in).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.text.contains("Sign out"), "{path}");
    }
    // The cookie is worth nothing to the API.
    let body = json!({ "form_configuration_name": "developer/sign_up", "form": {} }).to_string();
    let answer = server.post("/api/users", &[("cookie", &cookie)], body).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let answer = server.fill_in("/_/sign-out", &signed_in, &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(server.get("/_/", &signed_in).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let server = Server::for_administrators(&[]).await;
    let now = 1_700_000_000_000;
    let mut expiring = generate("expiring", &["*".to_owned()], 0).unwrap();
    expiring.stored.expires_at = Some(now + 1);
    server.store.add_token(&expiring.stored).await.unwrap();
    let revoked = server.token("revoked", &["*"]).await;
    for (name, token) in [("expiring", expiring.text), ("revoked", revoked)] {
        let cookie = server.sign_in(&token).await.unwrap();
        let headers = [HOST, OWN, ("cookie", cookie.as_str())];
        assert_eq!(server.get("/_/records", &headers).await.status, StatusCode::OK, "{name}");
        assert!(server.store.revoke_token(name, now).await.unwrap());
        assert_eq!(server.get("/_/records", &headers).await.status, StatusCode::UNAUTHORIZED, "{name}");
        assert_eq!(server.get("/_/events", &headers).await.status, StatusCode::UNAUTHORIZED, "{name}");
    }
}

#[tokio::test]
async fn whatever_is_no_administrators_token_is_refused_alike() {
    let server = Server::for_administrators(&[]).await;
    let narrow = server.token("narrow", &["newsletter", "developer/*", "reference*"]).await;
    let wrong = format!("{}{}", &server.token("root", &["*"]).await[..20], "A".repeat(43));
    let headers = [HOST, OWN, ("origin", "https://forms.example")];
    let mut told = Vec::new();
    for token in [narrow.as_str(), &wrong, "", "nonsense"] {
        let answer = server.fill_in("/_/sign-in", &headers, &[("token", token)]).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::UNAUTHORIZED, None));
        told.push(answer.text);
    }
    assert!(told.iter().all(|text| *text == told[0] && text.contains("no valid token")));
    let narrow = bearer(&narrow);
    let answer = server.get("/_/", &[HOST, OWN, ("authorization", &narrow)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    for cookie in ["formwork_workbench=", "formwork_workbench=AAAA", "other=1"] {
        let answer = server.get("/_/", &[HOST, OWN, ("cookie", cookie)]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{cookie}");
    }
}

#[tokio::test]
async fn who_tries_many_tokens_has_to_wait() {
    let server = Server::for_administrators(&[]).await;
    let token = server.token("root", &["*"]).await;
    let headers = [HOST, OWN, ("origin", "https://forms.example")];
    for _ in 0..10 {
        let answer = server.fill_in("/_/sign-in", &headers, &[("token", "wrong")]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = server.fill_in("/_/sign-in", &headers, &[("token", &token)]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.header("retry-after").is_some() && answer.header("set-cookie").is_none());
    server.seconds.fetch_add(10, std::sync::atomic::Ordering::Relaxed);
    assert!(server.sign_in(&token).await.is_some());
}

#[tokio::test]
async fn a_token_is_not_asked_for_where_it_would_cross_the_network_in_the_clear() {
    let server = Server::for_administrators(&[]).await;
    let token = server.token("root", &["*"]).await;
    // Browsers do not say where they ask from unless the connection is private.
    let page = server.get("/_/", &[HOST]).await;
    assert!(!page.text.contains("type=\"password\"") && page.text.contains("https://"));
    let headers = [HOST, ("origin", "http://forms.example")];
    let answer = server.fill_in("/_/sign-in", &headers, &[("token", &token)]).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::UNAUTHORIZED, None));
    let headers = [("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")];
    let answer = server.fill_in("/_/sign-in", &headers, &[("token", &token)]).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(!cookie.contains("Secure"), "a browser would not keep it: {cookie}");
}

#[tokio::test]
async fn nobody_is_led_out_of_the_workbench_by_signing_in() {
    let server = Server::for_administrators(&[]).await;
    let token = server.token("root", &["*"]).await;
    let headers = [HOST, OWN, ("origin", "https://forms.example")];
    for next in ["https://evil.example", "//evil.example", "/_/\\evil", "javascript:alert(1)"] {
        let fields = [("token", token.as_str()), ("next", next)];
        let answer = server.fill_in("/_/sign-in", &headers, &fields).await;
        assert_eq!(answer.header("location"), Some("/_/"), "{next}");
    }
}

/// A text that would be markup, would end an attribute, and would run.
const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}";

/// Fails if a page holds the hostile text as anything but text.
fn hold_to_text(answer: &Answer, place: &str) {
    for (at, _) in answer.text.match_indices("onerror=alert(1)") {
        let before = &answer.text[at.saturating_sub(40)..at];
        assert!(before.contains("&lt;img") || before.contains("&amp;lt;img"), "{place}: {before}");
    }
    assert!(!answer.text.contains("<img src=x"), "{place}");
    assert_eq!(answer.text.matches("<script").count(), 1, "{place}");
}

#[tokio::test]
async fn whatever_a_form_says_is_shown_as_text() {
    let quoted = json!(HOSTILE).to_string();
    let good = format!(
        "description = {quoted}\nresource = \"User\"\naccess = \"public\"\n[fields.email]\nlabel = {quoted}\n\
         description = {quoted}\nvalidation.format = {{ with = '^{HOSTILE_PATTERN}', message = {quoted} }}\n\
         [fields.properties.choice]\nlabel = {quoted}\nui.placeholder = {quoted}\nvalidation.inclusion.in = [{quoted}]\n\
         default = {quoted}\n[[examples]]\ndescription = {quoted}\nvalid = false\nform = {{ email = {quoted} }}\n"
    );
    let broken = format!("# {HOSTILE}\nresource = {quoted}\n{quoted} = {quoted}\n[fields.{quoted}]\n");
    let server = Server::for_developer(&[("hostile", &good), (HOSTILE_FILE, &broken)]).await;
    fs::write(server.root.path().join("configs/locales/en.toml"), format!("{quoted} = {quoted}\n")).unwrap();
    server.registry.reload(SystemTime::now()).unwrap();
    let name =
        form_urlencoded::byte_serialize(HOSTILE_FILE.as_bytes()).collect::<String>().replace('+', "%20");
    for form in ["hostile", &name] {
        for view in ["source", "preview", "examples", "request", "schema", "changes"] {
            let path = format!("/_/forms/{form}?view={view}");
            let answer = server.look(&path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            hold_to_text(&answer, &path);
        }
        hold_to_text(&server.look(&format!("/_/try?form={form}")).await, form);
    }
    let list = server.look("/_/").await;
    hold_to_text(&list, "the list");
    assert!(list.text.contains("onerror=alert(1)"), "the name of the file is shown");
    server.write("hostile", &good.replace("[fields.properties.choice]", "[fields.properties.other]"));
    let changes = server.look("/_/forms/hostile?view=changes").await;
    assert!(changes.text.contains("onerror=alert(1)") && changes.text.contains("field-removed"));
    hold_to_text(&changes, "changes");
}

/// The same where TOML and regular expressions take it as a text of their own.
const HOSTILE_PATTERN: &str = "</script><img src=x onerror=alert(1)>";
const HOSTILE_FILE: &str = "<img src=x onerror=alert(1)>\"&";

#[tokio::test]
async fn whatever_is_sent_is_shown_as_text() {
    let server = Server::for_developer(&[]).await;
    let value = json!({ "first_name": HOSTILE, "email": "a@example.com", "password": "somepassword" });
    assert_eq!(server.submit(REFERENCE, value.clone()).await.status, StatusCode::CREATED);
    let records = server.look("/_/records").await;
    assert!(records.text.contains("onerror=alert(1)"));
    hold_to_text(&records, "records");
    let body = json!({ "form": value, HOSTILE: HOSTILE }).to_string();
    let request = server.send_form("/_/forms/newsletter", &[("body", &body), ("language", HOSTILE)]).await;
    assert!(request.text.contains("onerror=alert(1)"));
    hold_to_text(&request, "request");
    let trial = server.send_form("/_/try", &[("text", HOSTILE), ("form", HOSTILE)]).await;
    hold_to_text(&trial, "trial");
    let path = format!("/_/?q={}", form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect::<String>());
    hold_to_text(&server.look(&path).await, "search");
    let host = server.get("/_/forms/newsletter?view=request", &[("host", "localhost"), OWN]).await;
    hold_to_text(&host, "host");
    let administrators = Server::for_administrators(&[]).await;
    let token = administrators.token(HOSTILE, &["*"]).await;
    let cookie = administrators.sign_in(&token).await.unwrap();
    let answer = administrators.get("/_/", &[HOST, OWN, ("cookie", &cookie)]).await;
    assert!(answer.text.contains("onerror=alert(1)"), "the token's name is shown");
    hold_to_text(&answer, "token");
    let path = format!(
        "/_/sign-in?next=/_/{}",
        form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect::<String>()
    );
    hold_to_text(&administrators.get(&path, &[HOST, OWN]).await, "next");
}

#[tokio::test]
async fn records_are_shown_page_by_page_and_without_secrets() {
    let form = "resource = \"User\"\naccess = \"public\"\nrate_limit = false\n[fields.email]\n\
        [fields.properties.pin]\nsecret = true\n[fields.properties.colour]\n[[examples]]\nform = { email = \"a@b.example\" }\n";
    let server = Server::for_developer(&[("pins", form)]).await;
    for index in 0..30 {
        let values = json!({
            "email": format!("reader{index}@example.com"), "properties": { "pin": "sesame-4711", "colour": "mauve" },
        });
        assert_eq!(server.submit("pins", values).await.status, StatusCode::CREATED);
    }
    let first = server.look("/_/records").await;
    assert!(first.text.contains("reader29@example.com") && first.text.contains("mauve"));
    assert!(first.text.contains("reader5@example.com") && !first.text.contains("reader4@example.com"));
    let older = first.text.split("<a href=\"").find(|link| link.starts_with("/_/records?before=")).unwrap();
    let second = server.look(older.split('"').next().unwrap()).await;
    assert!(second.text.contains("reader4@example.com") && second.text.contains("reader0@example.com"));
    assert!(!second.text.contains("reader5@example.com") && !second.text.contains("rel=\"next\""));
    for answer in [&first, &second] {
        assert!(!answer.text.contains("sesame"), "a secret is shown");
    }
    // A field that is no longer declared may have been a secret.
    server.write("pins", &form.replace("[fields.properties.pin]\nsecret = true\n", ""));
    let later = server.look("/_/records").await;
    assert!(!later.text.contains("sesame") && later.text.contains("mauve"));
    server.write("pins", &form.replace("[fields.properties.colour]\n", ""));
    assert!(!server.look("/_/records").await.text.contains("mauve"));
    assert_eq!(server.look("/_/records?before=x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_is_answered_as_the_api_would_answer_it() {
    let server = Server::for_developer(&[]).await;
    let path = format!("/api/form_configurations/{REFERENCE}/validate");
    for body in [
        json!({ "form": user("a@example.com") }).to_string(),
        json!({ "form": { "email": "x" } }).to_string(),
        json!({ "form": {}, "more": 1 }).to_string(),
        "{ \"form\": {}, \"form\": {} }".to_owned(),
        "nonsense".to_owned(),
    ] {
        let api = server.post(&path, &[("accept-language", "pl")], body.clone()).await;
        let fields = [("body", body.as_str()), ("language", "pl")];
        let page = server.send_form(&format!("/_/forms/{REFERENCE}"), &fields).await;
        assert_eq!(page.status, StatusCode::OK);
        let escape = |text: &str| {
            let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            text.replace('"', "&quot;").replace('\'', "&#x27;").replace('/', "&#x2f;")
        };
        assert!(page.text.contains(&format!("<b>{}</b>", api.status)), "{body}");
        let pretty = format!("{:#}", api.json());
        assert!(page.text.contains(&escape(&pretty)), "{body}\n{}", page.text);
    }
    assert!(server.store.records(None, 1).await.unwrap().is_empty(), "nothing is stored");
}

#[tokio::test]
async fn changes_are_shown_beside_the_version_before() {
    let server = Server::for_developer(&[]).await;
    let unchanged = server.look("/_/forms/newsletter?view=changes").await;
    assert!(unchanged.text.contains("has not changed"));
    let text = server.read("newsletter");
    server.write("newsletter", &text.replace("\"monthly\"]", "\"yearly\"]"));
    let changed = server.look("/_/forms/newsletter?view=changes").await;
    assert!(changed.text.contains("value-removed") && changed.text.contains("breaking"));
    assert!(changed.text.contains("class=\"line removed\"") && changed.text.contains("class=\"line added\""));
    // A form with errors is served as it was: its text is shown beside that, and nobody notices anything yet.
    server.write("newsletter", &text.replace("access =", "acces ="));
    let stale = server.look("/_/forms/newsletter?view=changes").await;
    assert!(stale.text.contains("acces") && !stale.text.contains("value-removed"));
}

#[tokio::test]
async fn a_fault_is_shown_where_it_is() {
    let server = Server::for_developer(&[]).await;
    let text = server.read("newsletter");
    server.write("newsletter", &text.replace("access =", "acces ="));
    let page = server.look("/_/forms/newsletter").await;
    let mark = page.text.find("<mark class=\"error\">acces</mark>").expect("the place is marked");
    let note = page.text.find("a form has no key `acces`").expect("the message is there");
    assert!(mark < note && page.text[mark..note].lines().count() < 8, "the note is where the fault is");
    assert!(page.text.contains("did you mean `access`?") && page.text.contains("stale"));
    assert!(server.look("/_/").await.text.contains("1 stale"));
    server.write("newsletter", &text);
    let mended = server.look("/_/forms/newsletter").await;
    assert!(!mended.text.contains("<mark class=\"error\"") && mended.text.contains("no findings"));
}

#[tokio::test]
async fn a_form_is_tried_without_being_saved() {
    let server = Server::for_developer(&[]).await;
    let before = server.read("newsletter");
    let text = before.replace("maximum = 2000", "maximum = 5");
    // As browsers send it.
    let sent = text.replace('\n', "\r\n");
    let page = server.send_form("/_/try", &[("form", "newsletter"), ("text", &sent)]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("impossible-constraint"), "{}", page.text);
    let fine = server.send_form("/_/try", &[("form", "newsletter"), ("text", &before)]).await;
    assert!(fine.text.contains("no findings") && fine.text.contains("4 of 4 come out as stated."));
    let failing = before.replace("consent = false", "consent = true");
    let failing = server.send_form("/_/try", &[("form", "newsletter"), ("text", &failing)]).await;
    assert!(failing.text.contains("3 of 4 come out as stated.") && failing.text.contains("failing-example"));
    assert_eq!(server.read("newsletter"), before);
    assert_eq!(server.registry.snapshot().generation, 1);
    let unknown = before.replace("access = ", "authorization_policies = [\"nobody\"]\naccess = ");
    let unknown = server.send_form("/_/try", &[("text", &unknown)]).await;
    assert!(unknown.text.contains("unknown-policy"));
    let large = server.send_form("/_/try", &[("text", &"#".repeat(1 << 20))]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn requests_and_failures_are_counted_for_each_form() {
    let server = Server::for_developer(&[]).await;
    server.submit(REFERENCE, json!({ "email": "x", "password": "x" })).await;
    server.submit(REFERENCE, json!({})).await;
    let page = server.look("/_/").await;
    let row = page.text.split("<tr role=\"row\">").find(|row| row.contains(REFERENCE)).unwrap();
    assert!(row.contains("class=\"number\">2</td>"), "{row}");
    assert!(row.contains("<code>blank</code> 2") && row.contains("<code>email</code> 1"), "{row}");
}

/// The next event of a stream.
async fn event(body: &mut Body) -> Option<String> {
    let frame = body.frame().await?.unwrap();
    Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn every_reload_is_an_event() {
    let server = Server::for_developer(&[]).await;
    let request = Request::get("/_/events").header("host", "localhost").header(OWN.0, OWN.1);
    let response = server.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-accel-buffering"], "no", "a proxy would keep events until it has many");
    let mut body = response.into_body();
    let first = event(&mut body).await.unwrap();
    let page = server.look("/_/").await.text;
    let stamp = first.trim().strip_prefix("data: ").unwrap().to_owned();
    assert!(page.contains(&format!("data-stamp=\"{stamp}\"")), "a page knows what it has seen");
    server.write("newsletter", &server.read("newsletter").replace("weekly", "hourly"));
    let second = event(&mut body).await.unwrap();
    assert_ne!(second, first);
    server.workbench.news.end();
    assert_eq!(event(&mut body).await, None, "nobody is kept when the process stops");
}

#[tokio::test]
async fn events_end_with_the_token_of_whoever_follows_them() {
    let server = Server::for_administrators(&[]).await;
    let cookie = server.sign_in(&server.token("root", &["*"]).await).await.unwrap();
    let request = Request::get("/_/events").header("host", "forms.example").header("cookie", cookie);
    let response = server.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let mut body = response.into_body();
    assert!(event(&mut body).await.is_some());
    server.store.revoke_token("root", 1).await.unwrap();
    server.workbench.news.tell();
    assert_eq!(event(&mut body).await, None);
}

#[tokio::test]
async fn the_document_of_the_api_does_not_tell_of_the_workbench() {
    let server = Server::for_developer(&[]).await;
    let document: Value = server.get("/api/openapi.json", &[]).await.json();
    let paths = document["paths"].as_object().unwrap();
    assert!(!paths.is_empty() && paths.keys().all(|path| !path.starts_with("/_")));
}
