import type { RigApp } from './platform-rig.ts';

/** A web server of the standard library that does what the path of a request says. */
const server = String.raw`
import base64, json, os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

VERSION = open("VERSION").read().strip()

def flood(megabytes, line):
    # Through a pipe from one big buffer: as fast as whoever reads it.
    block = (line + b"\n") * (65536 // (len(line) + 1))
    for _ in range(megabytes * 16):
        sys.stdout.buffer.write(block)
    sys.stdout.flush()
    print("flood is over", flush=True)

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        if url.path == "/env":
            body = json.dumps({k.decode("latin1"): base64.b64encode(v).decode() for k, v in os.environb.items()})
        elif url.path == "/flood":
            threading.Thread(target=flood, args=(int(query["mb"]), b"x" * int(query.get("line", 99))), daemon=True).start()
            body = "flooding"
        elif url.path == "/exit":
            os._exit(int(query["status"]))
        elif url.path == "/kill":
            os.kill(os.getpid(), int(query["signal"]))
            time.sleep(60)
        elif url.path == "/slow":
            time.sleep(float(query["seconds"]))
            body = "slow"
        else:
            body = f"{VERSION} of {os.environ['DYNO']}"
        self.answer(body)

    def do_POST(self):
        # Prints the body, which is base64.
        sys.stdout.buffer.write(base64.b64decode(self.rfile.read(int(self.headers["Content-Length"]))))
        sys.stdout.flush()
        self.answer("said")

    def answer(self, body):
        payload = body.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *args):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

if __name__ == "__main__":
    time.sleep(float(os.environ.get("BIND_AFTER", "0")))
    web = Server(("", int(os.environ.get("BIND_PORT") or os.environ["PORT"])), Handler)
    def stop(*_):
        threading.Thread(target=web.shutdown).start()
    signal.signal(signal.SIGTERM, signal.SIG_IGN if os.environ.get("IGNORE_TERM") else stop)
    print("listening", flush=True)
    web.serve_forever(poll_interval=0.05)
    web.server_close()
`;

/** The files of a working app without dependencies, which answers with `version` and the name of its dyno. */
export function tinyApp(version: string, procfile = 'web: exec python server.py\n'): Record<string, string> {
  return { 'requirements.txt': '', 'server.py': server, Procfile: procfile, VERSION: `${version}\n` };
}

/** Commits a tiny app with these further files and pushes it. */
export async function pushTiny(
  app: RigApp,
  version: string,
  files: Readonly<Record<string, string>> = {},
): ReturnType<RigApp['push']> {
  await app.write({ ...tinyApp(version), ...files });
  await app.commit(version);
  return app.push();
}
