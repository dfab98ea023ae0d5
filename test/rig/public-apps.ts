/** An app that others published, to show a platform or a framework. */
export interface PublicApp {
  /** `owner/name`. Its mirror is the git repository `owner+name/repo` of the folder of mirrors. */
  readonly repository: string;
  /** Of the repository; default: all of it. */
  readonly folder?: string;
  readonly language: string;
  /** What is asked for. Default: `/`. */
  readonly path?: string;
  readonly configVars?: Readonly<Record<string, string>>;
  /** Names of `heroku buildpacks:set`; default: what detects the app. */
  readonly buildpacks?: readonly string[];
  /** For those that don't answer: why, in the words of the table; what the push or the dyno says must match `says`. */
  readonly stops?: { readonly because: string; readonly says: RegExp };
  /** What the app needs that its authors tell one to do, for the table. */
  readonly note?: string;
}

const of = (language: string, apps: readonly (Omit<PublicApp, 'language'> | string)[]): readonly PublicApp[] =>
  apps.map((app) => {
    if (typeof app !== 'string') return { language, ...app };
    const [owner = '', name = '', ...folder] = app.split('/');
    const repository = `${owner}/${name}`;
    return { language, repository, ...(folder.length > 0 && { folder: folder.join('/') }) };
  });

function placeOf(name: string): Pick<PublicApp, 'repository' | 'folder'> {
  const [owner = '', repository = '', ...folder] = name.split('/');
  return { repository: `${owner}/${repository}`, ...(folder.length > 0 && { folder: folder.join('/') }) };
}

/** Composer finds packages at packagist.org, and fetches them from github.com. */
function withoutArchives(name: string): Omit<PublicApp, 'language'> {
  const because = 'its packages lie on github.com, which this machine could not reach';
  return { ...placeOf(name), stops: { because, says: /Failed to download \S+ from dist: curl error 6/ } };
}

/** The platform has none of its own for this language. */
function withoutBuildpack(name: string, language: string): Omit<PublicApp, 'language'> {
  const because = `the platform has no buildpack for ${language}, and says so`;
  return { ...placeOf(name), stops: { because, says: new RegExp(`Looks like: ${language.replace('.', '\\.')}`) } };
}

