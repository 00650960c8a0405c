//! Requests that change something are worked on to their end, also where whoever asked hangs up.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::StatusCode;

use super::problem::Problem;

/// A layer of [`to_the_end`].
pub async fn layer(request: Request, next: Next) -> Response {
    to_the_end(next.run(request)).await
}

/// What is returned may be dropped: the answer is made in a task of its own, since a handler that ends half-way leaves a
/// change on disk that is not in force.
pub fn to_the_end(answer: impl Future<Output = Response> + Send + 'static) -> impl Future<Output = Response> + Send {
    let answering = tokio::spawn(answer);
    async move {
        answering.await.unwrap_or_else(|_| {
            let detail = "something went wrong here; try again";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", detail).into_response()
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_done_all_the_same() {
        let ((go, gone), (done, is_done)) = (oneshot::channel(), oneshot::channel());
        let answer = to_the_end(async move {
            gone.await.unwrap();
            done.send(()).unwrap();
            StatusCode::OK.into_response()
        });
        assert!(answer.now_or_never().is_none());
        go.send(()).unwrap();
        is_done.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_answered_in_words() {
        let answer = to_the_end(async { panic!("a fault of a test") }).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
