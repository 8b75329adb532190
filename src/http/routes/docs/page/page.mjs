/** Asks for a token, reads the description of the API with it, and hands both to Swagger UI. Runs in the browser. */
/* global document, fetch, SwaggerUIBundle */

const form = document.getElementById('open');
const problem = document.getElementById('problem');

async function show(token) {
  const answer = await fetch('/openapi.json', { headers: { authorization: `Bearer ${token}` } });
  const spec = await answer.json();
  if (!answer.ok) throw new Error(spec.error);
  form.hidden = true;
  const ui = SwaggerUIBundle({
    spec,
    domNode: document.getElementById('calls'),
    deepLinking: false,
    persistAuthorization: false,
    // no look at a server of somebody else's
    validatorUrl: null,
    onComplete: () => ui.preauthorizeApiKey('bearer', token),
  });
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  problem.textContent = '';
  const field = document.getElementById('token');
  show(field.value.trim()).then(
    () => (field.value = ''),
    (error) =>
      (problem.textContent = error instanceof TypeError ? 'The agent does not answer.' : error.message),
  );
});
