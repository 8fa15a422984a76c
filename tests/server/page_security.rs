//! What strangers try with rendered forms: scripts, frames, other sites' pages, redirects to elsewhere.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use formwork_engine::source::SourceFile;
use formwork_engine::theme::Template;

use crate::Server;

/// What would run if any of it were markup.
const HOSTILE: &str = r#"</script></textarea></title><img src=x onerror=alert(1)>"><svg onload=alert(2)>' autofocus onfocus=alert(3) x='{{ 7 * 7 }}"#;

/// In a TOML string between three quotes of one kind.
fn toml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn hostile_form() -> String {
    let hostile = toml(&HOSTILE.replace("{{ 7 * 7 }}", ""));
    format!(
        r#"
description = {hostile}
resource = "User"
access = "public"
flash_notice = {notice}
flash_alert = {notice}
[fields.first_name]
label = {hostile}
description = {hostile}
ui = {{ placeholder = {hostile}, widget = {hostile} }}
validation = {{ presence = {{ message = {hostile} }}, length = {{ maximum = 300, message = {hostile} }}, confirmation = {{ message = {hostile} }} }}
[fields.properties.choice]
label = {hostile}
validation.inclusion.in = [{hostile}, "b"]
default = {hostile}
[fields.properties.many]
type = "array"
label = {hostile}
items = {{ type = "string", validation.inclusion.in = [{hostile}, "b"] }}
[fields.properties.rows]
type = "array"
label = {hostile}
description = {hostile}
items = {{ type = "string", label = {hostile} }}
validation.length.minimum = 1
[fields.properties.group]
type = "object"
label = {hostile}
[fields.properties.group.fields.text]
type = "text"
label = {hostile}
when = {{ "properties.choice" = {hostile} }}
validation.format = {{ with = "^x$", message = {hostile} }}
[fields.properties.box]
type = "boolean"
label = {hostile}
validation.acceptance = {{ message = {hostile} }}
[[examples]]
form = {{ email = "a@example.com" }}
valid = false
"#,
        notice = toml(&format!("{} {{{{ form.first_name }}}}", HOSTILE.replace("{{ 7 * 7 }}", ""))),
    )
}

/// Fails where anything of the hostile text is markup.
fn is_harmless(page: &str) {
    // The rules for the script are data, which nothing within may end.
    let (before, rules) =
        page.split_once("<script type=\"application/json\" id=\"rules\">").unwrap_or((page, ""));
    let (rules, after) = rules.split_once("</script>").unwrap_or_default();
    assert!(!rules.contains(['<', '>', '&']), "{rules}");
    let page = &format!("{before}{after}");
    for markup in ["<img", "<svg", "onerror=alert(1)>", "</textarea></title>", "' autofocus onfocus", "x='49"]
    {
        let found = page.match_indices(markup).next();
        assert!(
            found.is_none(),
            "{markup}: {}",
            &page[found.unwrap().0.saturating_sub(300)..][..600.min(page.len())]
        );
    }
    assert_eq!(page.matches("<script").count(), page.matches("</script>").count());
    assert!(page.matches("<script").count() <= 1);
}

#[tokio::test]
async fn nothing_that_is_written_or_sent_becomes_markup() {
    let server = Server::new(&[("hostile", &hostile_form())]).await;
    let locale = format!(
        "[page]\nsubmit = {0}\nrefused = {0}\nadd = {0}\nremove = {0}\nchoose = {0}\ncreated = {0}\n\
         [forms.hostile.base]\nlabel = {0}\ndescription = {0}\n[messages]\nemail = {0}\n",
        toml(&HOSTILE.replace("{{ 7 * 7 }}", ""))
    );
    fs::write(server.root.path().join("configs/locales/fr.toml"), locale).unwrap();
    server.registry.reload(std::time::SystemTime::now()).unwrap();
    let snapshot = server.registry.snapshot();
    let found: Vec<&String> = snapshot.diagnostics().map(|found| &found.message).collect();
    assert!(snapshot.form("hostile").is_some(), "{found:?}");
    for language in ["en", "fr"] {
        let path = format!("/forms/hostile?lang={language}");
        let page = server.get(&path, &[]).await;
        assert!(page.text.contains("onerror"), "the page shows none of it: {}", page.text);
        is_harmless(&page.text);
        let sent = [
            ("email", HOSTILE),
            ("first_name", HOSTILE),
            ("first_name_confirmation", HOSTILE),
            ("properties.choice", HOSTILE),
            ("properties.many", HOSTILE),
            ("properties.rows.0", HOSTILE),
            ("properties.group.text", HOSTILE),
            ("properties.box", HOSTILE),
            (HOSTILE, HOSTILE),
            ("formwork:key", HOSTILE),
            ("formwork:token", HOSTILE),
            ("formwork:stamp", HOSTILE),
        ];
        let refused = server.send_page(&path, &sent).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        is_harmless(&refused.text);
    }
    let created = server
        .send_page(
            "/forms/hostile",
            &[
                ("email", "a@example.com"),
                ("first_name", HOSTILE),
                ("first_name_confirmation", HOSTILE),
                ("properties.rows.0", "x"),
                ("properties.box", "true"),
            ],
        )
        .await;
    assert_eq!(created.status, StatusCode::SEE_OTHER, "{}", created.text);
    let flash = created.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let next = server.get("/forms/hostile?created", &[("cookie", &flash)]).await;
    assert!(next.text.contains("onerror"), "{}", next.text);
    is_harmless(&next.text);
}

