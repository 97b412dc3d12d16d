//! Asks for pages over HTTP.

use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

pub(crate) struct Client {
    inner: legacy::Client<HttpConnector, Empty<Bytes>>,
    max_page_bytes: usize,
}

pub(crate) enum FetchError {
    /// No connection, or one that broke.
    Silent,
    /// An answer, but not the page.
    Bad(String),
}

impl Client {
    /// With a connection for each page: one kept from before a cut would say nothing about the node after it.
    pub(crate) fn new(max_page_bytes: usize) -> Self {
        let inner = legacy::Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        Self { inner, max_page_bytes }
    }

    pub(crate) async fn get(&self, uri: &Uri) -> Result<String, FetchError> {
        let request = Request::get(uri.clone()).body(Empty::new()).expect("a URI makes a request");
        let response = self.inner.request(request).await.map_err(|_| FetchError::Silent)?;
        let status = response.status();
        let body =
            Limited::new(response.into_body(), self.max_page_bytes).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    FetchError::Bad(format!("{uri} answered more than {} bytes", self.max_page_bytes))
                } else {
                    FetchError::Silent
                }
            })?;
        let text = String::from_utf8(body.to_bytes().into())
            .map_err(|_| FetchError::Bad(format!("{uri} is not UTF-8")))?;
        if status == StatusCode::OK {
            return Ok(text);
        }
        // Its beginning says why.
        let reason: String = text.chars().take(300).collect();
        Err(FetchError::Bad(format!("{uri} answered {status}: {reason}")))
    }
}
