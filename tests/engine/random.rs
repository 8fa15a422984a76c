//! Random requests: nothing that JSON can say makes a form panic or change its mind.

use formwork_engine::compile::CompiledForm;
use serde_json::{Map, Number, Value};

use crate::forms::{all, single_values, stores_everything, submitted, text};

/// A small generator (xorshift64*), so that every run sees the same requests.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap() % limit
    }

    fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 0
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    fn text(&mut self) -> String {
        const WHOLE: [&str; 12] = [
            "",
            " ",
            "ada@example.com",
            "free",
            "paid",
            "PL-000042",
            "correct horse",
            "x",
            "0",
            "true",
            "{{ value }}",
            "a\0b",
        ];
        const PARTS: [&str; 16] = [
            "a", "Z", "7", " ", "\u{a0}", "\n", "@", ".", "e\u{301}", "é", "ß", "İ", "ﬁ", "🎉", "\u{feff}",
            "/",
        ];
        if self.one_in(2) {
            return (*self.pick(&WHOLE)).to_owned();
        }
        let length = if self.one_in(20) { 2100 } else { self.below(12) };
        (0..length).map(|_| *self.pick(&PARTS)).collect()
    }

    fn number(&mut self) -> Value {
        const FLOATS: [f64; 8] = [0.0, -0.0, 0.5, 1.0, 99.5, 1e16, -1e300, f64::MIN_POSITIVE];
        const INTEGERS: [i64; 7] = [0, 1, -1, 3, 13, i64::MAX, i64::MIN];
        match self.below(3) {
            0 => Number::from_f64(*self.pick(&FLOATS)).map_or(Value::Null, Value::Number),
            1 => Value::from(*self.pick(&INTEGERS)),
            _ => Value::from(self.next()),
        }
    }

    /// A value that may be anything; `keys` are those that objects prefer.
    fn value(&mut self, keys: &[String], depth: usize) -> Value {
        match self.below(if depth == 0 { 4 } else { 7 }) {
            0 => Value::Null,
            1 => Value::from(self.one_in(2)),
            2 => self.number(),
            3 => Value::from(self.text()),
            4 => (0..self.below(4)).map(|_| self.value(keys, depth - 1)).collect(),
            _ => Value::Object(self.object(keys, depth - 1)),
        }
    }

    fn object(&mut self, keys: &[String], depth: usize) -> Map<String, Value> {
        let count = self.below(8);
        (0..count)
            .map(|_| {
                let key = if self.one_in(8) { self.text() } else { self.pick(keys).clone() };
                (key, self.value(keys, depth))
            })
            .collect()
    }

    /// A request that follows the document in most places.
    fn request(&mut self, schema: &Value, keys: &[String]) -> Value {
        if self.one_in(12) {
            return self.value(keys, 3);
        }
        if let Some(listed) = schema["enum"].as_array() {
            return self.pick(listed).clone();
        }
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
        match kind {
            Some("object") => {
                let mut object = Map::new();
                for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
                    if !self.one_in(4) {
                        let suffix = if self.one_in(6) { "_attributes" } else { "" };
                        object.insert(format!("{name}{suffix}"), self.request(inner, keys));
                    }
                }
                if self.one_in(6) {
                    object.insert(self.text(), self.value(keys, 1));
                }
                Value::Object(object)
            }
            Some("string") if schema["format"] == "email" => {
                Value::from(format!("{}@example.com", self.below(1000)))
            }
            Some("string") => Value::from(self.text()),
            Some("integer") => Value::from(self.below(30)),
            Some("number") => self.number(),
            _ => Value::from(self.one_in(2)),
        }
    }
}

/// Every key that the document knows.
fn keys(schema: &Value, found: &mut Vec<String>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        found.push(name.clone());
        found.push(format!("{name}_attributes"));
        keys(inner, found);
    }
}

/// All that a verdict says, to be compared.
fn verdict(form: &CompiledForm, request: &Value) -> Result<String, Vec<String>> {
    match submitted(form, request) {
        Ok(accepted) => {
            let claims: Vec<_> = accepted.claims.iter().map(|claim| (&claim.path, claim.digest)).collect();
            let password = accepted.password.as_ref().map(|password| password.expose().len());
            Ok(format!("{} {password:?} {claims:?}", Value::Object(accepted.attributes.clone())))
        }
        Err(violations) => Err(violations
            .iter()
            .map(|found| {
                format!("{} {} {:?} {}", found.pointer(), found.code, found.params(form), text(form, found))
            })
            .collect()),
    }
}

#[test]
fn no_request_makes_a_form_panic_or_change_its_mind() {
    let mut random = Random(0x5EED);
    let (mut accepted, mut refused) = (0, 0);
    for (name, form) in all() {
        let mut known = Vec::new();
        keys(&form.document, &mut known);
        for _ in 0..150 {
            let request = random.request(&form.document, &known);
            if !request.is_object() {
                continue;
            }
            let first = verdict(&form, &request);
            assert_eq!(first, verdict(&form, &request), "{name}: {request}");
            match first {
                Ok(_) => accepted += 1,
                Err(errors) => {
                    assert!(!errors.is_empty(), "{name}: refuses without an error: {request}");
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 100 && refused > 100, "{accepted} accepted, {refused} refused: too one-sided to tell");
}

#[test]
fn what_a_form_has_accepted_it_accepts_again_unchanged() {
    let mut random = Random(0xCAFE);
    let mut repeated = 0;
    // A default is stored as it is written, normal or not; what is computed from what was computed may differ.
    let stable = |form: &CompiledForm| {
        form.form.payload.is_empty()
            && single_values(form)
                .iter()
                .all(|(_, field)| field.default.is_none() || field.normalize.is_empty())
    };
    for (name, form) in all().into_iter().filter(|(_, form)| stores_everything(form) && stable(form)) {
        let mut known = Vec::new();
        keys(&form.document, &mut known);
        for _ in 0..150 {
            let request = random.request(&form.document, &known);
            if !request.is_object() {
                continue;
            }
            let Ok(first) = submitted(&form, &request) else { continue };
            let stored = Value::Object(first.attributes);
            let Ok(second) = submitted(&form, &stored) else { panic!("{name}: now refuses {stored}") };
            assert_eq!(Value::Object(second.attributes), stored, "{name}: {request}");
            assert_eq!(second.claims, first.claims, "{name}: {request}");
            repeated += 1;
        }
    }
    assert!(repeated > 100, "{repeated}");
}
