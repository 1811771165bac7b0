//! A step whose results go to `take` steps alone runs no more items than those need: it starts only as many as there are
//! results missing, and stops when enough results stand in order.

use super::Coordinator;
use crate::lua::ResultShape;

impl Coordinator<'_> {
    /// Items that may start now: all of them where every result is wanted.
    ///
    /// Each item of a `map` counts as one result until it has ended, so none runs in vain, and which items run does not depend
    /// on how many run at once. What an item of the other verbs comes to is guessed from those before, because a filter that
    /// keeps one item in a thousand would otherwise crawl; it may look at some items more than were needed.
    pub(super) fn room(&self) -> usize {
        let Some(wanted) = self.wanted else { return usize::MAX };
        // Of results that stand in the books it is not known which are the first ones, until those between them are there.
        let taken = if self.own.is_some() { self.sink.in_order() } else { self.sink.taken };
        let missing = wanted.saturating_sub(taken);
        let items = match self.kind {
            ResultShape::Map => missing,
            ResultShape::Filter | ResultShape::FlatMap => {
                let ended = u128::from(self.scheduler.tally().ended()) + 1;
                let items = (u128::from(missing) * ended).div_ceil(u128::from(taken) + 1);
                u64::try_from(items).unwrap_or(u64::MAX)
            }
        };
        let open = self.items_out + self.waiting.len() as u64;
        // Results that are known may stand behind an item that has none yet: that one runs, however many they are.
        let is_stuck = open == 0 && self.sink.in_order() < wanted;
        usize::try_from(items.saturating_sub(open).max(u64::from(is_stuck))).unwrap_or(usize::MAX)
    }

    /// Items that may be read now: those that wait for their start or their keys take room, too.
    pub(super) fn room_to_read(&self) -> usize {
        let room = self.room();
        if room == usize::MAX {
            return room;
        }
        let fresh: usize = self.fresh.values().map(crate::value::Chunk::len).sum();
        let keyed = self.keyed.iter().flat_map(|keyed| keyed.chunks.values());
        room.saturating_sub(fresh + keyed.map(|keyed| keyed.chunk.len()).sum::<usize>())
    }

    /// Stops when enough results stand in order. What was read and never ran is forgotten: it is none of this step's.
    pub(super) fn stop_at_enough(&mut self) {
        let has_enough = self.wanted.is_some_and(|wanted| self.sink.in_order() >= wanted);
        if has_enough && self.scheduler.stop().is_none() {
            self.scheduler.enough();
            self.fresh.clear();
            if let Some(keyed) = &mut self.keyed {
                keyed.chunks.clear();
                keyed.tasks.clear();
            }
        }
    }
}
