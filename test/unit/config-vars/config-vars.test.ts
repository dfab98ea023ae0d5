import { randomBytes, randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { applyPatch, openConfigVars } from '../../../src/config-vars/index.ts';
import type { AppId, ReleaseId } from '../../../src/model/ids.ts';
import type { ConfigVars } from '../../../src/model/release.ts';
import { createApp, temporaryStore } from '../../rig/store.ts';

describe('a patch', () => {
  it('sets, changes and removes, and names only what it really changes', () => {
    const vars = { KEEP: '1', CHANGE: 'a', DROP: 'x', SAME: 's' };

    const patched = applyPatch(vars, { CHANGE: 'b', SAME: 's', NEW: '', DROP: null, NEVER_WAS: null });

    expect(patched).toEqual({
      vars: { KEEP: '1', CHANGE: 'b', SAME: 's', NEW: '' },
      set: ['CHANGE', 'NEW'],
      removed: ['DROP'],
    });
    expect(vars).toEqual({ KEEP: '1', CHANGE: 'a', DROP: 'x', SAME: 's' });
    expect(applyPatch(vars, { SAME: 's', NEVER_WAS: null })).toEqual({ vars, set: [], removed: [] });
  });

  it.each(['', 'A-B', 'A B', 'A=B', 'ÄB', 'A\n', '../x', 'A.B', '__proto__', 'A'.repeat(256)])(
    'may not set the key %j',
    (key) => {
      const patch = Object.fromEntries([[key, 'hunter2']]);

      expect(() => applyPatch({}, patch)).toThrow(expect.objectContaining({ id: 'invalid_params' }));
      expect(() => applyPatch({}, patch)).not.toThrow('hunter2');
    },
  );

  it.each(['A', '_', '1ST', 'a_b', 'constructor', 'toString', 'PORT', 'A'.repeat(255)])('may set the key %s', (key) => {
    const { vars, set } = applyPatch({}, { [key]: 'v' });

    expect(Object.entries(vars)).toEqual([[key, 'v']]);
    expect(set).toEqual([key]);
    expect(applyPatch(vars, { [key]: null })).toEqual({ vars: {}, set: [], removed: [key] });
  });

  it('may not set a value that no environment can hold', () => {
    expect(() => applyPatch({}, { A: 'hun\0ter2' })).toThrow(/^The value of A contains a NUL/);
    expect(() => applyPatch({}, { A: 'hunter\uD83C' })).toThrow(/^The value of A is not valid Unicode/);
    expect(applyPatch({}, { A: '🌸' }).set).toEqual(['A']);
  });

  it('may fill 65,536 bytes to the last one, counted in UTF-8, and not one more', () => {
    const full = applyPatch({ OLD: 'x'.repeat(4) }, { KEY: '俳'.repeat(21_841), Z: 'zz' });
    const bytes = Object.entries(full.vars).flat().join('');

    expect(Buffer.byteLength(bytes)).toBe(65_536);
    expect(() => applyPatch(full.vars, { Z: 'zzz' })).toThrow(
      /^Config vars are limited to 65536 bytes .* have 65537\./,
    );
    expect(applyPatch(full.vars, { Z: 'z' }).set).toEqual(['Z']);
    const tooLarge = { A: 'x'.repeat(70_000), B: '1' };
    expect(applyPatch(tooLarge, { B: null }).removed).toEqual(['B']);
  });
});

describe('at rest', () => {
  const app = 'a0000000-0000-4000-8000-000000000000' as AppId;
  const other = 'b0000000-0000-4000-8000-000000000000' as AppId;

  it('brings back exactly what went in, whatever it is', async () => {
    await using rig = await temporaryStore();
    const box = openConfigVars(rig.store, randomBytes(32));
    const cases: ConfigVars[] = [
      {},
      { EMPTY: '' },
      { KEY: '-----BEGIN KEY-----\nabc\r\n\tdef\n-----END KEY-----\n' },
      { QUOTES: `"double" 'single' \`tick\` \\back\\ $HOME \${X} $(id) %s {{x}} #!`, UTF8: '俳句 🌸 \u202E\uFEFF' },
      applyPatch({}, { BIG: '\n'.repeat(65_533) }).vars,
      ...Array.from({ length: 100 }, randomVars),
    ];

    for (const vars of cases) expect(box.open(app, box.seal(app, vars))).toEqual(vars);
    expect(box.open(app, null)).toEqual({});
  });

  it('shows nothing of a value, and never the same bytes twice', async () => {
    await using rig = await temporaryStore();
    const box = openConfigVars(rig.store, randomBytes(32));
    const vars = { PASSWORD: 'hunter2hunter2' };

    const [once, twice] = [Buffer.from(box.seal(app, vars)), Buffer.from(box.seal(app, vars))];

    expect(once.includes('hunter2')).toBe(false);
    expect(once.includes('PASSWORD')).toBe(false);
    expect(once[0]).toBe(1);
    expect(once.equals(twice)).toBe(false);
  });

  it('opens with its own key, for its own app, and unchanged, or says which key is wrong', async () => {
    await using rig = await temporaryStore();
    const box = openConfigVars(rig.store, randomBytes(32));
    const sealed = box.seal(app, { A: 'hunter2' });
    const flipped = Array.from(sealed, (_, i) => sealed.map((byte, j) => (i === j ? byte ^ 1 : byte)));

    const wrongKey = expect.objectContaining({
      id: 'internal_server_error',
      message: expect.stringContaining('HOKKU_SECRET_KEY is not the one the data was written with'),
    });
    expect(() => openConfigVars(rig.store, randomBytes(32)).open(app, sealed)).toThrow(wrongKey);
    expect(() => box.open(other, sealed)).toThrow(wrongKey);
    for (const changed of flipped) expect(() => box.open(app, changed)).toThrow(wrongKey);
    for (let cut = 0; cut < sealed.length; cut += 1)
      expect(() => box.open(app, sealed.subarray(0, cut))).toThrow(wrongKey);
    expect(() => openConfigVars(rig.store, randomBytes(16))).toThrow('has 16 bytes; it must have 32');
  });

  it("reads an app's present vars and those of each of its releases from the store", async () => {
    await using rig = await temporaryStore();
    const { store } = rig;
    const box = openConfigVars(store, randomBytes(32));
    const account = await store.accounts.create({ email: 'ada@example.com' });
    const { id } = await createApp(store, account.id, 'with-config');
    expect(await box.read(id)).toEqual({});

    const releases = [];
    for (const value of ['old', 'new']) {
      const configVars = box.seal(id, { A: value });
      await store.apps.writeConfig(id, configVars);
      const common = { appId: id, description: 'Set A config vars', slugId: null, userId: account.id };
      releases.push(await store.releases.create({ ...common, status: 'succeeded', configVars }));
    }

    expect(await box.read(id)).toEqual({ A: 'new' });
    expect(await Promise.all(releases.map((release) => box.ofRelease(release.id)))).toEqual([
      { A: 'old' },
      { A: 'new' },
    ]);
    await expect(box.ofRelease(other as string as ReleaseId)).rejects.toMatchObject({
      id: 'not_found',
      resource: 'release',
    });
  });
});

/** Any keys and any text that a patch lets through. */
function randomVars(): ConfigVars {
  const letters = 'abcXYZ_019';
  const key = () => Array.from({ length: randomInt(1, 20) }, () => letters[randomInt(letters.length)]).join('');
  const ranges = [0x80, 0x800, 0xd800, 0x10ffff - 0xe000] as const;
  const character = () => {
    const range = ranges[randomInt(ranges.length)] ?? 0x80;
    return String.fromCodePoint(randomInt(1, range) + (range > 0xd800 ? 0xe000 : 0));
  };
  const value = () => Array.from({ length: randomInt(50) }, character).join('');
  return applyPatch({}, Object.fromEntries(Array.from({ length: randomInt(10) }, () => [key(), value()]))).vars;
}
