import { RouterRig, route } from '../../unit/router/router-rig.ts';
import { exchange } from './exchange.ts';
import { mutate, type Random } from './random.ts';

const hidden = 'GET /smuggled HTTP/1.1\r\nHost: myapp.localhost\r\n\r\n';
const host = 'Host: myapp.localhost\r\n';
const honest = [
  `GET /a?b=c HTTP/1.1\r\n${host}Accept: */*\r\nCookie: a=b; c=d\r\n\r\n`,
  `POST /length HTTP/1.1\r\n${host}Content-Type: text/plain\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  `POST /chunks HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\nX-Trailer: y\r\n\r\n`,
  `GET http://myapp.localhost/absolute HTTP/1.1\r\n${host}Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\r\n`,
  `GET /socket HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: aaaa\r\n\r\n${hidden}`,
];
const tokens = [
  'Content-Length: 3\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  ' \r\n',
  '\x0b',
  ';ext=1',
  'ffffffffffffffff\r\n',
  'HTTP/1.0',
  'HTTP/9.9',
  'Expect: 100-continue\r\n',
  host,
  'X-Forwarded-For: 1.2.3.4\r\n',
];

/**
 * Raw bytes at the router. It may refuse what it likes; but it must not fail, and a dyno must never see more requests than
 * the router has answered: one more is a request that was hidden in another.
 */
export async function fuzzRouter(rounds: number, random: Random): Promise<readonly string[]> {
  await using rig = await RouterRig.start();
  let seen: string[] = [];
  const dyno = await rig.dyno((request, response) => {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
    request.resume();
    request.once('end', () => response.end('ok'));
  });
  await rig.router.setRoute(route('myapp', 'up', [dyno]));
  await rig.router.commit();
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    seen = [];
    const first = mutate(Buffer.from(random.pick(honest), 'latin1'), random, tokens);
    const bytes = random.chance(4) ? Buffer.concat([first, Buffer.from(random.pick(honest), 'latin1')]) : first;
    let heard = await exchange(rig.router.port, [bytes], { quietMs: 60 });
    if (seen.length > 1) {
      // On a busy machine the answers may only have been late: heard out, they count.
      seen = [];
      heard = await exchange(rig.router.port, [bytes], { quietMs: 3_000 });
    }
    // One that was cut off has no answer any more.
    const answers = heard.statuses.filter((status) => status >= 200).length + Number(heard.isClosed);
    const told = `round ${round}: ${JSON.stringify(bytes.toString('latin1').slice(0, 600))}`;
    if (seen.length > Math.max(1, answers))
      wrong.push(`the dyno saw ${seen.join(', ')}, and ${answers} were answered; ${told}`);
    for (const status of heard.statuses.filter((each) => each >= 500)) wrong.push(`${status}; ${told}`);
  }
  if ((await rig.get('myapp.localhost')).status !== 200) wrong.push('a good request fails afterwards');
  return wrong;
}
