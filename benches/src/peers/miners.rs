use std::hint::black_box;

use drain3::{Config, Matcher};
use logdrain::{Miner, MinerBuilder, builtin_masks};

use crate::bodies::Bodies;
use crate::case::{Case, Error, Kind};

/// The cases `peer_…` on log text: every miner has seen all lines once, so it looks for a template
/// that it has.
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

/// The least that drain3 can be asked: only which template a line has, learning nothing.
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
    // It would refuse lines beyond its limits, and so get them for nothing.
    let config = Config {
        max_tokens: usize::MAX,
        max_bytes: usize::MAX,
        ..Config::default()
    };
    // An empty line has no token and is refused.
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
