//! The wish to stop, as whoever starts a syncer hands it down: to everything, or to one run.

use std::sync::Arc;

use tokio::sync::watch;

/// Told once that it is time to stop.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: watch::Receiver<bool>,
    /// The wish that everything stops, of which this one stops a part.
    whole: Option<Arc<Self>>,
}

/// Tells every [`Stop`] made with it.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// A stopper, and the stop that listens to it.
pub fn pair() -> (Stopper, Stop) {
    let (sender, asked) = watch::channel(false);
    (Stopper(sender), Stop { asked, whole: None })
}

impl Stopper {
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// A stopper of a part, and the stop of that part, which listens to this one as well.
    pub fn part(&self) -> (Stopper, Self) {
        let (stopper, part) = pair();
        let whole = Some(Arc::new(self.clone()));
        (stopper, Self { whole, ..part })
    }

    pub fn is_asked(&self) -> bool {
        *self.asked.borrow() || self.whole.as_ref().is_some_and(|whole| whole.is_asked())
    }

    /// Returns when it is time to stop; never, if the stopper is gone without having said so.
    pub async fn asked(&self) {
        let whole = async {
            match &self.whole {
                // A stop that listens to others awaits itself.
                Some(whole) => Box::pin(whole.asked()).await,
                None => std::future::pending().await,
            }
        };
        let mut asked = self.asked.clone();
        let part = async {
            if asked.wait_for(|asked| *asked).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = part => {}
            () = whole => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::pair;

    #[test]
    fn a_part_stops_alone_or_with_the_whole() {
        let (stopper, whole) = pair();
        let (part_stopper, part) = whole.part();
        let (_other_stopper, other) = whole.part();
        assert!(!part.is_asked() && part.asked().now_or_never().is_none());
        part_stopper.stop();
        assert!(part.is_asked() && part.asked().now_or_never().is_some());
        assert!(!whole.is_asked() && !other.is_asked());
        stopper.stop();
        assert!(other.is_asked() && other.asked().now_or_never().is_some());
    }
}
