//! What cannot be avoided, each as a process of its own: fetching the pages, and having the database load the rows.

use anyhow::ensure;
use sea_orm::ConnectionTrait;

/// Fetches all pages at `url`, one after another, and looks at nothing but their number of records in all.
pub(crate) async fn fetch(url: &str) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (mut page, mut total) = (0_u64, 1);
    while page * 1000 < total {
        let request = client.get(format!("{url}?page={page}&limit=1000"));
        let mut answer = request.send().await?.error_for_status()?;
        let count = answer.headers().get("pagination-count");
        total = count
            .and_then(|text| text.to_str().ok()?.parse().ok())
            .unwrap_or(0);
        let mut bytes = 0;
        while let Some(chunk) = answer.chunk().await? {
            bytes += chunk.len();
        }
        ensure!(bytes > 0, "page {page} is empty");
        page += 1;
    }
    Ok(())
}

/// Has the database at `url` execute `sql`, with the connection that the product has.
pub(crate) async fn execute(url: &str, sql: &str) -> anyhow::Result<()> {
    let db = entity::connect::connect(url, 1).await?;
    db.execute_unprepared(sql).await?;
    db.close().await?;
    Ok(())
}
