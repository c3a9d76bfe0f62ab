//! What the commands take that look at the syncer's tap or turn it.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use secrecy::SecretString;
use url::Url;

/// Where to ask.
#[derive(Args, Clone, Debug)]
pub(crate) struct At {
    /// Ask this api instead of the database of the settings: `https://catchment.example.com`
    #[arg(long, value_name = "URL")]
    pub api: Option<ApiUrl>,
    /// A key of that api, with the scope `sync` [default: the variable `CATCHMENT_API_KEY`, which no list of processes shows]
    #[arg(long, value_name = "KEY", requires = "api")]
    pub key: Option<SecretString>,
}

/// Where an api is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiUrl(pub Url);

impl FromStr for ApiUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<Url>() {
            Ok(url) if ["http", "https"].contains(&url.scheme()) && url.query().is_none() => {
                Ok(Self(url))
            }
            Ok(_) => Err("write it as https://HOST[:PORT]".to_owned()),
            Err(error) => Err(format!("it is no URL: {error}")),
        }
    }
}

/// How much a run reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// As scheduled ones do: goes on where an unfinished one stopped, and reads only what changed where that can be asked for
    #[default]
    Incremental,
    /// Everything, from the first page on
    Full,
    /// Everything that `incremental` would, storing nothing
    Dry,
}

impl Mode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Incremental => "incremental",
            Self::Full => "full",
            Self::Dry => "dry",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ApiUrl;

    #[test]
    fn an_api_is_named_by_its_url() {
        let check = |text: &str, is_one: bool| {
            assert_eq!(text.parse::<ApiUrl>().is_ok(), is_one, "{text}");
        };
        check("https://catchment.example.com", true);
        check("http://127.0.0.1:8000/behind/a/prefix", true);
        check("catchment.example.com", false);
        check("ftp://catchment.example.com", false);
        check("https://catchment.example.com?x=1", false);
    }
}
