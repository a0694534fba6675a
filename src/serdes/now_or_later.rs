//! A future that seldom has to wait.

use std::future::poll_fn;
use std::task::Poll;

use futures_util::future::BoxFuture;

/// Returns what `now` returns, or else what the future of `later` resolves to.
///
/// An `async` block that awaits the second where the first is `None` would do the
/// same. It runs for every message, though, and this returns the result of `now` with
/// fewer copies.
#[inline(always)]
pub(super) fn now_or_later<'a, T>(
    mut now: impl FnMut() -> Option<T> + Send,
    mut later: impl FnMut() -> BoxFuture<'a, T> + Send,
) -> impl Future<Output = T> + Send
where
    T: 'a,
{
    let mut waiting: Option<BoxFuture<'a, T>> = None;
    poll_fn(move |context| {
        let future = match &mut waiting {
            Some(future) => future,
            None => {
                if let Some(value) = now() {
                    return Poll::Ready(value);
                }
                waiting.insert(later())
            }
        };
        future.as_mut().poll(context)
    })
}
