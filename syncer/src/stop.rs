//! The wish to stop, as whoever starts a syncer hands it down.

use tokio::sync::watch;

/// Told once that it is time to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Tells every [`Stop`] made with it.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// A stopper, and the stop that listens to it.
pub fn pair() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is time to stop; never, if the stopper is gone without having said so.
    pub async fn asked(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
