'use strict';
// Runs inside the official heroku CLI before anything of it does. Some of its commands speak to hosts of Heroku that no
// variable redirects (favorites, notifications, metrics, CI ...), and would send them this shell's token, which is
// another platform's; and with a HEROKU_HOST that it does not like it goes on with Heroku itself. Here a request to a host
// of Heroku is refused before it begins, and one that carries the token elsewhere before a byte of it is sent.
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { syncBuiltinESMExports } = require('node:module');
const tls = require('node:tls');

const { HOKKU_TOKEN_ORIGIN: origin, HEROKU_API_KEY: token, NODE_EXTRA_CA_CERTS: bundle } = process.env;

// For this process alone: what it starts (an app under `heroku local`, git, psql) goes its own ways.
process.env.NODE_OPTIONS = (process.env.NODE_OPTIONS ?? '').replace(/ ?--require "(?:[^"\\]|\\.)*guard\.cjs"$/, '');
if (process.env.NODE_OPTIONS === '') delete process.env.NODE_OPTIONS;

if (origin !== undefined && origin !== '' && token !== undefined && token !== '') {
  const home = new URL(origin);
  refuseHosts(home);
  keepToken(home);
  trustPlatform(home);
  syncBuiltinESMExports();
}

function refused(home, host) {
  return new Error(
    `Refused to send a request to ${host}: in this shell the heroku CLI speaks to ${home.origin} alone, and its token is for that platform.\n` +
      'The command needs a service of Heroku, or HEROKU_HOST is not the one that hokku env gave.\n' +
      'To leave the platform: eval "$(hokku env --unset)"',
  );
}

/** No request to Heroku, with or without a token: some carry it in their path, encoded. */
function refuseHosts(home) {
  const herokus = /(?:^|\.)(?:heroku|herokai|herokuspace|herokudev|herokuapp|salesforce)\.com\.?$/i;
  const check = (first, second) => {
    const isUrl = typeof first === 'string' || first instanceof URL;
    const url = isUrl ? new URL(first) : {};
    const options = (isUrl ? second : first) ?? {};
    const named = options.hostname ?? options.host ?? url.hostname ?? 'localhost';
    const host = String(named).replace(/:\d+$/, '');
    if (herokus.test(host) && host !== home.hostname) throw refused(home, host);
  };
  for (const client of [http, https]) {
    for (const name of ['request', 'get']) {
      const original = client[name];
      client[name] = function (first, second, ...rest) {
        check(first, second);
        return original.call(this, first, second, ...rest);
      };
    }
  }
  const { fetch } = globalThis;
  globalThis.fetch = async function (input, init) {
    const url = new URL(input instanceof Request ? input.url : input);
    check(url);
    return fetch.call(this, input, init);
  };
}

/** The head of every request passes here, whatever made it. */
function keepToken(home) {
  const { ClientRequest, OutgoingMessage } = http;
  const store = OutgoingMessage.prototype._storeHeader;
  if (typeof store !== 'function')
    throw new Error('hokku: this Node.js cannot be guarded. Use hokku in place of heroku.');
  const port = (url) => url.port || (url.protocol === 'https:' ? '443' : '80');
  const isHome = (url) =>
    url.hostname === home.hostname &&
    port(url) === port(home) &&
    // TLS is no worse than the plain http of the same port; the reverse is.
    (url.protocol === 'https:' || url.protocol === home.protocol);
  // `:undefined`: heroku webhooks reads the token before it is there, and elsewhere than at localhost nothing corrects it.
  const noToken = `Basic ${Buffer.from(':undefined').toString('base64')}`;
  const target = (request, host) => new URL(`${request.protocol}//${host ?? request.host}`);

  OutgoingMessage.prototype._storeHeader = function (firstLine, headers) {
    const isRequest = this instanceof ClientRequest;
    if (isRequest && this.getHeader('authorization') === noToken && isHome(target(this, this.getHeader('host')))) {
      this.setHeader('authorization', `Bearer ${token}`);
    }
    store.call(this, firstLine, headers);
    if (!isRequest) return;
    const head = String(this._header);
    const basic = /^authorization: *basic +(\S+)/im.exec(head)?.[1] ?? '';
    if (!head.includes(token) && !Buffer.from(basic, 'base64').toString().includes(token)) return;
    const url = target(this, /^host: *(\S+)/im.exec(head)?.[1]);
    if (isHome(url)) return;
    this._header = null;
    this.on('error', () => undefined);
    this.destroy();
    throw refused(home, url.host);
  };
}

/** Behind a proxy the CLI trusts SSL_CERT_FILE in place of NODE_EXTRA_CA_CERTS; the platform's own CA is in the latter. */
function trustPlatform(home) {
  if (bundle === undefined) return;
  const { connect } = tls;
  tls.connect = function (...args) {
    const own = args.map((options) => {
      const isPlatform = options?.ca !== undefined && [options.servername, options.host].includes(home.hostname);
      return isPlatform ? { ...options, ca: [options.ca, readFileSync(bundle)].flat() } : options;
    });
    return connect.apply(this, own);
  };
}
