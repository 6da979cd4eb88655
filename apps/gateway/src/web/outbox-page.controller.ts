import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access.js';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Outbox · Voltlog</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/outbox/outbox.css">
</head>
<body>
<header><h1>Outbox</h1><p>E-mails that were kept instead of sent, since no mail server is configured (<code>NOTIFICATION_SMTP_URL</code>).</p></header>
<form id="ask" hidden><label>API key of an operator <input id="key" type="password" autocomplete="off" required></label> <button>Show</button></form>
<p id="status" role="status"></p>
<main><ol id="list"></ol><article id="mail" hidden><dl id="head"></dl><iframe id="html" title="The e-mail" sandbox=""></iframe><h2>Plain text</h2><pre id="text"></pre></article></main>
<script src="/outbox/outbox.js"></script>
</body>
</html>
`;

const STYLE = `:root { color-scheme: light dark; --line: #8884; font: 15px/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 1200px; padding: 1rem }
h1 { margin: 0; font-size: 1.4rem } h2 { font-size: 1rem }
main { display: grid; grid-template-columns: minmax(240px, 1fr) 2fr; gap: 1.5rem; align-items: start }
ol { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line) }
li { border-bottom: 1px solid var(--line) }
li button { all: unset; display: block; box-sizing: border-box; width: 100%; padding: .6rem; cursor: pointer }
li button:focus-visible { outline: 2px solid Highlight } li button[aria-current=true] { background: #8882 }
small { display: block; opacity: .75 }
dl { display: grid; grid-template-columns: auto 1fr; gap: .2rem 1rem } dt { opacity: .75 } dd { margin: 0; overflow-wrap: anywhere }
iframe { width: 100%; height: 420px; border: 1px solid var(--line); border-radius: 8px; background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); border-radius: 8px; padding: .8rem }
@media (max-width: 760px) { main { grid-template-columns: 1fr } }
`;

/** What is shown comes in as text, but the HTML of an e-mail, which stands in a frame that may do nothing. */
const SCRIPT = `'use strict';
const at = (id) => document.getElementById(id);
const STORED = 'voltlog.key';
const fromAddress = new URLSearchParams(location.hash.slice(1)).get('key');
if (fromAddress) { history.replaceState(null, '', location.pathname); sessionStorage.setItem(STORED, fromAddress); }

async function load(cursor) {
  const key = sessionStorage.getItem(STORED);
  if (!key) { at('ask').hidden = false; return; }
  const answer = await fetch('/v1/outbox-emails?limit=50' + (cursor ? '&cursor=' + encodeURIComponent(cursor) : ''), { headers: { authorization: 'Bearer ' + key } });
  if (!answer.ok) {
    at('ask').hidden = answer.status !== 401 && answer.status !== 403;
    at('status').textContent = (await answer.json()).detail;
    return;
  }
  at('ask').hidden = true;
  const { data, nextCursor } = await answer.json();
  if (!cursor) at('list').replaceChildren();
  for (const email of data) at('list').append(row(email));
  at('status').textContent = at('list').children.length === 0 ? 'Nothing yet. Subscribe an e-mail address with POST /v1/subscriptions, then charge.' : '';
  if (nextCursor) at('list').append(more(nextCursor));
  if (!cursor && data.length > 0) at('list').querySelector('button').click();
}

function element(tag, text) { const made = document.createElement(tag); made.textContent = text; return made; }

function row(email) {
  const item = document.createElement('li'), button = document.createElement('button');
  button.append(element('strong', email.subject), element('small', email.to + ' \\u00b7 ' + new Date(email.at).toLocaleString()));
  button.addEventListener('click', () => { show(email); for (const each of document.querySelectorAll('li button')) each.setAttribute('aria-current', String(each === button)); });
  item.append(button);
  return item;
}

function more(cursor) {
  const item = document.createElement('li'), button = element('button', 'Older');
  button.addEventListener('click', () => { item.remove(); load(cursor); });
  item.append(button);
  return item;
}

function show(email) {
  at('mail').hidden = false;
  at('head').replaceChildren(...[['To', email.to], ['Subject', email.subject], ['Language', email.language], ['At', email.at]].flatMap(([name, value]) => [element('dt', name), element('dd', value)]));
  at('html').srcdoc = email.html;
  at('text').textContent = email.text;
}

at('ask').addEventListener('submit', (event) => { event.preventDefault(); sessionStorage.setItem(STORED, at('key').value.trim()); load(); });
load();
`;

/** The page of e-mails that were kept instead of sent. The page is open; what it shows it asks for with the reader's key. */
@Public()
@ApiExcludeController()
@Controller('outbox')
export class OutboxPageController {
  @Get()
  page(@Res() reply: FastifyReply): FastifyReply {
    return reply.type('text/html; charset=utf-8').send(PAGE);
  }

  @Get('outbox.css')
  style(@Res() reply: FastifyReply): FastifyReply {
    return reply.type('text/css; charset=utf-8').send(STYLE);
  }

  @Get('outbox.js')
  script(@Res() reply: FastifyReply): FastifyReply {
    return reply.type('text/javascript; charset=utf-8').send(SCRIPT);
  }
}
