//! Rendered forms: what a page asks, what it sends, and what is said of it.

use std::fs;
use std::time::SystemTime;

use axum::http::StatusCode;
use serde_json::json;

use crate::{Answer, Server};

const FORM: &str = "application/x-www-form-urlencoded";

/// Everything that people can be asked.
const KINDS: &str = r#"
resource = "User"
access = "public"
flash_notice = "Welcome, {{ form.first_name }}!"
flash_alert = "Look again, {{ form.first_name }}"
[fields.first_name]
label = "First <name>"
description = "As it is \"written\""
normalize = ["trim"]
validation = { presence = true, length.maximum = 20 }
[fields.password]
validation = { presence = true, confirmation = true }
[fields.properties.plan]
validation = { presence = true, inclusion.in = ["free", "team"] }
default = "free"
[fields.properties.seats]
type = "integer"
when = { "properties.plan" = "team" }
validation = { presence = true, numericality.greater_than_or_equal_to = 2 }
[fields.properties.code]
validation.format.with = '^[A-Z]{2}[0-9]+$'
[fields.properties.starts_at]
type = "datetime"
[fields.properties.newsletter]
type = "boolean"
default = true
[fields.properties.about]
type = "text"
[fields.properties.tags]
type = "array"
items.type = "string"
validation.length.maximum = 10
[fields.properties.people]
type = "array"
validation.length.maximum = 10
[fields.properties.people.items]
type = "object"
[fields.properties.people.items.fields.name]
validation.presence = true
[fields.properties.people.items.fields.child]
type = "boolean"
[fields.properties.level]
readonly = true
default = "new"
[fields.properties.secret_word]
secret = true
[fields.profiles.developer.properties.handle]
validation.presence = true
[[examples]]
form = { email = "a@example.com", first_name = "A", password = "somepassword", password_confirmation = "somepassword" }
"#;

/// The values of a hidden control on a page.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"formwork:{name}\" value=\"");
    let rest = page.split(&start).nth(1).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    pairs
        .iter()
        .map(|(name, text)| format!("{}={}", encode(name), encode(text)))
        .collect::<Vec<_>>()
        .join("&")
}

impl Server {
    /// Sends a form as a browser does whose page is from here.
    pub(crate) async fn send_page(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        self.send_page_from(path, &[("sec-fetch-site", "same-origin")], pairs).await
    }

    pub(crate) async fn send_page_from(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        pairs: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("content-type", FORM)];
        all.extend(headers);
        self.request(axum::http::Method::POST, path, &all, encoded(pairs)).await
    }

    async fn stored(&self) -> Vec<serde_json::Value> {
        let rows = self.texts("SELECT CAST(attributes AS TEXT) FROM records ORDER BY id").await;
        rows.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }
}

const LEAST: [(&str, &str); 4] = [
    ("email", "a@example.com"),
    ("first_name", "Ada"),
    ("password", "somepassword"),
    ("password_confirmation", "somepassword"),
];

fn with(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut pairs = LEAST.to_vec();
    pairs.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
    pairs.extend(more);
    pairs
}

