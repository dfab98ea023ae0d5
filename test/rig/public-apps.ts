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

export const publicApps: readonly PublicApp[] = [
  ...of('Python', [
    'heroku/python-getting-started',
    'heroku/python-sample',
    'render-examples/flask-hello-world',
    'render-examples/fastapi',
    'render-examples/django',
    'railwayapp-templates/fastapi',
    'railwayapp-templates/flask',
    'railwayapp/starters/examples/fastapi',
    'railwayapp/starters/examples/flask',
    'railwayapp/starters/examples/djangopy',
    'digitalocean/sample-python',
    'digitalocean/sample-django',
    'digitalocean/sample-flask',
    'koyeb/example-flask',
    'koyeb/example-fastapi',
    'datademofun/heroku-basic-flask',
    'heroku-python/flask-heroku',
    'fly-apps/python-hellofly-flask',
    'miguelgrinberg/flasky',
    'miguelgrinberg/microblog',
    'streamlit/streamlit-example',
    'dokku/dokku/tests/apps/python-flask',
    'paketo-buildpacks/samples/python/pip',
    'paketo-buildpacks/samples/python/pipenv',
    'paketo-buildpacks/samples/python/poetry',
    'paketo-buildpacks/samples/python/conda',
    'railwayapp/railpack/examples/python-django',
    'railwayapp/railpack/examples/python-fastapi',
    'railwayapp/railpack/examples/python-fasthtml',
    'railwayapp/railpack/examples/python-flask',
    'railwayapp/railpack/examples/python-poetry',
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
    'digitalocean/sample-gatsby',
    'koyeb/example-expressjs',
    'docker/getting-started-app',
    'cloudfoundry-samples/cf-sample-app-nodejs',
    'socketio/chat-example',
    'heroku-examples/node-socket.io',
    'mars/heroku-nextjs',
    'mars/heroku-cra-node',
    'dokku/dokku/tests/apps/nodejs-express',
    'paketo-buildpacks/samples/nodejs/npm',
    'paketo-buildpacks/samples/nodejs/yarn',
    'paketo-buildpacks/samples/nodejs/react-yarn',
    'paketo-buildpacks/samples/nodejs/vue-npm',
    'paketo-buildpacks/samples/nodejs/angular-npm',
    'railwayapp/railpack/examples/node-astro',
    'railwayapp/railpack/examples/node-next',
    'railwayapp/railpack/examples/node-nuxt',
    'railwayapp/railpack/examples/node-remix',
    'railwayapp/railpack/examples/node-svelte-kit',
    'railwayapp/railpack/examples/node-vite-react',
    'railwayapp/railpack/examples/node-yarn-4',
  ]),
  ...of('Static', [
    'digitalocean/sample-html',
    'dokku/dokku/tests/apps/static',
    'railwayapp/railpack/examples/staticfile-config',
    'railwayapp/railpack/examples/staticfile-index',
    'paketo-buildpacks/samples/web-servers/no-config-file-sample',
  ]),
  ...of('Go', [
    'heroku/go-getting-started',
    'render-examples/go-gin-web-server',
    'railwayapp/starters/examples/gin',
    'digitalocean/sample-golang',
    'koyeb/example-golang',
    'fly-apps/go-example',
    // Its database would lie beside the folder of the app.
    { repository: 'gothinkster/golang-gin-realworld-example-app', path: '/api/ping/' },
    'dokku/dokku/tests/apps/go',
    'paketo-buildpacks/samples/go/mod',
    {
      repository: 'railwayapp/railpack',
      folder: 'examples/go-mod',
      stops: { because: 'it greets and ends; it is no web app', says: /Hello from Go/ },
    },
  ]),
  ...of('Rust', [
    'fly-apps/hello-rust',
    'railwayapp/starters/examples/rocket',
    'railwayapp/railpack/examples/rust-rocket',
    'railwayapp/railpack/examples/rust-custom-version',
  ]),
  ...of('Java', [
    'heroku/java-getting-started',
    'heroku/java-sample',
    'spring-guides/gs-spring-boot/complete',
    'paketo-buildpacks/samples/java/maven',
    'railwayapp/railpack/examples/java-maven',
    'buildpacks/samples/apps/java-maven',
    'dokku/dokku/tests/apps/java',
  ]),
  ...of('Java (Gradle)', ['heroku/gradle-getting-started', 'paketo-buildpacks/samples/java/gradle']),
  ...of('Kotlin', ['heroku/kotlin-getting-started', 'buildpacks/samples/apps/kotlin-gradle']),
  ...of('PHP', [
    'heroku/php-getting-started',
    'digitalocean/sample-php',
    'railwayapp/railpack/examples/php-vanilla',
    'railwayapp/railpack/examples/php-vanilla-82',
    'dokku/dokku/tests/apps/php',
  ]),
  ...of('Ruby', [
    'heroku/ruby-getting-started',
    'railwayapp/railpack/examples/ruby-sinatra',
    'paketo-buildpacks/samples/ruby/rackup',
  ]),
  ...of('Deno', ['koyeb/example-deno', 'railwayapp/railpack/examples/deno-2']),
  ...of('.NET', ['heroku/dotnet-getting-started', 'paketo-buildpacks/samples/dotnet-core/aspnet']),
];
