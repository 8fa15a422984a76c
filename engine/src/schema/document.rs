//! The document while it is built: schemas that refer to each other by index, so that none is looked for twice.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::{Filed, child, push_token};

/// One schema of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place(usize);

/// Every schema of the document; the first is the document itself.
pub(super) struct Document {
    schemas: Vec<Schema>,
}

struct Schema {
    /// A JSON Pointer into the document.
    location: String,
    keywords: Vec<(Cow<'static, str>, Keyword)>,
    /// The rule behind each of them that has one.
    rules: Filed,
}

enum Keyword {
    /// What nothing is put into any more.
    Value(Value),
    Schema(Place),
    Schemas(Vec<Place>),
    Properties(Vec<(String, Place)>),
}

impl Document {
    pub(super) const ROOT: Place = Place(0);

    pub(super) fn new() -> Self {
        let mut document = Self { schemas: Vec::with_capacity(16) };
        document.add(String::new());
        document
    }

    fn add(&mut self, location: String) -> Place {
        let (keywords, rules) = (Vec::with_capacity(8), Vec::with_capacity(4));
        self.schemas.push(Schema { location, keywords, rules });
        Place(self.schemas.len() - 1)
    }

    /// Where a schema stands, as a JSON Pointer.
    pub(super) fn location(&self, place: Place) -> &str {
        &self.schemas[place.0].location
    }

    /// Files the rule behind a keyword.
    pub(super) fn file(&mut self, place: Place, keyword: &'static str, rule: usize) {
        let rules = &mut self.schemas[place.0].rules;
        match rules.iter_mut().find(|(name, _)| *name == keyword) {
            Some((_, filed)) => *filed = rule,
            None => rules.push((keyword, rule)),
        }
    }

    fn find(&mut self, place: Place, keyword: &str) -> Option<&mut Keyword> {
        // Schemas have few keywords: to look at each takes less than to hash the name.
        let mut keywords = self.schemas[place.0].keywords.iter_mut();
        keywords.find(|(name, _)| name == keyword).map(|(_, keyword)| keyword)
    }

    fn push(&mut self, place: Place, keyword: impl Into<Cow<'static, str>>, value: Keyword) {
        self.schemas[place.0].keywords.push((keyword.into(), value));
    }

    pub(super) fn has(&self, place: Place, keyword: &str) -> bool {
        self.schemas[place.0].keywords.iter().any(|(name, _)| name == keyword)
    }

    /// Gives a schema a keyword, in the place of the one that has this name.
    pub(super) fn set(
        &mut self,
        place: Place,
        keyword: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) {
        let (keyword, value) = (keyword.into(), Keyword::Value(value.into()));
        match self.find(place, &keyword) {
            Some(there) => *there = value,
            None => self.push(place, keyword, value),
        }
    }

    /// Adds an entry to an array of texts, once.
    pub(super) fn list(&mut self, place: Place, keyword: &'static str, entry: &str) {
        match self.find(place, keyword) {
            Some(Keyword::Value(Value::Array(entries))) => {
                if !entries.iter().any(|there| there == entry) {
                    entries.push(entry.into());
                }
            }
            _ => self.set(place, keyword, vec![entry]),
        }
    }

    /// Says that the values have properties, if only later which.
    pub(super) fn set_properties(&mut self, place: Place) {
        if !self.has(place, "properties") {
            self.push(place, "properties", Keyword::Properties(Vec::new()));
        }
    }

    /// The schema of a property, made where there is none yet.
    pub(super) fn property(&mut self, place: Place, name: &str) -> Place {
        self.set_properties(place);
        if let Some(Keyword::Properties(properties)) = self.find(place, "properties")
            && let Some((_, there)) = properties.iter().find(|(property, _)| property == name)
        {
            return *there;
        }
        let mut location = child(self.location(place), "properties");
        push_token(&mut location, name);
        let made = self.add(location);
        if let Some(Keyword::Properties(properties)) = self.find(place, "properties") {
            properties.push((name.to_owned(), made));
        }
        made
    }

    /// The schema that is a keyword's value, made where there is none yet.
    pub(super) fn schema(&mut self, place: Place, keyword: &'static str) -> Place {
        if let Some(Keyword::Schema(there)) = self.find(place, keyword) {
            return *there;
        }
        let made = self.add(child(self.location(place), keyword));
        self.push(place, keyword, Keyword::Schema(made));
        made
    }

    /// One more schema that has to hold.
    pub(super) fn also(&mut self, place: Place) -> Place {
        let count = match self.find(place, "allOf") {
            Some(Keyword::Schemas(schemas)) => schemas.len(),
            _ => 0,
        };
        let mut location = child(self.location(place), "allOf");
        push_token(&mut location, &count.to_string());
        let made = self.add(location);
        match self.find(place, "allOf") {
            Some(Keyword::Schemas(schemas)) => schemas.push(made),
            _ => self.push(place, "allOf", Keyword::Schemas(vec![made])),
        }
        made
    }

    /// The whole, and by the location of each schema the rules behind its keywords. Every `allOf` stands behind the other
    /// keywords of its schema, for people who read it.
    pub(super) fn finish(mut self) -> (Value, FxHashMap<String, Filed>) {
        let whole = self.take(Self::ROOT);
        let rules = self.schemas.into_iter().filter(|schema| !schema.rules.is_empty());
        (whole, rules.map(|schema| (schema.location, schema.rules)).collect())
    }

    fn take(&mut self, place: Place) -> Value {
        let mut keywords = std::mem::take(&mut self.schemas[place.0].keywords);
        if let Some(at) = keywords.iter().position(|(name, _)| name == "allOf") {
            let all_of = keywords.remove(at);
            keywords.push(all_of);
        }
        let mut schema = Map::with_capacity(keywords.len());
        for (name, keyword) in keywords {
            let value = match keyword {
                Keyword::Value(value) => value,
                Keyword::Schema(place) => self.take(place),
                Keyword::Schemas(places) => places.into_iter().map(|place| self.take(place)).collect(),
                Keyword::Properties(properties) => {
                    let mut schemas = Map::with_capacity(properties.len());
                    schemas.extend(properties.into_iter().map(|(name, place)| (name, self.take(place))));
                    Value::Object(schemas)
                }
            };
            schema.insert(name.into_owned(), value);
        }
        Value::Object(schema)
    }
}
