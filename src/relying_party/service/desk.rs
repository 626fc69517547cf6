//! The one way to the relying party: an act is handed in, and its answer comes back.

use crate::relying_party::party::RelyingParty;
use tokio::sync::{mpsc, oneshot};

/// How many acts may wait; who comes then waits to hand in.
const QUEUE: usize = 64;

/// Something to be done by the relying party.
pub(super) type Act = Box<dyn for<'p, 'w> FnOnce(&'p mut RelyingParty<'w>) + Send>;

/// Where acts are handed in. Clones lead to the same relying party.
#[derive(Clone)]
pub(super) struct Desk(mpsc::Sender<Act>);

/// The service is ending.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed;

impl Desk {
    /// Opens the desk; gives also where the acts come out.
    pub(super) fn open() -> (Self, mpsc::Receiver<Act>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    /// Has something done, and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`Closed`] when the service ends before.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut RelyingParty<'_>) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let (answer, answered) = oneshot::channel();
        let act: Act = Box::new(move |party| {
            // Who asked may have gone away in the meantime.
            let _ = answer.send(act(party));
        });
        self.0.send(act).await.map_err(|_| Closed)?;
        answered.await.map_err(|_| Closed)
    }
}
