//! Scripts and styles, embedded: built by `web/build.mjs` into `server/assets/`, and read from nowhere at run time.
//!
//! The name under which an asset is served holds a digest of its content, so that a browser may keep it for good.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::http::error::ApiError;

/// The route under which assets are served.
pub const ROUTE: &str = "/assets/{name}";

/// For a year, which is as long as anything is kept (RFC 9111 sets no limit; RFC 2616 did).
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file that pages load.
struct Asset {
    /// The name that templates know it by.
    name: &'static str,
    /// The path under which it is served.
    path: String,
    media_type: &'static str,
    text: &'static str,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    vec![
        Asset::new("form.css", STYLE, include_str!("../../assets/form.css")),
        Asset::new("form.js", SCRIPT, include_str!("../../assets/form.js")),
        Asset::new("workbench.css", STYLE, include_str!("../../assets/workbench.css")),
        Asset::new("workbench.js", SCRIPT, include_str!("../../assets/workbench.js")),
    ]
});

impl Asset {
    fn new(name: &'static str, media_type: &'static str, text: &'static str) -> Self {
        let digest = Sha256::digest(text).iter().take(8).fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
        Self { name, path: format!("/assets/{stem}-{digest}.{kind}"), media_type, text }
    }
}

/// The path of an asset by its name, for a page to load.
#[must_use]
pub fn path(name: &str) -> Option<&'static str> {
    ASSETS.iter().find(|asset| asset.name == name).map(|asset| asset.path.as_str())
}

/// `GET /assets/{name}`.
pub(crate) async fn show(Path(name): Path<String>) -> Result<Response, ApiError> {
    let named = |asset: &&Asset| asset.path.strip_prefix("/assets/") == Some(name.as_str());
    let asset = ASSETS.iter().find(named).ok_or(ApiError::NotFound)?;
    let headers = [(header::CONTENT_TYPE, asset.media_type), (header::CACHE_CONTROL, FOR_GOOD)];
    Ok((headers, asset.text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_has_a_path_that_tells_its_content() {
        let of = |text| Asset::new("a.css", STYLE, text).path;
        assert_ne!(of("a"), of("b"));
        assert_eq!(of("a"), "/assets/a-ca978112ca1bbdca.css");
        assert!(ASSETS.iter().all(|asset| path(asset.name) == Some(asset.path.as_str())));
        assert_eq!(path("there is none"), None);
    }
}
