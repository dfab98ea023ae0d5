import { broken } from './broken-app.ts';

const go = (body: string, imports = ''): string => `package main\n\n${imports}\nfunc main() { ${body} }\n`;
const text = 'golang.org/x/text v0.14.0';
const textSum = `golang.org/x/text v0.14.0 h1:ScX5w1eTa3QqT8oi6+ziP7dTV1S2+ALU0bI+0zXKWiQ=\ngolang.org/x/text v0.14.0/go.mod h1:18ZOQIKpY8NJVqYksKHtTdi31H5itFRjB5/qKTNYzSU=\n`;
const requires = (module: string): string => `module example.com/shop\n\ngo 1.24\n\nrequire ${module}\n`;

export const brokenGo = broken('go', { 'go.mod': 'module example.com/shop\n\ngo 1.24\n', 'main.go': go('') }, [
  ['an undefined name', { 'main.go': go('nothing()') }, /undefined: nothing/],
  ['an unused variable', { 'main.go': go('x := 1') }, /declared and not used: x/],
  ['an unused import', { 'main.go': go('', 'import "os"\n') }, /"os" imported and not used/],
  ['a wrong type', { 'main.go': go('var x int = "one"; _ = x') }, /cannot use "one"/],
  ['a syntax error', { 'main.go': 'package main\n\nfunc main( {\n' }, /syntax error/],
  ['a missing return', { 'main.go': 'package main\n\nfunc f() int { }\n\nfunc main() { f() }\n' }, /missing return/],
  ['two mains', { 'other.go': go('') }, /main redeclared/],
  ['two packages in one folder', { 'other.go': 'package other\n' }, /found packages main .* and other/],
  ['a library without a program', { 'main.go': 'package shop\n' }, /has no program/],
  [
    'a go.mod with an unknown line',
    { 'go.mod': 'module example.com/shop\n\ngo 1.24\n\nneeds x\n' },
    /go\.mod.*(can't be read|unknown directive)/s,
  ],
  ['a go.mod without a module', { 'go.mod': 'go 1.24\n' }, /(no|missing) module declaration|go\.mod can't be read/],
  ['a version of Go that is none', { 'go.mod': 'module example.com/shop\n\ngo newest\n' }, /newest/],
  [
    'a sum that is missing',
    { 'go.mod': requires(text), 'main.go': go('', 'import _ "golang.org/x/text"\n') },
    /go\.sum|go mod tidy/,
  ],
  [
    'a sum that is wrong',
    {
      'go.mod': requires(text),
      'go.sum': textSum.replace('ScX5', 'AcX5'),
      'main.go': go('', 'import _ "golang.org/x/text"\n'),
    },
    /checksum|isn't the one that go\.sum names/,
  ],
  [
    'a version that does not exist',
    { 'go.mod': requires('golang.org/x/text v0.99.0'), 'main.go': go('', 'import _ "golang.org/x/text"\n') },
    /golang\.org\/x\/text@?v?.*0\.99\.0|go\.sum/,
  ],
  [
    'a module that does not exist',
    {
      'go.mod': requires('golang.org/x/no-such-thing v1.0.0'),
      'main.go': go('', 'import _ "golang.org/x/no-such-thing"\n'),
    },
    /no-such-thing/,
  ],
  [
    'an import that no module has',
    { 'main.go': go('', 'import _ "golang.org/x/text/language"\n') },
    /no required module provides package golang\.org\/x\/text\/language|go mod tidy/,
  ],
  ['a package of the standard library that is none', { 'main.go': go('', 'import _ "strin"\n') }, /strin/],
  [
    'an own package that is missing',
    { 'main.go': go('', 'import _ "example.com/shop/internal/db"\n') },
    /example\.com\/shop\/internal\/db/,
  ],
  [
    'packages that import each other',
    {
      'main.go': go('', 'import _ "example.com/shop/a"\n'),
      'a/a.go': 'package a\n\nimport _ "example.com/shop/b"\n',
      'b/b.go': 'package b\n\nimport _ "example.com/shop/a"\n',
    },
    /import cycle/,
  ],
  [
    'an internal package of another module',
    { 'main.go': go('', 'import _ "golang.org/x/text/internal/tag"\n'), 'go.mod': requires(text), 'go.sum': textSum },
    /use of internal package/,
  ],
  [
    'a missing C header',
    { 'main.go': 'package main\n\n// #include <libpq-fe.h>\nimport "C"\n\nfunc main() {}\n' },
    /libpq-fe\.h/,
  ],
  [
    'a vendor folder that lags behind',
    {
      'go.mod': requires(text),
      'go.sum': textSum,
      'main.go': go('', 'import _ "golang.org/x/text"\n'),
      'vendor/modules.txt': '# golang.org/x/text v0.13.0\n',
    },
    /vendor/,
  ],
  [
    'an embedded file that is missing',
    {
      'main.go':
        'package main\n\nimport _ "embed"\n\n//go:embed page.html\nvar page string\n\nfunc main() { _ = page }\n',
    },
    /page\.html: no matching files/,
  ],
]);
