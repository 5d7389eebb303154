use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::Result;
use serde::{Deserialize, Serialize};

/// The encoding of a location of files, which may have a glob.
#[derive(Serialize, Deserialize)]
pub(super) struct EncodedLocation {
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    glob: Option<String>,
}

impl EncodedLocation {
    pub(super) fn of(location: &ListingTableUrl) -> EncodedLocation {
        EncodedLocation {
            url: location.as_str().to_owned(),
            glob: location.get_glob().as_ref().map(ToString::to_string),
        }
    }

    pub(super) fn decode(&self) -> Result<ListingTableUrl> {
        let url = ListingTableUrl::parse(&self.url)?;
        match &self.glob {
            Some(glob) => url.with_glob(glob),
            None => Ok(url),
        }
    }
}
