//! This module puts things that depend on each other in order, and finds those that wait for each other in a circle.
//!
//! It knows numbers only: `references` knows what they stand for and how a circle is reported.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// What became of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sorted {
    /// Every number after all that it depends on; among those that could stand next, the lowest. When there are
    /// cycles, the order that there would be without their members' ties.
    pub(super) order: Vec<usize>,
    /// Cycles that share no member. Each member depends on the next one, the last on the first.
    pub(super) cycles: Vec<Vec<usize>>,
}

/// Sorts `0..dependencies.len()`, where `dependencies[n]` are the numbers that `n` depends on.
pub(super) fn sort(dependencies: &[Vec<usize>]) -> Sorted {
    let unique: Vec<BTreeSet<usize>> =
        dependencies.iter().map(|needed| needed.iter().copied().collect()).collect();
    let mut dependants = vec![Vec::new(); unique.len()];
    for (number, needed) in unique.iter().enumerate() {
        for &other in needed {
            dependants[other].push(number);
        }
    }
    let mut missing: Vec<usize> = unique.iter().map(BTreeSet::len).collect();
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..unique.len()).filter(|&number| missing[number] == 0).map(Reverse).collect();
    let mut done = vec![false; unique.len()];
    let mut sorted = Sorted::default();
    let mut from = 0;
    loop {
        while let Some(Reverse(number)) = ready.pop() {
            if std::mem::replace(&mut done[number], true) {
                continue;
            }
            sorted.order.push(number);
            for &dependant in &dependants[number] {
                missing[dependant] -= 1;
                if missing[dependant] == 0 {
                    ready.push(Reverse(dependant));
                }
            }
        }
        // Whatever is left waits for a cycle, so walking along what it waits for must come round.
        let Some(start) = (from..unique.len()).find(|&number| !done[number]) else { return sorted };
        from = start;
        let cycle = cycle_from(start, &unique, &done);
        // Its members count as done, so that what only waits for this cycle is not reported again.
        ready.extend(cycle.iter().copied().map(Reverse));
        sorted.cycles.push(cycle);
    }
}

/// Walks from `start` along unfinished dependencies until a number comes up again, and returns the round.
fn cycle_from(start: usize, dependencies: &[BTreeSet<usize>], done: &[bool]) -> Vec<usize> {
    let mut path = vec![start];
    let mut seen = BTreeSet::from([start]);
    loop {
        let last = path[path.len() - 1];
        let next = dependencies[last]
            .iter()
            .copied()
            .find(|&number| !done[number])
            .expect("a number that is not ready depends on one that is not done");
        if !seen.insert(next) {
            let begin = path.iter().position(|&number| number == next).expect("it was seen on this path");
            return path.split_off(begin);
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(dependencies: &[&[usize]], order: &[usize], cycles: &[&[usize]]) {
        let sorted = sort(&dependencies.iter().map(|needed| needed.to_vec()).collect::<Vec<_>>());
        assert_eq!(sorted.order, order);
        assert_eq!(sorted.cycles, cycles);
    }

    #[test]
    fn the_order_is_that_of_the_file_where_nothing_else_demands() {
        check(&[&[], &[], &[]], &[0, 1, 2], &[]);
        check(&[&[2], &[], &[1, 1]], &[1, 2, 0], &[]);
    }

    #[test]
    fn each_cycle_is_found_once_and_what_waits_for_it_is_not_one() {
        check(&[&[0]], &[0], &[&[0]]);
        check(&[&[1], &[2], &[1], &[]], &[3, 1, 0, 2], &[&[1, 2]]);
        check(&[&[1], &[0], &[3], &[2]], &[0, 1, 2, 3], &[&[0, 1], &[2, 3]]);
    }

    fn graph() -> impl Strategy<Value = Vec<Vec<usize>>> {
        (1usize..12).prop_flat_map(|count| {
            proptest::collection::vec(proptest::collection::vec(0..count, 0..4), count)
        })
    }

    proptest! {
        #[test]
        fn for_every_acyclic_graph_the_order_respects_every_edge(
            (dependencies, names) in graph().prop_flat_map(|dependencies| {
                let names: Vec<usize> = (0..dependencies.len()).collect();
                (Just(dependencies), Just(names).prop_shuffle())
            })
        ) {
            // Keeping only edges towards lower ranks makes any graph acyclic; shuffled names hide the ranks.
            let mut acyclic = vec![Vec::new(); names.len()];
            for (rank, needed) in dependencies.iter().enumerate() {
                acyclic[names[rank]] =
                    needed.iter().filter(|&&other| other < rank).map(|&other| names[other]).collect();
            }
            let sorted = sort(&acyclic);
            prop_assert!(sorted.cycles.is_empty());
            let mut place = vec![usize::MAX; names.len()];
            for (at, &number) in sorted.order.iter().enumerate() {
                place[number] = at;
            }
            prop_assert_eq!(sorted.order.len(), names.len());
            for (number, needed) in acyclic.iter().enumerate() {
                prop_assert!(needed.iter().all(|&other| place[other] < place[number]));
            }
        }

        #[test]
        fn for_every_graph_cycles_are_real_and_found_when_there_are_any(dependencies in graph()) {
            let sorted = sort(&dependencies);
            let mut all = sorted.order.clone();
            all.sort_unstable();
            prop_assert_eq!(all, (0..dependencies.len()).collect::<Vec<_>>());
            let mut members = BTreeSet::new();
            for cycle in &sorted.cycles {
                for (at, number) in cycle.iter().enumerate() {
                    prop_assert!(dependencies[*number].contains(&cycle[(at + 1) % cycle.len()]));
                    prop_assert!(members.insert(*number));
                }
            }
            // Without the members of the cycles found, nothing may be left that waits for itself.
            let reach = reachable(&dependencies, &members);
            prop_assert!((0..dependencies.len()).all(|number| members.contains(&number) || !reach[number]));
            prop_assert_eq!(sorted.cycles.is_empty(), {
                let reach = reachable(&dependencies, &BTreeSet::new());
                !reach.contains(&true)
            });
        }
    }

    /// Which numbers can be reached from themselves without passing through `without`.
    fn reachable(dependencies: &[Vec<usize>], without: &BTreeSet<usize>) -> Vec<bool> {
        (0..dependencies.len())
            .map(|start| {
                let mut seen = BTreeSet::new();
                let mut open = dependencies[start].clone();
                while let Some(number) = open.pop() {
                    if !without.contains(&number) && seen.insert(number) {
                        open.extend(&dependencies[number]);
                    }
                }
                !without.contains(&start) && seen.contains(&start)
            })
            .collect()
    }
}
