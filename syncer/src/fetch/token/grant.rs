//! The refresh token: which one is the newest, and where it is kept.

use std::{
    io,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{fs, io::AsyncWriteExt};
use tracing::{debug, warn};

/// A refresh token, which its use may replace with another.
#[derive(Debug)]
pub(super) struct Refresh {
    token: SecretString,
    file: Option<PathBuf>,
    /// What the file held when it was last read or written.
    in_file: SecretString,
}

impl Refresh {
    pub(super) fn new(token: &SecretString, file: Option<&Path>) -> Self {
        Self {
            token: token.clone(),
            file: file.map(Path::to_owned),
            in_file: token.clone(),
        }
    }

    /// The newest: another process on the same file may have replaced it.
    pub(super) async fn current(&mut self) -> SecretString {
        if let Some(file) = &self.file
            && let Ok(text) = fs::read_to_string(file).await
        {
            let text = text.trim();
            if !text.is_empty() && text != self.in_file.expose_secret() {
                self.in_file = text.into();
                self.token = text.into();
            }
        }
        self.token.clone()
    }

    /// Uses `token` from now on, and keeps it for the next process.
    pub(super) async fn replace(&mut self, token: SecretString) {
        if token.expose_secret() == self.token.expose_secret() {
            return;
        }
        self.token = token;
        let Some(file) = &self.file else {
            warn!(
                "the upstream replaced the refresh token, and the old one may be of no use after a restart: \
                 give it as `${{file:/path}}`, where the new one can be written"
            );
            return;
        };
        match write(file, &self.token).await {
            Ok(()) => {
                self.in_file = self.token.clone();
                debug!(file = %file.display(), "the new refresh token is written");
            }
            Err(error) => warn!(
                file = %file.display(),
                %error,
                "the new refresh token cannot be written, and the old one may be of no use after a restart: \
                 let the syncer write the file and its folder"
            ),
        }
    }
}

/// Replaces what `file` holds, at once: who reads it at any moment finds one token or the other.
async fn write(file: &Path, token: &SecretString) -> io::Result<()> {
    // What a link leads to is replaced, not the link.
    let file = fs::canonicalize(file).await?;
    let permissions = fs::metadata(&file).await?.permissions();
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = file.with_file_name(name);
    let written = async {
        let mut new = fs::File::create(&beside).await?;
        // Before the token is in it, it is as hidden as the old one.
        new.set_permissions(permissions).await?;
        new.write_all(token.expose_secret().as_bytes()).await?;
        new.write_all(b"\n").await?;
        new.sync_all().await?;
        fs::rename(&beside, &file).await
    };
    let written = written.await;
    if written.is_err() {
        // What is left of it is of no use; that it cannot be removed says no more than the error does.
        drop(fs::remove_file(&beside).await);
    }
    written
}
