//! Any JSON object as a request to the forms that the repository has, and to one that uses the whole language.
//!
//! The first byte picks the form: `A` is the first of the list below, `B` the second, and so on around. The rest is
//! JSON text; what is no object is passed over. Each request is submitted twice, from a known client at a fixed time.
//!
//! Nothing may panic, and nothing may take long. A form must say the same both times: the same attributes, password
//! and claims, or the same violations with their paths, pointers, codes, params and Polish messages. A refusal has at
//! least one violation; what is accepted is a JSON object. Seeds are in `corpus/submit`, words in
//! `dictionaries/submit.dict`; `README.md` says how to run it. New forms go to the end of the list: seeds name forms by
//! their place in it.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use formwork_engine::build::build;
use formwork_engine::compile::{CompiledForm, Compiler};
use formwork_engine::messages::Locales;
use formwork_engine::render::{Format, render};
use formwork_engine::submission::Circumstances;
use formwork_fuzz::{now, polish, source, verdict};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// The name and text of each form.
const FORMS: [(&str, &str); 15] = [
    ("everything", include_str!("../forms/everything.toml")),
    ("sixty_fields", include_str!("../../engine/benches/sixty_fields.toml")),
    ("addresses", include_str!("../../docs/recipes/forms/addresses.toml")),
    ("age_limit", include_str!("../../docs/recipes/forms/age_limit.toml")),
    ("company_account", include_str!("../../docs/recipes/forms/company_account.toml")),
    ("date_range", include_str!("../../docs/recipes/forms/date_range.toml")),
    ("invite_code", include_str!("../../docs/recipes/forms/invite_code.toml")),
    ("languages", include_str!("../../docs/recipes/forms/languages.toml")),
    ("profiles", include_str!("../../docs/recipes/forms/profiles.toml")),
    ("sign_up", include_str!("../../docs/recipes/forms/sign_up.toml")),
    ("slug", include_str!("../../docs/recipes/forms/slug.toml")),
    ("vat_number", include_str!("../../docs/recipes/forms/vat_number.toml")),
    ("newsletter", include_str!("../../configs/forms/newsletter.toml")),
    ("create_user", include_str!("../../configs/forms/reference_rest_api_create_user.toml")),
    ("developer/sign_up", include_str!("../../configs/forms/developer/sign_up.toml")),
];

static COMPILED: LazyLock<Vec<Arc<CompiledForm>>> = LazyLock::new(|| {
    let compiler = Compiler::new();
    let compiled = FORMS.iter().map(|(name, text)| {
        let built = build(&compiler, &source(name, text), None, now());
        let text = render(&built.diagnostics, Format::Text { colour: false });
        built.form.unwrap_or_else(|| panic!("{text}"))
    });
    compiled.collect()
});

static POLISH: LazyLock<Locales> = LazyLock::new(polish);

static CIRCUMSTANCES: LazyLock<Circumstances> = LazyLock::new(|| Circumstances {
    now: now(),
    token: Some("partner".to_owned()),
    language: Some("pl".to_owned()),
    address: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))),
});

fuzz_target!(|data: &[u8]| {
    let Some((first, json)) = data.split_first() else { return };
    let Ok(request) = serde_json::from_slice::<Map<String, Value>>(json) else { return };
    let form = &COMPILED[usize::from(first.wrapping_sub(b'A')) % FORMS.len()];
    let submitted = || verdict(form, &request, &CIRCUMSTANCES, &POLISH);
    assert_eq!(submitted(), submitted(), "the form {}", form.name());
});
