//! This type holds the keys of one object in their order.

/// Keys, and where each ends.
#[derive(Debug, Default, Clone)]
pub(super) struct Keys {
    text: String,
    ends: Vec<u32>,
}

impl Keys {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    pub(super) fn push(&mut self, key: &str) {
        self.text.push_str(key);
        self.ends.push(self.text.len() as u32);
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let key = &self.text[start..end as usize];
            start = end as usize;
            key
        })
    }

    /// The place of `key`, the first one if it comes again; the largest number when it is not there.
    pub(super) fn rank(&self, key: &[u8]) -> u32 {
        let text = self.text.as_bytes();
        let mut start = 0;
        for (at, &end) in self.ends.iter().enumerate() {
            if text[start..end as usize] == *key {
                return at as u32;
            }
            start = end as usize;
        }
        u32::MAX
    }

    /// A number that sequences of other keys are unlikely to have.
    pub(super) fn hash(&self) -> u64 {
        let ends = self
            .ends
            .iter()
            .fold(0, |hash: u64, &end| (hash ^ u64::from(end)).wrapping_mul(0x0100_0000_01b3));
        xxhash_rust::xxh3::xxh3_64_with_seed(self.text.as_bytes(), ends)
    }

    /// Whether a key comes more than once.
    pub(super) fn repeats(&self) -> bool {
        let mut keys: Vec<&str> = self.iter().collect();
        keys.sort_unstable();
        keys.windows(2).any(|pair| pair[0] == pair[1])
    }
}
