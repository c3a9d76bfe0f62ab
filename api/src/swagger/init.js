// The document tells of what its reader may read: whoever has said who it is, or is no longer, gets it anew.
const anew = (original, system) => (payload) => {
  const done = original(payload);
  system.specActions.download();
  return done;
};

const known = (request) => {
  if (!request.loadSpec) return request;
  const shown = window.ui?.authSelectors.authorized()?.toJS() ?? {};
  if (shown.bearer) request.headers["Authorization"] = `Bearer ${shown.bearer.value}`;
  if (shown.key) request.headers["X-API-Key"] = shown.key.value;
  return request;
};

window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: known,
  plugins: [{ statePlugins: { auth: { wrapActions: { authorize: anew, logout: anew } } } }],
});
