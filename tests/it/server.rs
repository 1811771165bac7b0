//! This is a small HTTP server on loopback, one thread a connection, that answers as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Lines as they were sent, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    /// The value of a header, empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }
}

/// What to answer.
pub(crate) enum Reply {
    /// Status, lines of headers, body.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// These bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing, until the other side has gone.
    Never,
}

impl Reply {
    /// A status with a text.
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::Whole(status, Vec::new(), body.as_bytes().to_vec())
    }

    /// A status that sends on.
    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        Self::Whole(status, vec![("Location", to.to_owned())], Vec::new())
    }
}

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server on loopback. Its threads end with the process.
pub(crate) struct Server {
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of loopback");
        let address = listener.local_addr().expect("it has one").to_string();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, answer): (_, Arc<Answer>) = (Arc::clone(&requests), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                let serve = move || {
                    let _ = serve(&stream, &seen, &*answer);
                };
                let small = thread::Builder::new().stack_size(256 * 1024);
                small.spawn(serve).expect("a thread for the connection");
            }
        });
        Self { address, requests }
    }

    /// One that others serve.
    pub(crate) fn elsewhere(address: String) -> Self {
        Self { address, requests: Arc::default() }
    }

    /// A URL of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Request>>, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        seen.lock().expect("no panic").push(request.clone());
        let mut out = stream;
        match answer(&request) {
            Reply::Whole(status, headers, body) => {
                let mut head = format!("HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.extend([name, ": ", &value, "\r\n"]);
                }
                out.write_all(&[head.as_bytes(), b"\r\n", &body].concat())?;
            }
            Reply::Raw(bytes) => return out.write_all(&bytes),
            Reply::Never => {
                reader.read_to_end(&mut Vec::new())?;
                return Ok(());
            }
        }
    }
    Ok(())
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, target, headers, body: String::new() };
    let mut body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(request))
}
