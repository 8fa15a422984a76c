//! What browsers send with a form, and what stands behind the `?` of an address.

use std::collections::HashMap;

use axum::extract::Request;
use axum::http::Uri;

use super::super::App;
use super::super::error::ApiError;
use super::super::extract;

/// Fields by name; of several with one name the last.
pub(super) struct Fields(HashMap<String, String>);

impl Fields {
    /// Reads the body of a request, which is no larger than that of any other.
    pub(super) async fn sent(app: &App, request: Request) -> Result<Self, ApiError> {
        Ok(Self(extract::pairs(request, &app.edge).await?.into_iter().collect()))
    }

    /// Reads the query of an address.
    pub(super) fn of(uri: &Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// A field, which is empty where it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A field of many lines as it was written: browsers send each end of line as two characters.
    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).replace("\r\n", "\n")
    }
}
