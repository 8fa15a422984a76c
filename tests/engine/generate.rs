//! Random values, and random requests that mostly follow a document.

use serde_json::{Map, Number, Value};

/// Days around those that forms speak of.
const DATES: [&str; 6] = ["1900-01-01", "2000-02-29", "2008-11-23", "2026-11-23", "2026-12-31", "2999-12-31"];

/// A small generator (xorshift64*), so that every run sees the same requests.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap() % limit
    }

    pub(crate) fn one_in(&mut self, limit: usize) -> bool {
        self.below(limit) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
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
    pub(crate) fn request(&mut self, schema: &Value, keys: &[String]) -> Value {
        if self.one_in(12) {
            return self.value(keys, 3);
        }
        if let Some(listed) = schema["enum"].as_array() {
            return self.pick(listed).clone();
        }
        // What only a condition allows is anything here.
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
            Some("array") => (0..self.below(4)).map(|_| self.request(&schema["items"], keys)).collect(),
            Some("string") if schema["format"] == "date" => Value::from((*self.pick(&DATES)).to_owned()),
            Some("string") if schema["format"] == "date-time" => {
                Value::from(format!("{}T12:00:00Z", self.pick(&DATES)))
            }
            Some("string") if schema["format"] == "uri" => Value::from("https://example.com/a".to_owned()),
            Some("string") if schema["format"] == "uuid" => {
                Value::from(format!("123e4567-e89b-12d3-a456-4266{:08x}", self.next() & 0xffff_ffff))
            }
            Some("string")
                if schema["pattern"].as_str().is_some_and(|pattern| pattern.starts_with(r"^\+[1-9]")) =>
            {
                Value::from(format!("+4412345678{:02}", self.below(100)))
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
pub(crate) fn keys(schema: &Value, found: &mut Vec<String>) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        found.push(name.clone());
        found.push(format!("{name}_attributes"));
        keys(inner, found);
    }
    if schema["items"].is_object() {
        keys(&schema["items"], found);
    }
}
