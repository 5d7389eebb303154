use std::hint::black_box;

use drain3::{Config, Matcher};
use logdrain::{Miner, MinerBuilder, builtin_masks};

use crate::bodies::Bodies;
use crate::case::{Case, Error, Kind};

/// Returns the `peer_…` cases on log text. Every miner has seen all lines once, so it looks up a
/// template that it knows.
pub(crate) fn miners(bodies: &Bodies) -> Result<Vec<Case<'_>>, Error> {
    let masks = [
        builtin_masks::uuid(),
        builtin_masks::hex32(),
        builtin_masks::email(),
        builtin_masks::ipv4(),
        builtin_masks::jwt(),
    ];
    Ok(vec![
        logdrain("peer_logdrain", bodies, Miner::builder())?,
        logdrain("peer_logdrain_masks", bodies, Miner::builder().masks(masks))?,
        drain3(bodies)?,
    ])
}

fn logdrain<'a>(
    name: &'static str,
    bodies: &'a Bodies,
    builder: MinerBuilder,
) -> Result<Case<'a>, Error> {
    let miner = builder.build()?;
    for line in bodies.lines() {
        miner.add(line);
    }
    Ok(Case::per_line(name, Kind::Peer, bodies, move |line| {
        black_box(miner.add(line));
    }))
}

/// Returns the case of the least work that drain3 can do: it looks up the template of a line, without learning.
fn drain3(bodies: &Bodies) -> Result<Case<'_>, Error> {
    let matcher = trained(bodies)?;
    Ok(Case::per_line(
        "peer_drain3",
        Kind::Peer,
        bodies,
        move |line| {
            black_box(matcher.match_id(line));
        },
    ))
}

fn trained(bodies: &Bodies) -> Result<Matcher, Error> {
    // With its limits, drain3 would reject long lines and save the work.
    let config = Config {
        max_tokens: usize::MAX,
        max_bytes: usize::MAX,
        ..Config::default()
    };
    // An empty line has no tokens, and drain3 rejects it.
    let lines = bodies.lines().iter().filter(|line| !line.is_empty());
    Ok(drain3::train(&lines.cloned().collect::<Vec<_>>(), config)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trained_matcher_knows_its_lines() {
        let bodies = Bodies::generated().unwrap();
        let matcher = trained(&bodies).unwrap();
        let known = bodies.lines().iter();
        let known = known.filter(|line| matcher.match_id(line).is_some());
        let known = known.count();
        assert!(known > 9_900, "{known} of 10,000");
        assert!(matcher.match_id("no such line among the bodies").is_none());
    }
}
