import { expect, it } from '@jest/globals';
import { BuildpackRun } from '../rig/buildpack-run.ts';

/** What a machine tells builds about its network. */
const network = Object.fromEntries(
  ['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'GOPROXY', 'GOSUMDB', 'RUSTUP_DIST_SERVER', 'https_proxy', 'no_proxy']
    .map((name): [string, string | undefined] => [name, process.env[name]])
    .filter((entry): entry is [string, string] => entry[1] !== undefined),
);

const reaches = (url: string): Promise<boolean> =>
  fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(10_000) }).then(
    ({ ok }) => ok,
    () => false,
  );

interface Language {
  readonly name: string;
  readonly source: string;
  readonly app: Readonly<Record<string, string>>;
  readonly main: string;
  /** One change, with its own words. */
  readonly change: readonly [string, string];
  readonly program: string;
  readonly broken: readonly (readonly [title: string, files: Readonly<Record<string, string>>, says: RegExp])[];
}

const languages: readonly Language[] = [
  {
    name: 'go',
    source: 'https://proxy.golang.org/golang.org/toolchain/@v/list',
    app: {
      'go.mod': 'module example.com/shop\n\ngo 1.24\n\nrequire golang.org/x/text v0.14.0\n',
      'go.sum':
        'golang.org/x/text v0.14.0 h1:ScX5w1eTa3QqT8oi6+ziP7dTV1S2+ALU0bI+0zXKWiQ=\ngolang.org/x/text v0.14.0/go.mod h1:18ZOQIKpY8NJVqYksKHtTdi31H5itFRjB5/qKTNYzSU=\n',
      'main.go':
        'package main\n\nimport (\n\t"fmt"\n\n\t"golang.org/x/text/cases"\n\t"golang.org/x/text/language"\n)\n\nfunc main() { fmt.Println(cases.Title(language.English).String("one shop")) }\n',
    },
    main: 'main.go',
    change: ['one shop', 'two shops'],
    program: 'shop',
    broken: [
      [
        'a name that is not there',
        { 'main.go': 'package main\n\nfunc main() { nothing() }\n' },
        /main\.go:3:15: undefined: nothing/,
      ],
      ['a sum that is missing', { 'go.sum': '' }, /go\.mod, go\.sum and the source don't fit together[^]*go mod tidy/],
      [
        'a module that does not exist',
        {
          'go.mod': 'module example.com/shop\n\ngo 1.24\n\nrequire golang.org/x/no-such-thing v1.0.0\n',
          'main.go': 'package main\n\nimport _ "golang.org/x/no-such-thing"\n\nfunc main() {}\n',
        },
        /can't be found|can't be read|don't fit together/,
      ],
      [
        'a go.mod that is none',
        { 'go.mod': 'module example.com/shop\n\ngo 1.24\n\nneeds x\n' },
        /go\.mod can't be read/,
      ],
      ['a library', { 'main.go': 'package library\n' }, /The module has no program/],
      [
        'a missing header',
        { 'main.go': 'package main\n\n// #include <no-such.h>\nimport "C"\n\nfunc main() {}\n' },
        /C library, or a C compiler, is missing/,
      ],
      [
        'a file to embed that is not committed',
        {
          'main.go':
            'package main\n\nimport _ "embed"\n\n//go:embed web/index.html\nvar page string\n\nfunc main() { println(page) }\n',
        },
        /A file for \/\/go:embed isn't there[^]*web\/index\.html/,
      ],
      [
        'packages that import each other',
        {
          'main.go': 'package main\n\nimport _ "example.com/shop/a"\n\nfunc main() {}\n',
          'a/a.go': 'package a\n\nimport _ "example.com/shop/b"\n',
          'b/b.go': 'package b\n\nimport _ "example.com/shop/a"\n',
        },
        /imports what it may not[^]*import cycle/,
      ],
      [
        'a module beside the repository',
        {
          'go.mod':
            'module example.com/shop\n\ngo 1.24\n\nrequire example.com/other v0.0.0\n\nreplace example.com/other => ../other\n',
          'main.go': 'package main\n\nimport _ "example.com/other"\n\nfunc main() {}\n',
        },
        /A folder that go\.mod or go\.work names isn't in the repository[^]*\.\.\/other/,
      ],
      [
        'a package for another system',
        {
          'main.go': 'package main\n\nimport _ "example.com/shop/win"\n\nfunc main() {}\n',
          'win/win_windows.go': 'package win\n',
        },
        /no file for this machine/,
      ],
      [
        'a package to build that is not there',
        { 'go.mod': '// +heroku install ./cmd/web\nmodule example.com/shop\n\ngo 1.24\n' },
        /The packages that are to be built aren't there: \.\/cmd\/web/,
      ],
      [
        'a module that go.mod lacks',
        {
          'go.mod': 'module example.com/shop\n\ngo 1.24\n',
          'main.go': 'package main\n\nimport _ "github.com/gin-gonic/gin"\n\nfunc main() {}\n',
        },
        /can't be found[^]*no required module provides package github\.com\/gin-gonic\/gin/,
      ],
      [
        'a vendor folder of another time',
        { 'vendor/modules.txt': '# golang.org/x/text v0.13.0\n' },
        /don't fit together[^]*go mod tidy && go mod vendor/,
      ],
      [
        'a workspace of a folder that is missing',
        { 'go.work': 'go 1.24\n\nuse ./api\n' },
        /A folder that go\.mod or go\.work names isn't in the repository/,
      ],
    ],
  },
  {
    name: 'rust',
    source: 'https://static.rust-lang.org/dist/channel-rust-stable.toml.sha256',
    app: {
      'Cargo.toml':
        '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nitoa = "=1.0.11"\n',
      'src/main.rs': 'fn main() { println!("{} shop", itoa::Buffer::new().format(1)); }\n',
    },
    main: 'src/main.rs',
    change: ['format(1)', 'format(2)'],
    program: './target/release/shop',
    broken: [
      [
        'a name that is not there',
        { 'src/main.rs': 'fn main() { nothing(); }\n' },
        /doesn't compile[^]*cannot find function `nothing`/,
      ],
      [
        'a crate that does not exist',
        {
          'Cargo.toml':
            '[package]\nname = "shop"\nversion = "0.1.0"\n\n[dependencies]\nno-such-crate-42-at-all = "1"\n',
        },
        /A crate, or a version of it, doesn't exist/,
      ],
      ['a manifest that is none', { 'Cargo.toml': '[package\n' }, /Cargo\.toml can't be read/],
      [
        'a lock file of another project',
        { 'Cargo.lock': 'version = 3\n\n[[package]]\nname = "shop"\nversion = "0.1.0"\n' },
        /Cargo\.lock doesn't fit/,
      ],
      ['a library', { 'src/main.rs': '', 'src/lib.rs': 'pub fn x() {}\n' }, /doesn't compile|has no program/],
      ['a feature of nightlies', { 'src/main.rs': '#![feature(test)]\nfn main() {}\n' }, /needs a nightly Rust/],
      [
        'a missing library',
        { 'src/main.rs': '#[link(name = "nosuch")] extern "C" { fn f(); }\nfn main() { unsafe { f() } }\n' },
        /couldn't be linked/,
      ],
    ],
  },
];

for (const { name, source, app, main, change, program, broken } of languages) {
  it(
    `builds ${name} cold, again without a compiler, anew after a change, and says why it can't`,
    async () => {
      if (!(await reaches(source))) {
        process.stderr.write(`skipped: builds of ${name}, because ${source} can't be reached\n`);
        return;
      }
      await using run = await BuildpackRun.start(name, network);
      await run.source(app);
      const cold = await run.compile();
      expect(cold.exitCode === 0 ? '' : cold.output).toBe('');
      const first = await run.runDyno(program);

      await run.source(app);
      const startedAt = performance.now();
      const warm = await run.compile();
      process.stderr.write(`${name}: warm and unchanged in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
      expect([warm.exitCode, warm.output]).toEqual([0, expect.stringContaining('Nothing has changed')]);
      expect(await run.runDyno(program)).toEqual(first);

      await run.source({ ...app, [main]: (app[main] ?? '').replace(...change) });
      const changed = await run.compile();
      expect([changed.exitCode, changed.output]).toEqual([0, expect.not.stringContaining('Nothing has changed')]);
      expect((await run.runDyno(program)).output).not.toBe(first.output);

      const wrong: string[] = [];
      for (const [title, files, says] of broken) {
        await run.source({ ...app, ...files });
        const { exitCode, output } = await run.compile();
        const words = output
          .split('\n')
          .filter((line) => line.startsWith(' !'))
          .join('\n');
        if (exitCode !== 1 || !says.test(words)) wrong.push(`${title}:\n${output.slice(-1500)}`);
      }
      expect(wrong).toEqual([]);
    },
    20 * 60_000,
  );
}