#[tokio::test]
async fn a_page_asks_for_every_field_in_its_own_way() {
    let described = "description = \"For <all> of \\\"you\\\"\"\n";
    let server = Server::new(&[("kinds", &format!("{described}{KINDS}"))]).await;
    let page = server.get("/forms/kinds", &[]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for part in [
        r#"<html lang="en" dir="ltr">"#,
        "<h1>Kinds</h1>",
        r#"<meta name="description" content="For &lt;all&gt; of &quot;you&quot;">"#,
        r#"<label for="field-first_name">First &lt;name&gt;<span class="mark""#,
        r#"<p class="help" id="field-first_name-help">As it is &quot;written&quot;</p>"#,
        r#"autocomplete="given-name" maxlength="20" required"#,
        r#"<input type="email" id="field-email""#,
        r#"<input type="password" id="field-password" "#,
        r#"autocomplete="new-password" minlength="8""#,
        r#"data-repeats="password" data-repeats-message="doesn&#x27;t match Password""#,
        r#"<input type="radio" id="field-properties-plan" value="free" checked name="properties.plan""#,
        r#"<label for="field-properties-plan-1">Team</label>"#,
        "Only if “Plan” is “Team”",
        r#"inputmode="numeric" min="2" step="1""#,
        r#"pattern="[A-Z]{2}[0-9]+""#,
        r#"<input type="datetime-local" id="field-properties-starts_at""#,
        r#"<input type="checkbox" value="true" checked id="field-properties-newsletter""#,
        r#"<textarea rows="5" id="field-properties-about""#,
        r#"<button type="submit" class="secondary" name="formwork:add" value="properties.tags" formnovalidate>"#,
        r#"name="properties.people.__0__.name""#,
        "<legend>Developer</legend>",
        // What a browser must not demand is told to people all the same.
        r#"id="field-profiles-developer-properties-handle" aria-describedby="field-profiles-developer-properties-handle-error" aria-required="true""#,
    ] {
        assert!(page.text.contains(part), "{part}\n{}", page.text);
    }
    for absent in ["properties.level", "id=\"field-properties-seats\" required", "<script>", "style="] {
        assert!(!page.text.contains(absent), "{absent}\n{}", page.text);
    }
}

#[tokio::test]
async fn what_is_sent_goes_the_way_of_the_api() {
    let server = Server::new(&[("kinds", KINDS)]).await;
    let answer = server
        .send_page(
            "/forms/kinds",
            &with(&[
                ("first_name", " Ada "),
                ("properties.plan", "team"),
                ("properties.seats", "+3"),
                ("properties.code", ""),
                ("properties.starts_at", "2030-12-31T23:59"),
                ("properties.about", "one\r\ntwo"),
                ("properties.tags.7", "b"),
                ("properties.tags.3", "a"),
                ("properties.tags.9", ""),
                ("properties.people.0.name", ""),
                ("properties.people.1.name", "Grace"),
                ("profiles.developer.properties.handle", ""),
            ]),
        )
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert_eq!(answer.header("location"), Some("/forms/kinds?created"));
    let attributes = server.stored().await.remove(0);
    assert_eq!(attributes["first_name"], "Ada");
    assert_eq!(
        attributes["properties"],
        json!({
            "plan": "team", "seats": 3, "starts_at": "2030-12-31T23:59:00Z", "newsletter": false,
            "about": "one\ntwo", "tags": ["a", "b"], "people": [{ "name": "Grace", "child": false }], "level": "new",
        })
    );
    assert!(attributes["profiles"].get("developer").is_none());
    let flash = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let next = server.get("/forms/kinds?created", &[("cookie", &flash)]).await;
    assert!(next.text.contains("Welcome, Ada!"), "{}", next.text);
    assert!(next.header("set-cookie").unwrap().contains("Max-Age=0"));
    let forged = flash.replace('=', "=A");
    assert!(!server.get("/forms/kinds?created", &[("cookie", &forged)]).await.text.contains("Ada"));
}

#[tokio::test]
async fn a_refusal_shows_every_error_beside_its_field_and_keeps_what_was_entered() {
    let server = Server::new(&[("kinds", KINDS)]).await;
    let pairs = with(&[
        ("first_name", "Ada \"the\" <first>, of her long, long name"),
        ("password", "secret-one"),
        ("password_confirmation", "secret-two"),
        ("properties.secret_word", "secret-three"),
        ("properties.seats", "none"),
        ("properties.plan", "team"),
        ("properties.people.0.child", "true"),
        ("properties.newsletter", "true"),
    ]);
    let page = server.send_page("/forms/kinds", &pairs).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for part in [
        "<title>Error: Kinds</title>",
        r#"role="alert" tabindex="-1" aria-labelledby="summary-title" autofocus"#,
        r##"<a href="#field-password_confirmation">Password confirmation doesn&#x27;t match Password</a>"##,
        r##"<a href="#field-properties-people-0-name">People 1: Name can&#x27;t be blank</a>"##,
        r#"value="Ada &quot;the&quot; &lt;first&gt;, of her long, long name""#,
        "Look again, Ada &quot;the&quot;",
        r#"<input type="text" value="none" id="field-properties-seats""#,
        r#"id="field-first_name-error"><span class="visually-hidden">Error: </span><span class="text">is too long"#,
        r#"aria-invalid="true""#,
        r#"<input type="checkbox" value="true" checked id="field-properties-people-0-child""#,
    ] {
        assert!(page.text.contains(part), "{part}\n{}", page.text);
    }
    for secret in ["secret-one", "secret-two", "secret-three"] {
        assert!(!page.text.contains(secret), "{secret}");
    }
    assert!(server.stored().await.is_empty());
}

#[tokio::test]
async fn rows_are_added_and_removed_without_a_script() {
    let server = Server::new(&[("kinds", KINDS)]).await;
    let rows = |page: &Answer| {
        page.text.split("<template>").next().unwrap().matches("name=\"properties.tags.").count()
    };
    let page = server.send_page("/forms/kinds", &with(&[("formwork:add", "properties.tags")])).await;
    assert_eq!((page.status, rows(&page)), (StatusCode::OK, 1), "{}", page.text);
    let two = [("properties.tags.0", "kept"), ("properties.tags.1", ""), ("formwork:add", "properties.tags")];
    let page = server.send_page("/forms/kinds", &with(&two)).await;
    assert_eq!(rows(&page), 3);
    assert!(page.text.contains("value=\"kept\"") && page.text.contains("value=\"a@example.com\""));
    let less = [
        ("properties.tags.0", "gone"),
        ("properties.tags.1", "kept"),
        ("formwork:remove", "properties.tags.0"),
    ];
    let page = server.send_page("/forms/kinds", &with(&less)).await;
    assert_eq!(rows(&page), 1);
    assert!(page.text.contains("value=\"kept\"") && !page.text.contains("gone"));
    assert!(server.stored().await.is_empty());
}

#[tokio::test]
async fn sending_twice_creates_once() {
    let server = Server::new(&[("kinds", KINDS)]).await;
    let page = server.get("/forms/kinds", &[]).await;
    let key = hidden(&page.text, "key");
    let mut pairs: Vec<(&str, &str)> = LEAST.to_vec();
    pairs.push(("formwork:key", &key));
    let first = server.send_page("/forms/kinds", &pairs).await;
    let again = server.send_page("/forms/kinds", &pairs).await;
    assert_eq!((first.status, again.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    assert_eq!(server.stored().await.len(), 1);
    pairs[0] = ("email", "b@example.com");
    let changed = server.send_page("/forms/kinds", &pairs).await;
    assert_eq!(changed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(changed.text.contains("You have sent this form before"), "{}", changed.text);
    let key = hidden(&changed.text, "key");
    pairs[4] = ("formwork:key", &key);
    assert_eq!(server.send_page("/forms/kinds", &pairs).await.status, StatusCode::SEE_OTHER);
    assert_eq!(server.stored().await.len(), 2);
}

#[tokio::test]
async fn what_can_be_read_two_ways_is_refused() {
    let server = Server::new(&[("kinds", KINDS)]).await;
    for more in [
        [("email", "a@example.com"), ("email", "b@example.com")],
        [("properties.people.0", "x"), ("properties.people.0.name", "y")],
        [("properties.tags.first", "x"), ("properties.tags.second", "y")],
    ] {
        let answer = server.send_page("/forms/kinds", &more).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{more:?}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    }
    let unknown = server.send_page("/forms/kinds", &with(&[("properties.admin", "true"), ("id", "7")])).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.text.contains("properties.admin is not a field of this form"));
    let json = server.request(
        axum::http::Method::POST,
        "/forms/kinds",
        &[("content-type", "application/json"), ("sec-fetch-site", "same-origin")],
        "{}",
    );
    assert_eq!(json.await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let large = format!("email={}", "a".repeat(1 << 20));
    let headers = [("content-type", FORM), ("sec-fetch-site", "same-origin")];
    let large = server.request(axum::http::Method::POST, "/forms/kinds", &headers, large).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_form_that_needs_a_token_has_no_page() {
    let server = Server::new(&[]).await;
    let token = crate::bearer(&server.token("all", &["*"]).await);
    let mut told = Vec::new();
    for path in ["/forms/developer/sign_up", "/forms/developer%2Fsign_up", "/forms/nowhere"] {
        let page = server.get(path, &[("authorization", &token)]).await;
        let sent = server.send_page(path, &LEAST).await;
        told.push((page.status, page.text.clone(), sent.status, sent.text));
    }
    assert_eq!((told[0].0, told[0].2), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert!(told.iter().all(|answer| *answer == told[0]), "{told:?}");
}

#[tokio::test]
async fn a_page_is_in_the_language_that_is_asked_for() {
    let server = Server::new(&[]).await;
    let german = server.get("/forms/workshop", &[("accept-language", "de-AT, en;q=0.5")]).await;
    for part in ["<html lang=\"de\"", "Anmeldung zum Workshop", ">Vorname<", ">Geschäftlich<", ">Absenden<"]
    {
        assert!(german.text.contains(part), "{part}");
    }
    let polish = server.get("/forms/workshop?lang=pl", &[("accept-language", "de")]).await;
    assert!(polish.text.contains("<html lang=\"pl\"") && polish.text.contains(">Wyślij<"));
    assert!(polish.text.contains("workshop?lang=pl\" accept-charset"));
    let refused = server.send_page("/forms/workshop?lang=pl", &[]).await;
    assert!(refused.text.contains("<html lang=\"pl\""), "{}", refused.text);
    let missing = server.get("/forms/nowhere?lang=pl", &[]).await;
    assert!(missing.text.contains("<h1>Nie znaleziono</h1>") && missing.text.contains("Tu niczego nie ma."));
    let odd = server.get("/forms/workshop?lang=%22%3E%3Cscript%3E", &[]).await;
    assert!(odd.text.contains("<html lang=\"en\"") && !odd.text.contains("%22"));
}

#[tokio::test]
async fn programs_are_kept_out_where_a_form_says_so() {
    let server = Server::new(&[]).await;
    let page = server.get("/forms/workshop", &[]).await;
    assert!(page.text.contains("name=\"website\""));
    let stamp = hidden(&page.text, "stamp");
    let entered = [("email", "a@example.com")];
    let said = |answer: &Answer, text: &str| {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            answer.text.contains(text) && answer.text.contains("value=\"a@example.com\""),
            "{}",
            answer.text
        );
    };
    // The clock of these tests stands still.
    let fast = [entered[0], ("formwork:stamp", stamp.as_str())];
    let answer = server.send_page("/forms/workshop", &fast).await;
    said(&answer, "That was very fast");
    assert_eq!(hidden(&answer.text, "stamp"), stamp);
    let forged = [entered[0], ("formwork:stamp", "MTAwMA.AAAA")];
    said(&server.send_page("/forms/workshop", &forged).await, "open for a long time");
    said(&server.send_page("/forms/workshop", &entered).await, "open for a long time");
    let trapped = [entered[0], ("website", "https://spam.example"), ("formwork:stamp", stamp.as_str())];
    said(&server.send_page("/forms/workshop", &trapped).await, "could not be taken");
}

#[tokio::test]
async fn a_page_counts_towards_the_rate_of_its_form() {
    let form = KINDS.replace(
        "access = \"public\"",
        "access = \"public\"\nrate_limit = { requests = 1, per = \"1 minute\" }",
    );
    let server = Server::new(&[("kinds", &form)]).await;
    assert_eq!(
        server.send_page("/forms/kinds", &with(&[("email", "")])).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let answer = server.send_page("/forms/kinds", &LEAST).await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, Some("60")));
    assert!(answer.text.contains("submitted too often") && answer.text.contains("value=\"a@example.com\""));
    let german = server.send_page("/forms/kinds?lang=de", &LEAST).await;
    assert!(german.text.contains("es in 60 Sekunden noch einmal"), "{}", german.text);
}

#[tokio::test]
async fn authors_override_templates_while_pages_are_served() {
    let server = Server::new(&[("kinds", KINDS)]).await;
    let templates = server.root.path().join("configs/templates");
    fs::create_dir_all(templates.join("forms")).unwrap();
    fs::create_dir_all(templates.join("field")).unwrap();
    let write = |name: &str, text: &str| {
        fs::write(templates.join(name), text).unwrap();
        server.registry.reload(SystemTime::now()).unwrap();
    };
    write("forms/kinds.html", "<b>{{ title }}</b>{{ summary }}<form>{{ hidden }}{{ field['email'] }}</form>");
    write("field/email.html", "<i>{{ label }}</i>{{ notes }}<input{{ attributes }}>");
    let page = server.get("/forms/kinds", &[]).await;
    assert!(page.text.contains("<b>Kinds</b>") && page.text.contains("<i>Email</i>"), "{}", page.text);
    assert!(!page.text.contains("first_name-help"));
    // One that is broken is not shown; the last good one is.
    write("forms/kinds.html", "<b>{{ header }}</b>{{ summary }}{{ hidden }}");
    let page = server.get("/forms/kinds", &[]).await;
    assert!(page.text.contains("<b>Kinds</b>"));
    let snapshot = server.registry.snapshot();
    let found: Vec<_> = snapshot.diagnostics().collect();
    assert_eq!(found.len(), 1, "{found:?}");
    let place = found[0].primary.file.position(found[0].primary.span.start);
    assert_eq!((found[0].message.as_str(), place.line, place.column), ("there is no `header` here", 1, 7));
}
