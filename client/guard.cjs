'use strict';
// Runs inside the official heroku CLI before anything of it does. Some of its commands speak to hosts of Heroku that no
// variable redirects (favorites, notifications, metrics, CI ...), and would send them this shell's token, which is
// another platform's. Here every request is looked at when its head is made, before a byte of it is sent.
const http = require('node:http');

const origin = process.env.HOKKU_TOKEN_ORIGIN;
const token = process.env.HEROKU_API_KEY;

// For this process alone: what it starts (an app under `heroku local`, git, psql) goes its own ways.
process.env.NODE_OPTIONS = (process.env.NODE_OPTIONS ?? '').replace(/ ?--require "(?:[^"\\]|\\.)*guard\.cjs"$/, '');
if (process.env.NODE_OPTIONS === '') delete process.env.NODE_OPTIONS;

if (origin !== undefined && token !== undefined && token !== '') guard(new URL(origin));

function guard(home) {
  const herokus = /(?:^|\.)(?:heroku|herokai|herokuspace|herokudev|herokuapp)\.com$/;

  function refusal(url, head) {
    // Over TLS it is as much at home as over the plain http of the same port.
    const isHome = url.host === home.host && (url.protocol === 'https:' || url.protocol === home.protocol);
    const portOf = ({ port, protocol }) => port || (protocol === 'https:' ? '443' : '80');
    const sameName = url.hostname === home.hostname && (url.protocol === 'https:' || url.protocol === home.protocol);
    if (isHome || (sameName && portOf(url) === portOf(home))) return null;
    if (!herokus.test(url.hostname) && !carriesToken(head)) return null;
    return new Error(
      `Refused to send a request to ${url.host}: in this shell the heroku CLI speaks to ${home.origin} alone, and the token is for that platform. ` +
        'The command needs a service of Heroku, or HEROKU_HOST was changed. To leave the platform: eval "$(hokku env --unset)"',
    );
  }

  function carriesToken(head) {
    if (head.includes(token)) return true;
    const basic = /^authorization: *basic +(\S+)/im.exec(head);
    return basic !== null && Buffer.from(basic[1], 'base64').toString().includes(token);
  }

  const { ClientRequest, OutgoingMessage } = http;
  const store = OutgoingMessage.prototype._storeHeader;
  if (typeof store !== 'function')
    throw new Error('hokku: this Node.js cannot be guarded. Use hokku in place of heroku.');
  OutgoingMessage.prototype._storeHeader = function (firstLine, headers) {
    store.call(this, firstLine, headers);
    if (!(this instanceof ClientRequest)) return;
    const head = String(this._header);
    // A proxy that is asked for a way gets no token; what then goes through it comes by here as well.
    const host = this.method === 'CONNECT' ? this.path : (/^host: *(\S+)/im.exec(head)?.[1] ?? this.host);
    const protocol = this.method === 'CONNECT' ? 'https:' : this.protocol;
    const error = refusal(new URL(`${protocol}//${host}`), head);
    if (error === null) return;
    this._header = null;
    this.on('error', () => undefined);
    this.destroy();
    throw error;
  };

  const { fetch } = globalThis;
  globalThis.fetch = function (input, init) {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    const head = [...headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    const error = refusal(url, `${url.href}\n${head}`);
    return error === null ? fetch.call(this, input, init) : Promise.reject(error);
  };
}
