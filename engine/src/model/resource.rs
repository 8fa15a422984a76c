//! What forms create, and what each resource builds in.

use crate::model::{Check, Field, FieldType, Length, Normalizer, Role, Spanned, Unique, Validation};
use crate::source::Span;

/// A kind of record that forms create.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// The name that forms say.
    pub name: &'static str,
    /// The name that paths say: `/api/<collection>`.
    pub collection: &'static str,
    /// The fields and groups that its forms may list.
    pub members: &'static [BuiltIn],
}

/// A field or group that a resource builds in.
#[derive(Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its key.
    pub name: &'static str,
    /// What it is.
    pub ty: BuiltInType,
    /// Whether every form of the resource has it, listed or not.
    pub always: bool,
}

/// What a built-in member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltInType {
    /// An e-mail address, unique without regard to case.
    Email,
    /// A password.
    Password,
    /// A text of at most 2048 characters.
    String,
    /// `true` or `false`.
    Boolean,
    /// A group whose keys are fields that the author declares.
    Properties,
    /// A group of groups, each of which holds `properties`.
    Profiles,
}

const fn member(name: &'static str, ty: BuiltInType) -> BuiltIn {
    BuiltIn { name, ty, always: false }
}

/// The built-in `User`.
static USER: Resource = Resource {
    name: "User",
    collection: "users",
    members: &[
        BuiltIn { name: "email", ty: BuiltInType::Email, always: true },
        member("password", BuiltInType::Password),
        member("first_name", BuiltInType::String),
        member("middle_name", BuiltInType::String),
        member("last_name", BuiltInType::String),
        member("name", BuiltInType::String),
        member("external_id", BuiltInType::String),
        member("featured", BuiltInType::Boolean),
        member("public_profile", BuiltInType::Boolean),
        member("properties", BuiltInType::Properties),
        member("profiles", BuiltInType::Profiles),
    ],
};

impl Resource {
    /// Every resource there is.
    pub const ALL: [&'static Self; 1] = [&USER];

    /// The resource of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|resource| resource.name == name)
    }

    /// The built-in member of this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&'static BuiltIn> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl BuiltIn {
    /// The field as the resource alone defines it; `span` is where the form lists it.
    #[must_use]
    pub fn field(&self, span: &Span) -> Field {
        let ty = match self.ty {
            BuiltInType::Email | BuiltInType::Password | BuiltInType::String => FieldType::String,
            BuiltInType::Boolean => FieldType::Boolean,
            BuiltInType::Properties | BuiltInType::Profiles => {
                FieldType::Group { fields: Vec::new(), implied: true }
            }
        };
        let mut field = Field::new(self.name, span.clone(), ty);
        let rule = |check| Validation::new(check, span.clone());
        let at = |value| Some(Spanned::new(value, span.clone()));
        match self.ty {
            BuiltInType::Email => {
                field.normalize = vec![Normalizer::Trim];
                field.validations = vec![
                    rule(Check::Presence),
                    rule(Check::Email),
                    // RFC 5321, 4.5.3.1.3: a path has at most 256 octets, two of which are its brackets.
                    rule(Check::Length(Length { maximum: at(254), ..Length::default() })),
                    rule(Check::Unique(Unique::default())),
                ];
            }
            BuiltInType::Password => {
                field.secret = true;
                field.role = Role::Password;
                field.normalize = vec![Normalizer::Nfkc];
                // NIST SP 800-63B, 5.1.1.2: at least 8 characters; the upper bound keeps hashing cheap to refuse.
                let length = Length { minimum: at(8), maximum: at(128), is: None };
                field.validations = vec![rule(Check::Length(length))];
            }
            BuiltInType::String => {
                let length = Length { maximum: at(2048), ..Length::default() };
                field.validations = vec![rule(Check::Length(length))];
            }
            BuiltInType::Boolean | BuiltInType::Properties | BuiltInType::Profiles => {}
        }
        field
    }
}
