//! The server of the HTTP benchmark answers every request after a pause. One thread a connection, so that it costs the
//! machine little beside those that are measured; it is the same for all of them.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";

/// Prints the address it listens at, and serves until it is killed.
pub(crate) fn forever(milliseconds: u64) -> Result<(), Box<dyn Error + Send + Sync>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", listener.local_addr()?)?;
    out.flush()?;
    for stream in listener.incoming() {
        let stream = stream?;
        thread::Builder::new().stack_size(64 * 1024).spawn(move || {
            // A client that goes away is no matter.
            let _ = serve(&stream, Duration::from_millis(milliseconds));
        })?;
    }
    Ok(())
}

fn serve(stream: &TcpStream, pause: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(2048, stream);
    let mut line = Vec::new();
    loop {
        // Requests without a body: a head ends with an empty line.
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            if line == b"\r\n" {
                break;
            }
        }
        thread::sleep(pause);
        let mut out = stream;
        out.write_all(ANSWER)?;
    }
}
