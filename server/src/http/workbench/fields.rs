//! What browsers send with a form, and what stands behind the `?` of an address.

use std::collections::HashMap;

use axum::extract::Request;
use axum::http::{Uri, header};

use super::super::App;
use super::super::error::ApiError;
use super::super::extract;

/// Fields by name; of several with one name the last.
pub(super) struct Fields(HashMap<String, String>);

impl Fields {
    /// Reads the body of a request, which is no larger than that of any other.
    pub(super) async fn sent(app: &App, request: Request) -> Result<Self, ApiError> {
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(ApiError::UnsupportedMediaType);
        }
        let body = extract::body(request, &app.edge).await?;
        Ok(Self(form_urlencoded::parse(&body.bytes).into_owned().collect()))
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
