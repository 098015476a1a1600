//! Verification of Slack's signature: `v0=` and the HMAC-SHA256 of `v0:timestamp:body`, compared in constant time.
//!
//! slack-morphism has a verifier too, but it reads the machine's time instead of using a given clock.

use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};

/// Maximum age of a request, in seconds: Slack's five minutes.
const WINDOW: u64 = 5 * 60;

/// The reason why a request is not accepted as Slack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    /// The request carries no signature, or a malformed one.
    #[error("the headers x-slack-signature and x-slack-request-timestamp are missing or malformed")]
    Unsigned,
    /// The request was signed with another secret, or changed on its way.
    #[error("the signature is wrong")]
    Forged,
    /// The request's timestamp is outside the window.
    #[error("x-slack-request-timestamp is more than five minutes from Slack's time")]
    Stale,
}

impl SignatureRefusal {
    /// The reason's name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Forged => "forged",
            Self::Stale => "stale",
        }
    }
}

/// Verifies requests with the signing secret.
pub struct Verifier(hmac::Key);

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

impl Verifier {
    /// Creates a verifier for requests signed with this secret.
    pub fn new(secret: &SecretString) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes()))
    }

    /// Checks that the raw body was signed with the secret within five minutes of `now` (seconds since 1970).
    ///
    /// # Errors
    ///
    /// Returns the [`SignatureRefusal`] when it was not.
    pub fn verify(&self, signed: Signed<'_>, body: &[u8], now: i64) -> Result<(), SignatureRefusal> {
        let mut text = Vec::with_capacity(body.len() + 32);
        text.extend_from_slice(b"v0:");
        text.extend_from_slice(signed.timestamp.as_bytes());
        text.push(b':');
        text.extend_from_slice(body);
        hmac::verify(&self.0, &text, &signed.tag).map_err(|_| SignatureRefusal::Forged)?;
        signed.fresh(now)
    }
}

/// The content of the two signature headers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    timestamp: &'a str,
    seconds: i64,
    tag: [u8; 32],
}

impl<'a> Signed<'a> {
    /// Reads the two headers, without verifying them.
    ///
    /// # Errors
    ///
    /// [`SignatureRefusal::Unsigned`] when they are missing or malformed.
    pub fn read(signature: Option<&str>, timestamp: Option<&'a str>) -> Result<Self, SignatureRefusal> {
        let (Some(signature), Some(timestamp)) = (signature, timestamp) else {
            return Err(SignatureRefusal::Unsigned);
        };
        let tag = signature
            .strip_prefix("v0=")
            .and_then(tag)
            .ok_or(SignatureRefusal::Unsigned)?;
        let seconds = timestamp.parse().map_err(|_| SignatureRefusal::Unsigned)?;
        Ok(Self {
            timestamp,
            seconds,
            tag,
        })
    }
}

impl<'a> Signed<'a> {
    /// Checks that the request claims to have been sent within five minutes of `now` (seconds since 1970).
    ///
    /// # Errors
    ///
    /// [`SignatureRefusal::Stale`] when it was not.
    pub fn fresh(&self, now: i64) -> Result<(), SignatureRefusal> {
        if now.abs_diff(self.seconds) > WINDOW {
            return Err(SignatureRefusal::Stale);
        }
        Ok(())
    }

    /// The request's time, verbatim from its header.
    pub(super) fn timestamp(&self) -> &'a str {
        self.timestamp
    }
}

fn tag(hex: &str) -> Option<[u8; 32]> {
    let digits = hex.as_bytes();
    let mut tag = [0; 32];
    if digits.len() != 2 * tag.len() {
        return None;
    }
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example from Slack's documentation.
    const SECRET: &str = concat!("8f742231b10e8888", "abcd99yyyzzz85a5");
    const TIMESTAMP: &str = "1531420618";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
        &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
        &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const NOW: i64 = 1_531_420_618;

    fn verify(signature: &str, timestamp: &str, body: &str, now: i64) -> Result<(), SignatureRefusal> {
        let signed = Signed::read(Some(signature), Some(timestamp))?;
        Verifier::new(&SECRET.into()).verify(signed, body.as_bytes(), now)
    }

    #[test]
    fn the_example_of_slacks_documentation_is_good_for_five_minutes() {
        for now in [NOW, NOW - 300, NOW + 300] {
            assert_eq!(verify(SIGNATURE, TIMESTAMP, BODY, now), Ok(()));
        }
        for now in [NOW - 301, NOW + 301, i64::MAX, i64::MIN] {
            assert_eq!(verify(SIGNATURE, TIMESTAMP, BODY, now), Err(SignatureRefusal::Stale));
        }
    }

    #[test]
    fn whatever_was_changed_is_refused() {
        let other_body = BODY.replace("foobar", "foobaz");
        let other_signature = SIGNATURE.replace("a2114", "a2115");
        for (signature, timestamp, body) in [
            (SIGNATURE, TIMESTAMP, other_body.as_str()),
            (SIGNATURE, "1531420619", BODY),
            (&other_signature, TIMESTAMP, BODY),
        ] {
            assert_eq!(verify(signature, timestamp, body, NOW), Err(SignatureRefusal::Forged));
        }
    }

    #[test]
    fn headers_that_are_no_signature_are_none() {
        let short = &SIGNATURE[..60];
        let long = format!("{SIGNATURE}00");
        let v1 = SIGNATURE.replace("v0=", "v1=");
        let odd = format!("v0={}", "ä".repeat(32));
        for signature in ["", "v0=", short, &long, &v1, &odd] {
            assert_eq!(
                verify(signature, TIMESTAMP, BODY, NOW),
                Err(SignatureRefusal::Unsigned),
                "{signature}"
            );
        }
        for timestamp in ["", "soon", "1531420618.5", "99999999999999999999"] {
            assert_eq!(
                verify(SIGNATURE, timestamp, BODY, NOW),
                Err(SignatureRefusal::Unsigned),
                "{timestamp}"
            );
        }
        assert_eq!(
            Signed::read(None, Some(TIMESTAMP)).unwrap_err(),
            SignatureRefusal::Unsigned
        );
        assert_eq!(
            Signed::read(Some(SIGNATURE), None).unwrap_err(),
            SignatureRefusal::Unsigned
        );
    }
}
