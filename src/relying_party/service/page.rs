//! The page's files, which are part of the program.

use super::shared::Shared;
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The files by their paths, with their types.
const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("../page/index.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("../page/page.css")),
    ("/icon.svg", "image/svg+xml", include_str!("../page/icon.svg")),
    ("/page.js", JAVASCRIPT, include_str!("../page/page.js")),
    ("/service.js", JAVASCRIPT, include_str!("../page/service.js")),
    ("/ceremony.js", JAVASCRIPT, include_str!("../page/ceremony.js")),
    ("/record.js", JAVASCRIPT, include_str!("../page/record.js")),
    ("/elements.js", JAVASCRIPT, include_str!("../page/elements.js")),
];

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The paths of the files.
pub(super) fn routes() -> Router<Shared> {
    FILES.iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(|| async { file(kind, text) }))
    })
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
}
