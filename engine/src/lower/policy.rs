//! The keys of a policy.

use std::sync::Arc;

use super::form::is_name;
use super::{Lowering, Table};
use crate::diagnostic::Rule;
use crate::model::{DeniedAs, Policy};
use crate::template::is_template;

const KEYS: [&str; 3] = ["allow", "status", "message"];

impl Lowering<'_> {
    pub(super) fn policy(&mut self, table: &Table<'_>) -> Policy {
        self.check_keys(table, &KEYS);
        let name = self.file.default_name.clone();
        if !is_name(&name) {
            let message = format!("the file's path gives the policy the name `{name}`, which is not one");
            let help = "rename the file to lower-case letters, digits and `_`";
            self.report(self.diagnostic(Rule::InvalidName, 0..0, message).help(help));
        }
        self.require_allow(table);
        let policy = Policy {
            source: Arc::clone(self.file),
            name,
            allow: self.string(table, "allow"),
            denied_as: self.status(table),
            message: self.message(table),
        };
        if policy.denied_as == DeniedAs::NotFound {
            self.check_unseen(table);
        }
        policy
    }

    fn require_allow(&mut self, table: &Table<'_>) {
        // Where a key is unknown, it may be this one in other words.
        if table.iter().all(|(key, _)| KEYS.contains(&key.value)) && table.get("allow").is_none() {
            let message = "the policy does not say which requests it allows";
            let diagnostic = self.diagnostic(Rule::MissingKey, table.span.clone(), message);
            self.report(
                diagnostic.help("add `allow = \"…\"`, an expression such as `token.name == 'partner'`"),
            );
        }
    }

    fn status(&mut self, table: &Table<'_>) -> DeniedAs {
        let Some(node) = table.get("status") else { return DeniedAs::default() };
        let known = [DeniedAs::Forbidden, DeniedAs::NotFound];
        let Some(status) = self.whole(table, "status") else { return DeniedAs::default() };
        let found = known.into_iter().find(|known| i64::from(known.status()) == status);
        if found.is_none() {
            let message = format!("`status` takes 403 or 404, not {status}");
            let help = "403 says that the request is not allowed, 404 answers as if there were no such form";
            self.report(self.diagnostic(Rule::WrongType, node.span(), message).help(help));
        }
        found.unwrap_or_default()
    }

    fn message(&mut self, table: &Table<'_>) -> Option<String> {
        let message = self.string(table, "message")?;
        if is_template(&message.value) {
            let fault = "a policy's message is shown as it stands, and has no templates";
            let help = "write plain text: what a request says is not repeated to whoever may not send it";
            self.report(self.diagnostic(Rule::InvalidTemplate, message.span.clone(), fault).help(help));
        }
        if message.value.chars().nth(Policy::MAX_MESSAGE_CHARACTERS).is_some() {
            let fault = format!("`message` has at most {} characters", Policy::MAX_MESSAGE_CHARACTERS);
            self.report(self.diagnostic(Rule::WrongType, message.span, fault));
        }
        Some(message.value)
    }

    /// A message that nobody reads.
    fn check_unseen(&mut self, table: &Table<'_>) {
        let Some((key, _)) = table.iter().find(|(key, _)| key.value == "message") else { return };
        let message =
            "with `status = 404` the answer is that of a form that does not exist, and no message is shown";
        let diagnostic = self
            .diagnostic(Rule::IneffectiveValidation, key.span.clone(), message)
            .help("remove it, or answer with `status = 403`");
        self.report_superfluous(&key.span, diagnostic);
    }
}
