//! What `catchment infer` starts from: a resource of a definition, or a URL.

use std::str::FromStr;

use url::Url;

use super::ResourceName;

/// What to infer from: `SOURCE.RESOURCE` or a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inferred {
    Resource(ResourceName),
    Url(Url),
}

impl FromStr for Inferred {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            return text.parse().map(Self::Resource).map_err(|why: String| {
                format!("{why}, or as a URL, like https://api.example.com/items")
            });
        }
        match text.parse::<Url>() {
            Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(Self::Url(url)),
            Ok(url) => Err(format!(
                "`{}:` is no scheme for it; use http or https",
                url.scheme()
            )),
            Err(error) => Err(format!("it is no URL: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Inferred;

    #[test]
    fn what_is_inferred_from_is_a_resource_or_a_url() {
        let check = |text: &str, expected: Option<bool>| {
            let inferred = text.parse::<Inferred>().ok();
            let is_url = inferred.map(|what| matches!(what, Inferred::Url(_)));
            assert_eq!(is_url, expected, "{text}");
        };
        check("shop.products", Some(false));
        check("https://api.example.com/items?page=1", Some(true));
        check("api.example.com/items", None);
        check("shop", None);
        check("ftp://api.example.com", None);
        check("https://", None);
    }
}
