//! Bodies: too large, cut off, unchanged.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use syncer::{
    SyncError,
    fetch::{Got, Validators, page::At},
};

use super::Asking;
use crate::upstream::{Reply, Then};

type Encode = fn(&[u8]) -> Vec<u8>;

const ENCODINGS: [(&str, Encode); 3] = [("gzip", gzip), ("br", brotli), ("zstd", zstd)];

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).expect("memory");
    encoder.finish().expect("memory")
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut encoded, 4096, 5, 22);
    encoder.write_all(body).expect("memory");
    drop(encoder);
    encoded
}

fn zstd(body: &[u8]) -> Vec<u8> {
    zstd::encode_all(body, 3).expect("memory")
}

fn compressed(encoding: &str, body: Vec<u8>) -> Reply {
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", encoding),
    ];
    Reply::Answer {
        status: 200,
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        body,
    }
}

#[tokio::test]
async fn a_bomb_is_refused_before_it_goes_off() {
    let bomb = vec![b' '; 256 << 20];
    for (name, encode) in ENCODINGS {
        let body = encode(&bomb);
        let asking = Asking::new("max_body = \"64KiB\"", "").await;
        asking
            .upstream
            .answers(move |_| compressed(name, body.clone()));
        let error = asking.error().await;
        assert!(
            error.ends_with("is larger than max_body, 65536 bytes"),
            "{name}: {error}"
        );
        assert_eq!(asking.paths().len(), 1, "it is not asked for again");
    }
}

#[tokio::test]
async fn a_body_of_just_the_size_is_taken() {
    let asking = Asking::new("max_body = \"1KiB\"", "").await;
    asking.upstream.answers(|_| Reply::json(" ".repeat(1024)));
    assert_eq!(asking.page().await.body.map(|body| body.len()), Some(1024));
    asking.upstream.answers(|_| Reply::json(" ".repeat(1025)));
    asking.error().await;
}

#[tokio::test]
async fn a_compressed_body_that_was_cut_off_is_asked_for_again() {
    // Texts that no encoder shortens much, so that there is a middle to cut.
    let record = |n: u64| format!(r#"{{"id":"{:x}"}}"#, n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let body = format!("[{}]", (0..5000).map(record).collect::<Vec<_>>().join(","));
    for (name, encode) in ENCODINGS {
        let whole = encode(body.as_bytes());
        for cut in [1, 8, 4000, whole.len() / 2, whole.len() - 1] {
            let whole = whole.clone();
            let asking = Asking::new("", "").await;
            asking.upstream.answers(move |request| {
                let kept = if request.number == 0 {
                    whole.len() - cut
                } else {
                    whole.len()
                };
                compressed(name, whole[..kept].to_vec())
            });
            let page = asking.page().await;
            assert_eq!(page.body.as_deref(), Some(body.as_bytes()), "{name}, {cut}");
            assert_eq!(
                asking.paths().len(),
                2,
                "{name} without its last {cut} bytes"
            );
        }
    }
}

#[tokio::test]
async fn a_page_as_it_is_known_is_not_sent_again() {
    let asking = Asking::new("", "").await;
    asking
        .upstream
        .answers(|request| match request.header("if-none-match") {
            Some("W/\"a\"") => Reply::status(304, "").with("etag", "W/\"a\""),
            _ => Reply::json("[]")
                .with("etag", "W/\"a\"")
                .with("last-modified", "Sat, 21 Nov 2026 08:00:00 GMT"),
        });
    let known = asking.page().await.validators;
    let expected = Validators {
        etag: Some("W/\"a\"".to_owned()),
        last_modified: Some("Sat, 21 Nov 2026 08:00:00 GMT".to_owned()),
    };
    assert_eq!(known, expected);
    let got = asking
        .ask_at("things", &At::Only, Some(&known))
        .await
        .expect("an answer");
    assert!(matches!(got, Got::NotModified(_)));
    let asked = asking.upstream.asked();
    assert_eq!(asked[0].header("if-none-match"), None);
    let since = asked[1].header("if-modified-since");
    assert_eq!(since, Some("Sat, 21 Nov 2026 08:00:00 GMT"));
}

#[tokio::test]
async fn not_modified_is_no_answer_to_who_knows_nothing() {
    let asking = Asking::new("", "").await;
    asking.upstream.answers(|_| Reply::status(304, ""));
    for known in [None, Some(&Validators::default())] {
        let got = asking.ask_at("things", &At::Only, known).await;
        assert!(
            matches!(got, Err(SyncError::Status { status: 304, .. })),
            "{got:?}"
        );
    }
}

#[tokio::test]
async fn a_search_is_not_asked_for_with_validators() {
    let asking = Asking::new("", "method = \"POST\"").await;
    asking.upstream.answers(|_| Reply::json("[]"));
    let known = Validators {
        etag: Some("\"a\"".to_owned()),
        last_modified: None,
    };
    asking
        .ask_at("things", &At::Only, Some(&known))
        .await
        .expect("a page");
    assert_eq!(asking.upstream.asked()[0].header("if-none-match"), None);
}

#[tokio::test]
async fn why_a_request_failed_is_said_once() {
    let asking = Asking::new("", "").await;
    let check = async |reply: Reply, cause: &str| {
        asking.upstream.answers(move |_| reply.clone());
        let error = asking.error().await;
        let (url, said) = error.split_once(" failed: ").expect("a request");
        assert!(url.starts_with("request to http://"), "{error}");
        assert_eq!(said, cause);
    };
    check(
        Reply::raw("", Then::Closes),
        "connection closed before message completed",
    )
    .await;
    let begun = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n[";
    check(
        Reply::raw(begun, Then::Resets),
        "error reading a body from connection: Connection reset by peer (os error 104)",
    )
    .await;
}
