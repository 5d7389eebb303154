//! The files of a table or a backfill.

use datafusion::catalog::Session;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::error::Result;
use datafusion::object_store::{ObjectMeta, ObjectStoreExt};
use futures_util::TryStreamExt;

/// Returns the location that a path or URL describes, which may have a glob. A directory stands for all files in it.
pub(crate) fn parse(path: &str) -> Result<ListingTableUrl> {
    // DataFusion knows globs in local paths only.
    let glob = path.find(['*', '?', '[']).filter(|_| path.contains("://"));
    let Some(glob) = glob else {
        return ListingTableUrl::parse(path);
    };
    let directory = path[..glob].rfind('/').map_or(0, |slash| slash + 1);
    let (directory, glob) = path.split_at(directory);
    ListingTableUrl::parse(directory)?.with_glob(glob)
}

/// Returns the files at a location that are not empty, in the order of their paths.
pub(crate) async fn list(state: &dyn Session, url: &ListingTableUrl) -> Result<Vec<ObjectMeta>> {
    let store = state.runtime_env().object_store(url)?;
    let files: Vec<ObjectMeta> = if url.is_collection() {
        store.list(Some(url.prefix())).try_collect().await?
    } else {
        vec![store.head(url.prefix()).await?]
    };
    let is_wanted = |file: &ObjectMeta| file.size > 0 && url.contains(&file.location, false);
    let mut files: Vec<_> = files.into_iter().filter(is_wanted).collect();
    files.sort_by(|left, right| left.location.cmp(&right.location));
    Ok(files)
}

/// Distributes files over at most `groups` groups, the largest first, each to the group with the fewest bytes. The files
/// of a group are in the order of their paths.
pub(crate) fn groups(mut files: Vec<ObjectMeta>, groups: usize) -> Vec<Vec<ObjectMeta>> {
    let mut found = vec![(0, Vec::new()); groups.clamp(1, files.len().max(1))];
    files.sort_by_key(|file| std::cmp::Reverse(file.size));
    for file in files {
        if let Some((bytes, group)) = found.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            *bytes += file.size;
            group.push(file);
        }
    }
    let mut groups: Vec<Vec<ObjectMeta>> = found.into_iter().map(|(_, group)| group).collect();
    for group in &mut groups {
        group.sort_by(|left, right| left.location.cmp(&right.location));
    }
    groups
}
