//! `catchment infer`: a definition, or what one lacks, from real answers.

use anyhow::{anyhow, bail};
use syncer::{
    infer::{self, InferError},
    source::Environment,
};

use super::{Call, Form};
use crate::{
    cli::Inferred,
    definitions,
    exit::{Exit, Misuse},
    print, signals,
};

pub(super) async fn run(call: &Call, what: &Inferred) -> anyhow::Result<Exit> {
    let ctx = call.ctx(call.open_scratch().await?, signals::listen()?)?;
    let looking = async {
        match what {
            Inferred::Url(url) => infer::of_url(&ctx, url).await.map_err(told),
            Inferred::Resource(name) => {
                let file = definitions::describing(&call.settings, &name.source)?;
                let environment = Environment {
                    secret: &call.lookup(),
                    overrides: call.settings.overrides.0.clone(),
                    enabled: None,
                };
                let known = (&file, &environment);
                let inferred = infer::of_resource(&ctx, known, &name.source, &name.resource);
                inferred.await.map_err(told)
            }
        }
    };
    let inferred = tokio::select! {
        inferred = looking => inferred?,
        () = ctx.stop.asked() => bail!("stopped before the upstream answered"),
    };
    match call.form {
        Form::Text => print::text(&inferred.toml)?,
        Form::Json => print::json(&inferred)?,
    }
    Ok(Exit::Done)
}

fn told(error: InferError) -> anyhow::Error {
    match error {
        InferError::Upstream(error) => anyhow!(error.chain()),
        InferError::Faulty(_) => Misuse(error.to_string()).into(),
        InferError::Nothing(why) => anyhow!(why),
    }
}
