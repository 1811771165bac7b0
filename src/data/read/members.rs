//! This list notes where the members of an archive begin, so that a reader can come back to one of them. Taking archives
//! apart is left to `gzip_members` and `zstd_frames`.

use crate::data::Member;

/// Beginnings that are kept: few enough to cost nothing, and many enough that little is decompressed in vain.
const MEMBERS_MAX: usize = 4096;

/// Beginnings of members, in order; the first one stays.
pub(super) struct Members {
    starts: Vec<Member>,
}

impl Members {
    /// The reading begins at this one.
    pub(super) fn new(first: Member) -> Self {
        Self { starts: vec![first] }
    }

    /// Another one begins.
    pub(super) fn note(&mut self, member: Member) {
        if self.starts.len() == MEMBERS_MAX {
            let mut keep = false;
            self.starts.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.starts.push(member);
    }

    /// The last one that is known to begin at or before this byte of the text.
    pub(super) fn holding(&self, offset: u64) -> Member {
        let behind = self.starts.partition_point(|member| member.before <= offset);
        self.starts[behind.max(1) - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_any_number_of_members_one_at_or_before_each_byte_is_known() {
        let mut members = Members::new(Member::default());
        for at in 1..20_000 {
            members.note(Member { at: at * 3, before: at * 10 });
        }
        assert!(members.starts.len() <= MEMBERS_MAX);
        for offset in [0, 9, 10, 50_000, 199_989, 1 << 40] {
            let found = members.holding(offset);
            assert!(
                found.before <= offset && found.before + 200 >= offset.min(199_990),
                "{offset}: {found:?}"
            );
            assert_eq!(found.at * 10, found.before * 3);
        }
    }
}
