//! A sink that stores and answers as it is asked to.

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use signpost::slack::decode::Envelope;
use signpost::slack::inbound::EnvelopeHandler;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// Stores as many events as it has permits; answers as it is asked to.
pub(super) struct Desk {
    pub(super) permits: Semaphore,
    pub(super) stored: Mutex<Vec<Envelope>>,
    pub(super) answered: Mutex<Vec<Envelope>>,
    pub(super) begun: watch::Sender<usize>,
    pub(super) finished: watch::Sender<usize>,
    pub(super) connections: watch::Sender<usize>,
    /// Those who are asked to wait do so until this.
    pub(super) go_on: CancellationToken,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            permits: Semaphore::new(0),
            stored: Mutex::default(),
            answered: Mutex::default(),
            begun: watch::Sender::new(0),
            finished: watch::Sender::new(0),
            connections: watch::Sender::new(0),
            go_on: CancellationToken::new(),
        }
    }
}

#[async_trait]
impl EnvelopeHandler for Desk {
    async fn take(&self, envelopes: Vec<Envelope>) -> Result<(), String> {
        assert!(envelopes.iter().all(|envelope| !envelope.is_interaction()));
        if envelopes.iter().any(|envelope| envelope.payload["text"] == "refuse") {
            return Err("the disk is full".to_owned());
        }
        let panics = envelopes.iter().any(|envelope| envelope.payload["text"] == "panic");
        assert!(!panics, "on purpose");
        let count = u32::try_from(envelopes.len()).unwrap();
        self.permits.acquire_many(count).await.unwrap().forget();
        self.stored.lock().unwrap().extend(envelopes);
        Ok(())
    }

    async fn answer(&self, envelope: Envelope) -> Result<Option<Value>, String> {
        self.answered.lock().unwrap().push(envelope.clone());
        self.begun.send_modify(|begun| *begun += 1);
        let asked = envelope.payload["text"].as_str().unwrap_or_default().to_owned();
        let answer = match asked.as_str() {
            "wait" => {
                self.go_on.cancelled().await;
                Ok(Some(json!({"text": "too late"})))
            }
            "fail" => Err("it does not work".to_owned()),
            "panic" => panic!("on purpose"),
            "nothing" => Ok(None),
            _ => Ok(Some(json!({"text": format!("you said {asked}")}))),
        };
        self.finished.send_modify(|finished| *finished += 1);
        answer
    }

    fn opened(&self, _: Option<u32>, _: u32) {
        self.connections.send_modify(|connections| *connections += 1);
    }

    fn closed(&self) {
        self.connections.send_modify(|connections| *connections -= 1);
    }
}
