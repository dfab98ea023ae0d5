import type { PushResult, RigApp } from './platform-rig.ts';

/**
 * Answers every request with one line of JSON: its version, the config var STAMP, when it started, and what it received.
 * `/slow` takes two seconds. Prints numbered lines while TICK_MS is set, and waits BIND_AFTER seconds before it listens.
 */
const server = String.raw`
import json, os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = int(open("VERSION").read())
STAMP = int(os.environ.get("STAMP", "0"))
STARTED = time.time()

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536

    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(2)
        self.answer(0)

    def do_POST(self):
        received = 0
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                received += len(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            received = len(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        self.answer(received)

    def answer(self, received):
        body = json.dumps({"version": VERSION, "stamp": STAMP, "started": STARTED, "dyno": os.environ["DYNO"], "received": received}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 512

def tick(pause):
    number = 0
    while True:
        number += 1
        sys.stdout.write(f"tick {number}\n")
        sys.stdout.flush()
        time.sleep(pause)

if __name__ == "__main__":
    # First: print writes a line and its end one after the other, and another thread may come in between.
    print(f"version {VERSION} starts", flush=True)
    if "TICK_MS" in os.environ:
        threading.Thread(target=tick, args=(int(os.environ["TICK_MS"]) / 1000,), daemon=True).start()
    if os.path.exists("BIND_AFTER"):
        time.sleep(float(open("BIND_AFTER").read()))
    web = Server(("", int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=web.shutdown).start())
    web.serve_forever(poll_interval=0.05)
    web.server_close()
`;

export interface VersionedAnswer {
  readonly version: number;
  readonly stamp: number;
  readonly started: number;
  readonly dyno: string;
  readonly received: number;
}

/** Files that a version may add; the next version is without them again. */
const extras = ['bin/pre_compile', 'BIND_AFTER', 'big'];

/** Commits this version of the app, with these further files. */
export async function commitVersion(
  app: RigApp,
  version: number,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<void> {
  await app.git('rm', '-r', '--quiet', '--force', '--ignore-unmatch', ...extras);
  const own = { 'requirements.txt': '', 'server.py': server, Procfile: 'web: exec python server.py\n' };
  await app.write({ ...own, VERSION: `${version}\n`, ...files });
  await app.commit(`version ${version}`);
}

/** Commits and pushes it; throws with what the pusher saw when the push is refused. */
export async function deployVersion(
  app: RigApp,
  version: number,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<PushResult> {
  await commitVersion(app, version, files);
  const result = await app.push();
  if (result.exitCode !== 0) throw new Error(`version ${version} was refused: ${result.output}`);
  return result;
}

/** What the app answers now; throws unless it is a 200. */
export async function answerOf(app: RigApp): Promise<VersionedAnswer> {
  const { status, body } = await app.get();
  if (status !== 200) throw new Error(`${app.name} answered ${status}: ${body.slice(0, 200)}`);
  return JSON.parse(body) as VersionedAnswer;
}
