import { broken } from './broken-app.ts';

const pyproject = (text: string): Readonly<Record<string, string>> => ({ 'pyproject.toml': text });

export const brokenPython = broken('python', { 'app.py': 'print("hello")\n', 'requirements.txt': '' }, [
  ['a package that does not exist', { 'requirements.txt': 'flsak-no-such-package-42\n' }, /flsak-no-such-package-42/],
  ['a version that does not exist', { 'requirements.txt': 'six==99.0\n' }, /six==99\.0/],
  ['a line that is none', { 'requirements.txt': 'six = 1.17\n' }, /six = 1\.17/],
  ['an output of conda', { 'requirements.txt': 'six 1.17.0 pypi_0\n' }, /six 1\.17\.0 pypi_0/],
  ['an included file that is missing', { 'requirements.txt': '-r base.txt\n' }, /base\.txt/],
  [
    'requirements that contradict each other',
    { 'requirements.txt': 'six==1.16.0\nsix==1.17.0\n' },
    /six==1\.1[67]\.0|conflict|Double requirement/i,
  ],
  ['an option that pip has not', { 'requirements.txt': 'six==1.17.0\n--indx-url https://example.com\n' }, /--indx-url/],
  ['a folder that is missing', { 'requirements.txt': './lib\n' }, /lib/],
  ['a Python that does not exist', { '.python-version': '3.99\n' }, /3\.99/],
  ['a Python that has ended', { '.python-version': '3.6\n' }, /3\.6[^]*(no longer supported|security)/],
  ['words for a version', { '.python-version': 'latest\n' }, /latest/],
  ['two versions', { '.python-version': '3.11\n3.10\n' }, /3\.11[^]*3\.10/],
  ['two lock files', { 'poetry.lock': '', 'uv.lock': '' }, /poetry\.lock[^]*uv\.lock|uv\.lock[^]*poetry\.lock/],
  ['a pyproject.toml that is none', pyproject('[project\n'), /pyproject\.toml/],
  [
    'a hash that is wrong',
    {
      'requirements.txt':
        'six==1.17.0 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n',
    },
    /hash/,
  ],
  ['a hook that fails', { 'bin/post_compile': '#!/bin/sh\necho "no theme" >&2\nexit 3\n' }, /post_compile/],
  [
    'a settings module of Django that is missing',
    {
      'requirements.txt': 'django==5.1.4\n',
      'manage.py':
        "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n",
    },
    /shop/,
  ],
]);
