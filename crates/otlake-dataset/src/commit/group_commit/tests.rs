use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use super::*;

/// Waits until a number of requests wait for the next group.
fn wait_for<T, R>(group: &GroupCommit<T, R>, requests: usize) {
    while group.lock().waiting.len() < requests {
        thread::yield_now();
    }
}

/// Returns the requests as outcomes.
fn echo(requests: &[u64]) -> Vec<u64> {
    requests.to_vec()
}

/// One commit after another: each is a group of its own, and nothing stays behind.
#[test]
fn a_commit_that_meets_no_other_one_is_a_group() {
    let group = GroupCommit::new();
    for number in 0..3 {
        let outcome = group.commit(number, |requests| {
            assert_eq!(requests, [number]);
            echo(requests)
        });
        assert_eq!(outcome, Ok(number));
    }
    let state = group.lock();
    assert!(state.done.is_empty() && state.waiting.is_empty() && !state.is_led);
}

/// Runs a commit whose group ends when `release` says so, while seven others begin to wait in a known order. Returns the
/// groups.
fn groups_of(group: &GroupCommit<u64, u64>) -> Vec<Vec<u64>> {
    let groups = Mutex::new(Vec::new());
    let (release, released) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    thread::scope(|scope| {
        let groups = &groups;
        scope.spawn(move || {
            let outcome = group.commit(0, |requests| {
                groups.lock().unwrap().push(requests.to_vec());
                if requests == [0] {
                    begin.send(()).unwrap();
                    released.recv().unwrap();
                }
                echo(requests)
            });
            assert_eq!(outcome, Ok(0));
        });
        begun.recv().unwrap();
        for number in 1..8 {
            scope.spawn(move || {
                let outcome = group.commit(number, |requests| {
                    groups.lock().unwrap().push(requests.to_vec());
                    echo(requests)
                });
                assert_eq!(outcome, Ok(number));
            });
            wait_for(group, number as usize);
        }
        release.send(()).unwrap();
    });
    groups.into_inner().unwrap()
}

/// Seven commits that come while another one runs: they are one group, in the order in which they came.
#[test]
fn commits_that_wait_are_one_group_in_their_order() {
    let groups = groups_of(&GroupCommit::new());
    assert_eq!(groups, [vec![0], (1..8).collect()]);
}

/// More commits wait than a group may have: the groups are full, and the order stays.
#[test]
fn a_group_is_not_larger_than_the_limit() {
    let groups = groups_of(&GroupCommit::new().with_largest_group(3));
    assert_eq!(groups, [vec![0], vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
    let groups = groups_of(&GroupCommit::new().with_largest_group(0));
    assert_eq!(groups.len(), 8);
}

/// Many threads: each gets the outcome of its own request, groups never overlap, and each request is in one of them.
#[test]
fn many_threads_get_their_own_outcomes() {
    let group = GroupCommit::new().with_largest_group(5);
    let committed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..16 {
            let (group, committed) = (&group, &committed);
            scope.spawn(move || {
                for number in 0..50 {
                    let request = thread * 50 + number;
                    let outcome = group.commit(request, |requests| {
                        let mut committed = committed.try_lock().expect("another group runs");
                        committed.extend_from_slice(requests);
                        requests.iter().map(|request| request * 2).collect()
                    });
                    assert_eq!(outcome, Ok(request * 2));
                }
            });
        }
    });
    let mut committed = committed.into_inner().unwrap();
    committed.sort_unstable();
    assert_eq!(committed, (0..800).collect::<Vec<u64>>());
    assert!(group.lock().done.is_empty());
}

/// Four threads with a group time: no group begins earlier than that after the end of the last one.
#[test]
fn groups_are_apart_by_the_group_time() {
    let time = Duration::from_millis(20);
    let group = GroupCommit::new().with_group_time(time);
    let times = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            let (group, times) = (&group, &times);
            scope.spawn(move || {
                for _ in 0..5 {
                    let committed = group.commit((), |requests| {
                        let begin = Instant::now();
                        thread::yield_now();
                        times.lock().unwrap().push((begin, Instant::now()));
                        vec![(); requests.len()]
                    });
                    assert_eq!(committed, Ok(()));
                }
            });
        }
    });
    let times = times.into_inner().unwrap();
    assert!((5..=20).contains(&times.len()));
    for pair in times.windows(2) {
        assert!(pair[1].0 - pair[0].1 >= time, "{pair:?}");
    }
}

/// The thread that commits a group panics: the other ones of the group get an error, those that came later are committed,
/// and nothing stays behind.
#[test]
fn a_panic_ends_only_its_group() {
    let group = GroupCommit::new();
    let (release, released) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    thread::scope(|scope| {
        let group = &group;
        scope.spawn(move || {
            let outcome = group.commit(0, |requests| {
                begin.send(()).unwrap();
                released.recv().unwrap();
                echo(requests)
            });
            assert_eq!(outcome, Ok(0));
        });
        begun.recv().unwrap();
        let waiting: Vec<_> = (1..4)
            .map(|number| {
                let waiting = scope.spawn(move || {
                    let commit = || group.commit(number, |_| panic!("test"));
                    catch_unwind(AssertUnwindSafe(commit))
                });
                wait_for(group, number as usize);
                waiting
            })
            .collect();
        release.send(()).unwrap();
        let outcomes = waiting.into_iter().map(|waiting| waiting.join().unwrap());
        let (lost, panicked): (Vec<_>, Vec<_>) = outcomes.partition(Result::is_ok);
        assert_eq!((lost.len(), panicked.len()), (2, 1));
        assert!(
            lost.into_iter()
                .all(|outcome| outcome.unwrap() == Err(GroupPanicked))
        );
    });
    assert_eq!(group.commit(4, echo), Ok(4));
    let state = group.lock();
    assert!(state.done.is_empty() && state.waiting.is_empty());
}

/// A thread panics in a group that does not have its own request, because the group is full: the request is dropped with
/// its thread.
#[test]
fn a_panic_in_a_group_of_others_drops_the_own_request() {
    let group = GroupCommit::<u64, u64>::new().with_largest_group(1);
    group.lock().waiting.push_back((u64::MAX, 1));
    let commit = || group.commit(2, |_| panic!("test"));
    assert!(catch_unwind(AssertUnwindSafe(commit)).is_err());
    let state = group.lock();
    assert!(state.waiting.is_empty());
    assert_eq!(state.done, HashMap::from([(u64::MAX, None)]));
}

/// A commit that returns too few outcomes panics, because a thread would wait for ever.
#[test]
fn an_outcome_that_is_missing_is_a_panic() {
    let group = GroupCommit::<u64, u64>::new();
    let commit = || group.commit(1, |_| Vec::new());
    assert!(catch_unwind(AssertUnwindSafe(commit)).is_err());
    assert_eq!(group.commit(2, echo), Ok(2));
}