/** Where services.gradle.org can be reached, these are faults: then they answer. */
function withoutGradle(name: string): Omit<PublicApp, 'language'> {
  const because = 'needs a Gradle of services.gradle.org, which this machine could not reach';
  return { ...placeOf(name), stops: { because, says: /gradle-[0-9.]+-\w+ can't be had/ } };
}

export const publicApps: readonly PublicApp[] = [
  ...of('Python', [
    {
      repository: 'heroku/python-getting-started',
      stops: {
        because: 'asks for Python 3.14, which this machine had not and could not download',
        says: /Python 3\.14 can't be had/,
      },
    },
    {
      repository: 'heroku/python-sample',
      stops: {
        because: 'its Flask of 2013 has no wheel, and its setup.py is Python 2',
        says: /couldn't be compiled: Flask/,
      },
    },
    'render-examples/flask-hello-world',
    'render-examples/fastapi',
    {
      repository: 'render-examples/django',
      configVars: { DISABLE_COLLECTSTATIC: '1' },
      note: 'with `DISABLE_COLLECTSTATIC=1`: its settings have no STATIC_ROOT outside of its own host',
    },
    'railwayapp-templates/fastapi',
    'railwayapp-templates/flask',
    {
      repository: 'railwayapp/starters',
      folder: 'examples/fastapi',
      stops: { because: 'pins a uvicorn whose metadata no newer pip accepts', says: /is described wrongly/ },
    },
    'railwayapp/starters/examples/flask',
    {
      repository: 'railwayapp/starters',
      folder: 'examples/djangopy',
      stops: {
        because: 'needs a PostgreSQL, by variables of its own host',
        says: /config var PGDATABASE, which isn't set/,
      },
    },
    'digitalocean/sample-python',
    {
      repository: 'digitalocean/sample-django',
      configVars: { DEVELOPMENT_MODE: 'True', DJANGO_ALLOWED_HOSTS: '.localhost' },
      note: 'with the settings of its README for a try without a database',
    },
    {
      repository: 'digitalocean/sample-flask',
      stops: { because: 'listens on port 8080, whatever PORT says', says: /It listens on port 8080 instead of \$PORT/ },
    },
    'koyeb/example-flask',
    {
      repository: 'koyeb/example-fastapi',
      stops: {
        because: 'asks for Python 3.12, which this machine had not and could not download',
        says: /Python 3\.12 can't be had/,
      },
    },
    {
      repository: 'datademofun/heroku-basic-flask',
      stops: { because: 'asks for Python 3.5.1, which ended in 2020', says: /Python 3\.5\.1 is no longer supported/ },
    },
    'fly-apps/python-hellofly-flask',
    {
      repository: 'miguelgrinberg/flasky',
      stops: {
        because: 'pins a psycopg2 without a wheel, older than Python 3.11',
        says: /couldn't be compiled: psycopg2/,
      },
    },
    'miguelgrinberg/microblog',
    'streamlit/streamlit-example',
    'dokku/dokku/tests/apps/python-flask',
    'paketo-buildpacks/samples/python/pip',
    {
      repository: 'paketo-buildpacks/samples',
      folder: 'python/pipenv',
      stops: { because: "its Pipfile.lock doesn't fit its Pipfile", says: /Pipfile\.lock doesn't fit Pipfile/ },
    },
    'paketo-buildpacks/samples/python/poetry',
    {
      repository: 'paketo-buildpacks/samples',
      folder: 'python/conda',
      stops: {
        because: 'it asks for Python 3.9, which is no longer supported',
        says: /Python 3\.9 is no longer supported/,
      },
    },
    {
      repository: 'railwayapp/railpack',
      folder: 'examples/python-django',
      stops: { because: 'it needs a Redis', says: /connecting to localhost:6379/ },
    },
    'railwayapp/railpack/examples/python-fastapi',
    'railwayapp/railpack/examples/python-fasthtml',
    'railwayapp/railpack/examples/python-flask',
    {
      repository: 'railwayapp/railpack',
      folder: 'examples/python-poetry',
      stops: { because: 'it starts only where its Python lies in /app/.venv', says: /Expected PATH to start with/ },
    },
    {
      repository: 'railwayapp/railpack',
      folder: 'examples/python-uv',
      stops: { because: 'it starts only where its Python lies in /app/.venv', says: /Expected PATH to start with/ },
    },
  ]),
  ...of('Node.js', [
    'heroku/node-js-sample',
    'render-examples/express-hello-world',
    'render-examples/nextjs-hello-world',
    'render-examples/sveltekit',
    'render-examples/create-react-app',
    'railwayapp-templates/expressjs',
    'railwayapp/starters/examples/expressjs',
    'railwayapp/starters/examples/fastify',
    'railwayapp/starters/examples/hapi',
    'railwayapp/starters/examples/http-nodejs',
    'digitalocean/sample-nodejs',
    'digitalocean/sample-expressjs',
    'digitalocean/sample-nextjs',
    'digitalocean/sample-react',
    'digitalocean/sample-vuejs',
    {
      repository: 'digitalocean/sample-gatsby',
      stops: {
        because: 'its sharp downloads from github.com while it is installed',
        says: /sharp: Installation error: getaddrinfo ENOTFOUND github\.com/,
      },
    },
    'koyeb/example-expressjs',
    {
      repository: 'docker/getting-started-app',
      stops: { because: 'writes to /etc, as a container may', says: /mkdir '\/etc\/todos'/ },
    },
    'cloudfoundry-samples/cf-sample-app-nodejs',
    'socketio/chat-example',
    'heroku-examples/node-socket.io',
    {
      repository: 'mars/heroku-nextjs',
      stops: {
        because: 'its Procfile starts the nginx of a second buildpack, which its app.json names',
        says: /start-nginx-static: No such file/,
      },
    },
    'mars/heroku-cra-node',
    'dokku/dokku/tests/apps/nodejs-express',
    'paketo-buildpacks/samples/nodejs/npm',
    'paketo-buildpacks/samples/nodejs/yarn',
    'paketo-buildpacks/samples/nodejs/react-yarn',
    'paketo-buildpacks/samples/nodejs/vue-npm',
    'paketo-buildpacks/samples/nodejs/angular-npm',
    'railwayapp/railpack/examples/node-astro',
    {
      repository: 'railwayapp/railpack',
      folder: 'examples/node-next',
      stops: {
        because: 'its fonts are downloaded from fonts.googleapis.com while it is built',
        says: /ENOTFOUND fonts\.googleapis\.com/,
      },
    },
    'railwayapp/railpack/examples/node-nuxt',
    'railwayapp/railpack/examples/node-remix',
    {
      repository: 'railwayapp/railpack',
      folder: 'examples/node-svelte-kit',
      stops: {
        because: 'its adapter-auto makes a server only for hosts that it knows',
        says: /There is no web process type/,
      },
    },
    'railwayapp/railpack/examples/node-vite-react',
  ]),
  ...of('Static', [
    'digitalocean/sample-html',
    'dokku/dokku/tests/apps/static',
    'railwayapp/railpack/examples/staticfile-config',
    'railwayapp/railpack/examples/staticfile-index',
    {
      repository: 'paketo-buildpacks/samples',
      folder: 'web-servers/no-config-file-sample',
      stops: {
        because: 'its pages are in app/public, which only its own settings say',
        says: /No default language could be detected/,
      },
    },
  ]),
  ...of('Go', [
    'heroku/go-getting-started',
    'render-examples/go-gin-web-server',
    'railwayapp/starters/examples/gin',
    'digitalocean/sample-golang',
    'koyeb/example-golang',
    'fly-apps/go-example',
    {
      repository: 'gothinkster/golang-gin-realworld-example-app',
      path: '/api/ping/',
    },
    'dokku/dokku/tests/apps/go',
    'paketo-buildpacks/samples/go/mod',
  ]),
  ...of('Rust', [
    {
      repository: 'fly-apps/hello-rust',
      stops: { because: 'listens on port 8080, whatever PORT says', says: /It listens on port 8080 instead of \$PORT/ },
    },
    {
      repository: 'railwayapp/starters',
      folder: 'examples/rocket',
      stops: { because: 'its Rocket 0.4 of 2018 needs a nightly of that time', says: /needs a nightly Rust/ },
    },
    'railwayapp/railpack/examples/rust-rocket',
  ]),
  ...of('Java', [
    'heroku/java-getting-started',
    {
      repository: 'heroku/java-sample',
      stops: {
        because: 'its Tomcat 7 reads no classes newer than Java 8, which this machine had not',
        says: /was answered with 500/,
      },
    },
    'spring-guides/gs-spring-boot/complete',
    { repository: 'paketo-buildpacks/samples', folder: 'java/maven', path: '/actuator/health' },
    'buildpacks/samples/apps/java-maven',
    {
      repository: 'dokku/dokku',
      folder: 'tests/apps/java',
      stops: {
        because: 'takes the newest Jetty, whose servlets are called otherwise',
        says: /no suitable constructor found for ServletHolder/,
      },
    },
  ]),
  ...of(
    'Java (Gradle)',
    ['heroku/gradle-getting-started', 'paketo-buildpacks/samples/java/gradle'].map((name) => withoutGradle(name)),
  ),
  ...of(
    'Kotlin',
    ['heroku/kotlin-getting-started', 'buildpacks/samples/apps/kotlin-gradle'].map((name) => withoutGradle(name)),
  ),
  ...of('PHP', [
    withoutArchives('heroku/php-getting-started'),
    withoutArchives('digitalocean/sample-php'),
    'railwayapp/railpack/examples/php-vanilla',
    'railwayapp/railpack/examples/php-vanilla-82',
    withoutArchives('dokku/dokku/tests/apps/php'),
  ]),
  ...of(
    'Ruby',
    [
      'heroku/ruby-getting-started',
      'railwayapp/railpack/examples/ruby-sinatra',
      'paketo-buildpacks/samples/ruby/rackup',
    ].map((name) => withoutBuildpack(name, 'Ruby')),
  ),
  ...of('Deno', [
    {
      repository: 'koyeb/example-deno',
      stops: { because: 'its task `build` downloads from dl.deno.land', says: /fetch failed/ },
    },
    {
      repository: 'railwayapp/railpack',
      folder: 'examples/deno-2',
      stops: { because: 'imports from deno.land, and is no web app', says: /deno\.land/ },
    },
  ]),
  ...of(
    '.NET',
    ['heroku/dotnet-getting-started', 'paketo-buildpacks/samples/dotnet-core/aspnet'].map((name) =>
      withoutBuildpack(name, '.NET'),
    ),
  ),
];
