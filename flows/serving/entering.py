"""The page before Prefect's: it lets a browser in that has the secret, and tells any other how to get it.

In: nothing; the secret stands behind `#` of the address, which no browser sends. Out: the page, and what stands in
place of Prefect's own page for a login. The browser keeps a secret only if the server takes it. Knows no secret.
"""

from flows.running.address import ENTER

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Runs · Vermilion</title><link rel="icon" href="data:,">
<style>
body { font: 1.05rem/1.55 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }
body { color: #1c2025; background: #fff; }
code { background: #f1f2f4; padding: .1em .35em; border-radius: 3px; }
.wrong { border-left: 4px solid #b3261e; padding-left: .8rem; }
@media (prefers-color-scheme: dark) { body { color: #e8eaed; background: #17191c; } code { background: #2a2d31; } }
</style></head>
<body>
<p id="wait" role="status">Opening the runs ...</p>
<noscript><p>The runs cannot be shown without JavaScript.</p></noscript>
<main id="how" hidden>
<h1>This browser is not let in yet</h1>
<p class="wrong" id="wrong" hidden></p>
<p>Here are the runs of a Vermilion project. Only a browser that has the secret of the project may see and start them.
Nobody has to type it:</p>
<ul>
<li>On the machine that serves the project, in its folder: <code>vermilion runs</code> opens the browser, and it is
let in.</li>
<li>For a browser elsewhere: <code>vermilion runs --no-browser</code> prints an address. Open it in this browser. It
holds the secret, so give it only to people who may start runs.</li>
</ul>
<p>The browser keeps the secret. If it was let in before, the project has got a new one: do the same again.</p>
</main>
<script>
const page = name => document.getElementById(name);
function tell(wrong) {
  page("wait").hidden = true;
  page("how").hidden = false;
  page("wrong").textContent = wrong;
  page("wrong").hidden = !wrong;
}
async function enter() {
  const given = location.hash.slice(1), kept = given ? btoa(given) : localStorage.getItem("prefect-password");
  if (given) history.replaceState(null, "", location.pathname);
  if (!kept) return tell("");
  let answer;
  try { answer = await fetch("/api/admin/version", { headers: { Authorization: `Basic ${kept}` } }); }
  catch { return tell("The server does not answer. Start vermilion serve again."); }
  if (answer.ok) {
    localStorage.setItem("prefect-password", kept);
    location.replace("/");
  } else {
    if (!given) localStorage.removeItem("prefect-password");
    const other = "The secret in this address is not that of the project: it was cut off, or is an earlier one.";
    tell(given ? other : "");
  }
}
addEventListener("hashchange", () => { if (location.hash) enter(); });
enter();
</script>
</body></html>
""".encode()

POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

LOGIN = "/login"
"""Where Prefect's UI has its own page for a login: a field for a password that nobody here knows, and an advert."""

ITS_MODULE = "/assets/Unauthenticated-"
"""How the module begins that draws it: the UI goes there without asking the server for a page."""

MODULE = f'location.replace("{ENTER}");\nexport default {{ render() {{ return null; }} }};\n'.encode()
"""What is sent in its place."""


def page_for(path: str) -> tuple[bytes, bytes] | None:
    """The kind and the content of what is answered in Prefect's place; None: Prefect answers."""
    if path in (ENTER, LOGIN):
        return b"text/html; charset=utf-8", PAGE
    return (b"text/javascript; charset=utf-8", MODULE) if path.startswith(ITS_MODULE) else None
