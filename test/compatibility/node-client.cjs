// The same as go-client/main.go, with the official library for Node.js, whose folder is the first argument.
const [, , library, url, token, name] = process.argv;
const Heroku = require(library);

async function main() {
  const heroku = new Heroku({ token, host: url });
  const app = await heroku.post('/apps', { body: { name } });
  await heroku.patch(`/apps/${name}/config-vars`, { body: { GREETING: 'from Node' } });
  const vars = await heroku.get(`/apps/${name}/config-vars`);
  const releases = await heroku.request({
    path: `/apps/${name}/releases`,
    headers: { range: 'version ..; max=2, order=desc' },
    partial: true,
  });
  const account = await heroku.get('/account');
  const missing = await heroku.get(`/apps/${name}-missing`).catch((error) => error.body.message);
  await heroku.delete(`/apps/${name}`);
  const versions = releases.map(({ version }) => version);
  console.log(JSON.stringify({ app: app.name, greeting: vars.GREETING, versions, email: account.email, missing }));
}

main();
