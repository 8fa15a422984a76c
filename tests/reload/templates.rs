//! Templates of pages: what forms and templates have to do with each other is known while both change.

use std::fs;

use formwork_engine::registry::State;

use crate::{Live, write};

const FORM: &str = r#"resource = "User"
access = "public"
[fields.first_name]
ui.widget = "swatches"
[[examples]]
form = { email = "a@example.com" }
"#;
const PAGE: &str = r#"{{ summary }}{{ hidden }}{{ field["email"] }}{{ field["first_name"] }}"#;
const BROKEN: &str = "{{ summary }}{{ header }}";

fn rules(live: &Live) -> Vec<&'static str> {
    live.snapshot().diagnostics().map(|found| found.rule.name()).collect()
}

#[test]
fn forms_and_templates_are_held_against_each_other_whichever_changes() {
    let live = Live::new(|root| {
        write(&root.join("configs/forms/sign_up.toml"), FORM);
        write(&root.join("configs/templates/forms/sign_up.html"), PAGE);
    });
    assert_eq!(rules(&live), ["unknown-widget"]);
    let widget = live.path("configs/templates/field/swatches.html");
    write(&widget, "{{ notes }}");
    live.until("the widget has a template", |live| rules(live).is_empty());

    let form = live.path("configs/forms/sign_up.toml");
    write(&form, &FORM.replace("first_name", "last_name"));
    live.until("the template names what is gone", |live| rules(live) == ["unfit-template"]);
    write(&form, FORM);
    live.until("it is there again", |live| rules(live).is_empty());
    // A form of which nothing else changed for others than its page.
    write(&form, &FORM.replace("ui.widget", "ui.hidden = true\nui.widget"));
    live.until("it is not asked for", |live| rules(live) == ["unfit-template"]);
    write(&form, &FORM.replace("ui.widget = \"swatches\"\n", ""));
    live.until("the widget is nobody's", |live| rules(live) == ["unused-template"]);

    write(&form, FORM);
    fs::remove_file(&widget).unwrap();
    live.until("the widget is unknown", |live| rules(live) == ["unknown-widget"]);
    fs::rename(&form, live.path("configs/forms/signup.toml")).unwrap();
    live.until("the page is nobody's", |live| rules(live) == ["unknown-widget", "unused-template"]);
}

/// Whether what was told last of templates is that one stands like this.
fn is_told(live: &Live, state: Option<State>) -> bool {
    let outcomes = live.outcomes.lock().unwrap();
    let reloads = outcomes.iter().rev().filter_map(|outcome| outcome.as_ref().ok());
    reloads.flat_map(|reload| &reload.templates).next().is_some_and(|(_, told)| *told == state)
}

#[test]
fn it_is_told_how_a_template_stands() {
    let live = Live::new(|root| write(&root.join("configs/forms/sign_up.toml"), FORM));
    let page = live.path("configs/templates/forms/sign_up.html");
    for (text, state) in [(BROKEN, State::Broken), (PAGE, State::Live), (BROKEN, State::Stale)] {
        write(&page, text);
        live.until("it is told", |live| is_told(live, Some(state)));
    }
    fs::remove_file(&page).unwrap();
    live.until("it is told to be gone", |live| is_told(live, None));
}
