//! Which content coding a client takes, and a body in each of them, made when it is asked for first.

use std::io::{self, Write};

use axum::{
    body::Bytes,
    http::{HeaderMap, header::ACCEPT_ENCODING},
};
use flate2::{Compression, write::GzEncoder};
use tokio::{sync::OnceCell, task::spawn_blocking};

/// Smaller bodies are not worth the compressing.
const WORTH_COMPRESSING: usize = 1024;
/// A body is compressed once and sent often; beyond this, a level costs much and saves little.
const BROTLI_QUALITY: i32 = 5;
const ZSTD_LEVEL: i32 = 6;

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Brotli,
    Zstd,
    Gzip,
}

/// A body in the codings that were asked for.
#[derive(Debug, Default)]
pub(super) struct Coded {
    brotli: OnceCell<Bytes>,
    zstd: OnceCell<Bytes>,
    gzip: OnceCell<Bytes>,
}

impl Coding {
    /// What the client likes best (RFC 9110, section 12.5.3); of several that it likes as much, the one that makes a body
    /// smallest.
    pub(super) fn wanted(headers: &HeaderMap, size: usize) -> Self {
        if size < WORTH_COMPRESSING {
            return Self::Identity;
        }
        let mut weights = [None; 4];
        let mut any = None;
        let accepted = headers.get_all(ACCEPT_ENCODING).iter();
        let accepted = accepted.filter_map(|value| value.to_str().ok());
        for item in accepted.flat_map(|value| value.split(',')) {
            let (name, weight) = weighed(item);
            match Self::named(name) {
                Some(coding) => weights[coding as usize] = Some(weight),
                None if name == "*" => any = Some(weight),
                None => {}
            }
        }
        let mut best = (Self::Identity, weights[0].unwrap_or(0));
        for coding in [Self::Brotli, Self::Zstd, Self::Gzip] {
            let weight = weights[coding as usize].or(any).unwrap_or(0);
            if weight > best.1 || (weight == best.1 && weight > 0 && best.0 == Self::Identity) {
                best = (coding, weight);
            }
        }
        best.0
    }

    /// What `Content-Encoding` says.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
            Self::Gzip => Some("gzip"),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Brotli, Self::Zstd, Self::Gzip];
        let is_meant = |coding: &Self| {
            coding
                .name()
                .is_some_and(|own| name.eq_ignore_ascii_case(own))
        };
        match name {
            _ if name.eq_ignore_ascii_case("identity") => Some(Self::Identity),
            _ if name.eq_ignore_ascii_case("x-gzip") => Some(Self::Gzip),
            _ => all.into_iter().find(is_meant),
        }
    }

    fn code(self, plain: &Bytes) -> io::Result<Bytes> {
        let room = Vec::with_capacity(plain.len() / 3);
        let coded = match self {
            Self::Identity => return Ok(plain.clone()),
            Self::Brotli => {
                let mut coded = room;
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_QUALITY,
                    ..Default::default()
                };
                brotli::BrotliCompress(&mut plain.as_ref(), &mut coded, &parameters)?;
                coded
            }
            Self::Zstd => zstd::bulk::compress(plain, ZSTD_LEVEL)?,
            Self::Gzip => {
                let mut encoder = GzEncoder::new(room, Compression::default());
                encoder.write_all(plain)?;
                encoder.finish()?
            }
        };
        Ok(Bytes::from(coded))
    }
}

impl Coded {
    /// `plain` in that coding; whoever asks for it meanwhile waits for the same one.
    ///
    /// # Errors
    /// The encoder fails.
    pub(super) async fn body(&self, coding: Coding, plain: &Bytes) -> io::Result<Bytes> {
        let cell = match coding {
            Coding::Identity => return Ok(plain.clone()),
            Coding::Brotli => &self.brotli,
            Coding::Zstd => &self.zstd,
            Coding::Gzip => &self.gzip,
        };
        let coded = cell.get_or_try_init(async || {
            let plain = plain.clone();
            // Large ones take milliseconds, in which other requests are answered.
            spawn_blocking(move || coding.code(&plain)).await?
        });
        coded.await.cloned()
    }
}

/// A coding and its weight in thousandths; one that cannot be read is not wanted.
fn weighed(item: &str) -> (&str, u16) {
    let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
    let weight = match parameters.trim() {
        "" => 1000,
        parameter => parameter
            .strip_prefix("q=")
            .or_else(|| parameter.strip_prefix("Q="))
            .and_then(|text| text.trim().parse::<f32>().ok())
            .filter(|weight| (0.0..=1.0).contains(weight))
            .map_or(0, thousandths),
    };
    (name.trim(), weight)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a weight is between 0 and 1"
)]
fn thousandths(weight: f32) -> u16 {
    (weight * 1000.0).round() as u16
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_best_coding_that_the_client_takes() {
        let check = |accepted: &str, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(
                ACCEPT_ENCODING,
                HeaderValue::from_str(accepted).expect("a value"),
            );
            assert_eq!(Coding::wanted(&headers, 2_000), expected, "{accepted}");
        };
        check("gzip, deflate, br, zstd", Coding::Brotli);
        check("gzip, zstd", Coding::Zstd);
        check("GZip", Coding::Gzip);
        check("x-gzip", Coding::Gzip);
        check("br;q=0.5, gzip;q=0.8", Coding::Gzip);
        check("br; q=0, *", Coding::Zstd);
        check("*;q=0", Coding::Identity);
        check("identity, gzip;q=0.5", Coding::Identity);
        check("identity;q=0.5, gzip;q=0.5", Coding::Gzip);
        check("gzip;q=2, br;q=x", Coding::Identity);
        check("deflate", Coding::Identity);
        check("", Coding::Identity);
        assert_eq!(Coding::wanted(&HeaderMap::new(), 2_000), Coding::Identity);
    }

    #[test]
    fn what_is_small_is_sent_as_it_is() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(Coding::wanted(&headers, 1_023), Coding::Identity);
        assert_eq!(Coding::wanted(&headers, 1_024), Coding::Gzip);
    }
}
