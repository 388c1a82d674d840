// Like, hide, add and compare: the list changes at once. What is shown comes from the server as
// HTML; this module keeps what the visitor said, asks, and says what happens.

const SLOW = 300, LATE = 15_000; // milliseconds
const taste = document.getElementById("taste");
if (taste) start();

function start() {
  const user = taste.dataset.user, keeps = user && taste.dataset.kept;
  const list = document.getElementById("list"), found = document.getElementById("found");
  const status = document.getElementById("status"), trouble = document.getElementById("trouble");
  const memory = `marks of ${user}`; // of this tab alone
  let marks = JSON.parse(sessionStorage.getItem(memory) ?? "{}");
  let asked = 0; // the newest question; answers to older ones are too late

  taste.hidden = false;
  ready();
  list.addEventListener("click", clicked);
  found.addEventListener("click", clicked);
  taste.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(search);
  });
  if (keeps) attempt(remember);
  else if (Object.keys(marks).length) attempt(show);

  function ready() {
    for (const part of list.querySelectorAll(".actions")) part.hidden = false;
  }

  function clicked(event) {
    const button = event.target.closest("button");
    const item = button?.closest("[data-item]");
    if (!item) return;
    if ("similar" in button.dataset) attempt(() => compare(button, item));
    else change(item.dataset.item, button.dataset.mark, button.dataset.says ?? button.ariaLabel);
  }

  function change(item, mark, says) {
    marks[item] = mark;
    if (mark === "none" && !keeps && !user) delete marks[item];
    sessionStorage.setItem(memory, JSON.stringify(marks));
    found.replaceChildren();
    attempt(async () => {
      if (keeps) await json(`/users/${encodeURIComponent(user)}/marks`, { marks: { [item]: mark } });
      await show();
      status.textContent = `${says}: done. The list has changed.`;
    });
  }

  async function remember() {
    const kept = await json(`/users/${encodeURIComponent(user)}/marks`);
    marks = { ...kept.marks, ...marks };
    if (Object.keys(marks).length) await show();
  }

  async function show() {
    const mine = asked;
    const focused = place(document.activeElement);
    const body = { marks, ...(user && { user_id: user }) };
    const html = Object.keys(marks).length
      ? await text("/cards", body)
      : new DOMParser().parseFromString(await text(location.href), "text/html")
        .getElementById("list").innerHTML;
    if (mine !== asked) return;
    list.innerHTML = html;
    ready();
    if (focused) (list.querySelectorAll(".card")[focused.card] ?? list)
      .querySelector(focused.button)?.focus();
  }

  // The card that has the focus goes away: the one that takes its place gets it.
  function place(element) {
    const card = element?.closest?.("#items > .card");
    if (card) return {
      card: [...card.parentNode.children].indexOf(card),
      button: element.dataset.mark ? `[data-mark=${element.dataset.mark}]` : "[data-similar]",
    };
    return element?.closest?.(".marked") ? { card: 0, button: "[data-mark=like]" } : null;
  }

  async function compare(button, item) {
    const panel = item.querySelector(".similar"), open = button.ariaExpanded === "true";
    if (!open) panel.innerHTML = await text(`/cards/similar?item=${encodeURIComponent(item.dataset.item)}`);
    panel.hidden = open;
    button.ariaExpanded = String(!open);
  }

  async function search() {
    const wanted = document.getElementById("search").value.trim();
    if (!wanted) return;
    const { items } = await json(`/items?limit=8&search=${encodeURIComponent(wanted)}`);
    found.replaceChildren(...items.map(({ id, name, listeners }) => {
      const row = document.createElement("li"), button = document.createElement("button");
      row.dataset.item = id;
      button.className = "chip";
      button.dataset.mark = "like";
      button.dataset.says = `Like ${name}`;
      button.textContent = `${name} (${listeners.toLocaleString("en")})`;
      button.ariaLabel = `Like ${name}, ${listeners.toLocaleString("en")} users`;
      row.append(button);
      return row;
    }));
    status.textContent = items.length
      ? `${items.length} found; choose one to like it.` : `Nothing is called “${wanted}”.`;
  }

  // Run a task; say when it is slow, and offer to try it again where it fails.
  async function attempt(task) {
    const mine = ++asked;
    const slow = setTimeout(() => { status.textContent = "Asking for the list …"; }, SLOW);
    list.ariaBusy = "true";
    trouble.hidden = true;
    status.textContent = "";
    try {
      await task();
    } catch (error) {
      if (mine !== asked) return;
      trouble.querySelector("span").textContent = reason(error);
      trouble.querySelector("button").onclick = () => attempt(task);
      trouble.hidden = false;
      status.textContent = "";
    } finally {
      clearTimeout(slow);
      if (mine === asked) list.ariaBusy = "false";
      if (status.textContent === "Asking for the list …") status.textContent = "";
    }
  }
}

function reason(error) {
  if (error.detail) return `${error.detail} What you said is kept in this tab.`;
  return "The list could not be fetched: there may be no connection. What you said is kept in this tab.";
}

async function ask(address, body) {
  const options = { signal: AbortSignal.timeout(LATE) };
  if (body) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(address, options);
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(answer.statusText), { detail: problem.detail });
}

async function text(address, body) {
  return (await ask(address, body)).text();
}

async function json(address, body) {
  return (await ask(address, body)).json();
}
