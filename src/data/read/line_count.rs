//! This count tells on which line a reading of JSON stands. Readers of lines count for themselves.

/// The line that is reached. Carriage returns alone end lines as long as no line feed has been seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineCount {
    line: u64,
    has_line_feeds: bool,
    /// Whether the last byte was a carriage return that was counted.
    is_behind_return: bool,
}

impl LineCount {
    /// On this line.
    pub(super) fn on(line: u64) -> Self {
        Self { line, has_line_feeds: false, is_behind_return: false }
    }

    /// The line, from 1.
    #[inline]
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Goes on over a byte that is white space.
    #[inline]
    pub(super) fn white(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                self.line += u64::from(!self.is_behind_return);
                (self.has_line_feeds, self.is_behind_return) = (true, false);
            }
            b'\r' if !self.has_line_feeds => {
                self.line += 1;
                self.is_behind_return = true;
            }
            _ => self.is_behind_return = false,
        }
    }

    /// Goes on over a byte that is no white space.
    #[inline]
    pub(super) fn black(&mut self) {
        self.is_behind_return = false;
    }

    /// Goes on over the inside of a string. A line end in it is no JSON, but the lines behind it are still to be counted.
    pub(super) fn string(&mut self, bytes: &[u8]) {
        let mut next = 0;
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if at > next {
                self.black();
            }
            self.white(bytes[at]);
            next = at + 1;
        }
        if bytes.len() > next {
            self.black();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, line: u64) {
        for cut in 0..=text.len() {
            let (mut white, mut string) = (LineCount::on(1), LineCount::on(1));
            for byte in text.bytes() {
                if matches!(byte, b'\r' | b'\n') { white.white(byte) } else { white.black() }
            }
            string.string(&text.as_bytes()[..cut]);
            string.string(&text.as_bytes()[cut..]);
            assert_eq!((white.line(), string.line()), (line, line), "{text:?} cut at {cut}");
        }
    }

    #[test]
    fn lines_end_with_any_of_the_three_line_ends() {
        check("a\nb\n\n", 4);
        check("a\r\nb\r\n\r\nx", 4);
        check("\ra\r\rb", 4);
        check("a\n\rb\r", 2);
        check("a\rb\nc\rd", 3);
    }
}
