//! TLS: whom the system trusts is trusted, and nothing goes on in the clear.
//!
//! The certificates beside this file are for `127.0.0.1` and these tests alone; the authority's key is gone.

use std::{process::Command, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use super::Asking;
use crate::upstream::Upstream;

/// Who signed the certificates beside this file.
const AUTHORITY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/it/fetch/tls/authority.pem"
);

/// A process reads its system's roots once: this is done in one whose system trusts the authority of these certificates.
#[tokio::test]
async fn the_systems_authorities_are_trusted() {
    if std::env::var_os("SSL_CERT_FILE").is_none_or(|file| file != AUTHORITY) {
        return in_a_process_that_trusts_the_authority();
    }
    let asking = Asking::new("", "").await;
    let asking = asking.at(&secured("[]", "").await);
    asking.page().await;
    // The way back into the clear is not taken, not even bare.
    let clear = Upstream::start().await;
    let location = format!("location: {}\r\n", clear.url);
    let asking = Asking::new("", "").await;
    let asking = asking.at(&secured("", &location).await);
    let error = asking.error().await;
    assert!(
        error.ends_with("it redirects from https to http"),
        "{error}"
    );
    assert!(clear.asked().is_empty());
}

fn in_a_process_that_trusts_the_authority() {
    let this = std::env::current_exe().expect("this test's binary");
    let name = "fetch::tls::the_systems_authorities_are_trusted";
    let child = Command::new(this)
        .args(["--exact", name])
        .env("SSL_CERT_FILE", AUTHORITY)
        .output()
        .expect("a process");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn others_are_not() {
    let asking = Asking::new("", "").await;
    let asking = asking.at(&secured("[]", "").await);
    let error = asking.error().await;
    assert!(error.contains("certificate"), "{error}");
}

/// The URL of an upstream that speaks TLS, and answers every request with `body`, or sends it on with `location`.
async fn secured(body: &str, location: &str) -> String {
    let chain =
        CertificateDer::from_pem_slice(include_bytes!("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("server.key")).expect("a key");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("it knows them")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let status = if location.is_empty() { 200 } else { 302 };
    let reply = format!(
        "HTTP/1.1 {status} scripted\r\nconnection: close\r\ncontent-length: {}\r\n{location}\r\n{body}",
        body.len()
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            answer(&acceptor, stream, &reply).await;
        }
    });
    url
}

async fn answer(acceptor: &TlsAcceptor, stream: TcpStream, reply: &str) -> Option<()> {
    let mut stream = acceptor.accept(stream).await.ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    stream.write_all(reply.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}