#[test]
fn no_template_can_leave_out_escaping_or_what_keeps_a_page_safe() {
    let found = |name: &str, text: &str| -> Vec<String> {
        let source = SourceFile::new(format!("{name}.html").into(), name.to_owned(), text.to_owned());
        Template::read(&Arc::new(source), None).1.into_iter().map(|found| found.message).collect()
    };
    assert_eq!(found("field/text", "{{ label }}{{ notes }}"), Vec::<String>::new());
    for (name, text) in [
        ("field/text", "{{ notes }}{{ label | safe }}"),
        ("field/text", "{{ notes }}{% autoescape false %}{{ label }}{% endautoescape %}"),
        ("field/text", "{{ notes }}{% include 'page' %}"),
        ("forms/a", "{{ summary }}{{ fields }}"),
        ("form", "{{ hidden }}{{ fields }}"),
        ("page", "{{ content }}"),
        (
            "field/text",
            "{{ notes }}{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}",
        ),
        ("elsewhere", "x"),
        ("field/text", "{{ notes }}{% if %}"),
    ] {
        assert!(!found(name, text).is_empty(), "{name}: {text}");
    }
}

#[tokio::test]
async fn a_page_can_neither_be_framed_nor_load_anything_from_elsewhere() {
    let server = Server::new(&[]).await;
    let refused = server.send_page("/forms/workshop", &[]).await;
    for page in [server.get("/forms/workshop", &[]).await, server.get("/forms/nowhere", &[]).await, refused] {
        let policy = page.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    }
}

#[tokio::test]
async fn a_page_of_another_site_sends_nothing_on_a_first_visit_either() {
    let server = Server::new(&[]).await;
    let entered = [("first_name", "Example"), ("email", "a@example.com"), ("password", "somepassword")];
    let path = "/forms/reference_rest_api_create_user";
    let host = ("host", "forms.example");
    for headers in [
        &[host, ("sec-fetch-site", "cross-site")][..],
        &[host, ("sec-fetch-site", "same-site")],
        &[host, ("origin", "https://evil.example")],
        &[host, ("origin", "null")],
        // A browser that says nothing has to show its cookie.
        &[host],
        &[host, ("cookie", "formwork_token=AAAAAAAAAAAAAAAAAAAAAA")],
    ] {
        let answer = server.send_page_from(path, headers, &entered).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let page = server.get(path, &[]).await;
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let token = cookie.split_once('=').unwrap().1;
    let mut with_token = entered.to_vec();
    with_token.push(("formwork:token", token));
    let answer = server.send_page_from(path, &[host, ("cookie", cookie)], &with_token).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
}

#[tokio::test]
async fn a_redirect_leads_nowhere_that_its_author_did_not_write() {
    let form = |redirect: &str| {
        format!(
            "resource = \"User\"\naccess = \"public\"\nredirect_to = '{redirect}'\n[fields.first_name]\n[fields.last_name]\n\
             [[examples]]\nform = {{ email = \"a@example.com\" }}\n"
        )
    };
    let server = Server::new(&[
        ("path", &form("/welcome/{{ form.first_name }}?id={{ model.id }}")),
        ("bare", &form("/{{ form.first_name }}")),
        ("double", &form("/{{ form.first_name }}/{{ form.last_name }}")),
        ("origin", &form("https://shop.example/{{ form.first_name }}")),
        ("value", &form("{{ form.first_name }}")),
        ("host", &form("https://shop.example{{ form.first_name }}")),
    ])
    .await;
    for name in ["value", "host"] {
        assert!(server.registry.snapshot().form(name).is_none(), "{name} is served");
    }
    let values = [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "@evil.example",
        ".evil.example",
        "javascript:alert(1)",
        "\r\nSet-Cookie: a=b",
        "../../x",
        "",
    ];
    for (at, value) in values.into_iter().enumerate() {
        for name in ["path", "bare", "double", "origin"] {
            let email = format!("{name}{at}@example.com");
            let sent = [("email", email.as_str()), ("first_name", value), ("last_name", "evil.example")];
            let answer = server.send_page(&format!("/forms/{name}"), &sent).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
            let place = answer.header("location").unwrap();
            let own = place.strip_prefix('/').is_some_and(|rest| !rest.starts_with(['/', '\\']));
            let named = name == "origin" && place.starts_with("https://shop.example/");
            assert!(own != named && (own || named), "{name} {value}: {place}");
            assert!(!place.contains(['\\', ' ', '<']), "{place}");
        }
    }
    let policy = server.get("/forms/origin", &[]).await;
    let policy = policy.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
}

#[tokio::test]
async fn a_page_from_the_repository_holds_no_inline_script_or_style() {
    let theme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/src/theme");
    let mut looked_at = 0;
    for directory in [theme.clone(), theme.join("field")] {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "html") {
                let text = fs::read_to_string(&path).unwrap();
                looked_at += 1;
                for part in ["<style", " style=", " onclick", " onload", "javascript:", "| safe"] {
                    assert!(!text.contains(part), "{}: {part}", path.display());
                }
            }
        }
    }
    assert!(looked_at >= 15, "only {looked_at} templates were found");
}
