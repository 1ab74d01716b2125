// Keys and live updates. Everything here can also be done without it.
"use strict";

const rows = () => [...document.querySelectorAll("#rows .row")].filter((row) => !row.parentElement.hidden);

function move(step) {
  const all = rows();
  const at = all.indexOf(document.activeElement);
  const to = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  all[to]?.focus();
}

function select() {
  const box = document.activeElement?.closest("li")?.querySelector("input[type=checkbox]");
  if (box) box.checked = !box.checked;
}

function press(key) {
  const target = document.querySelector(`[data-key="${key}"]`);
  if (!target) return false;
  if (target.tagName === "SUMMARY") {
    target.parentElement.open = true;
    target.parentElement.querySelector("textarea, input:not([type=hidden]), [tabindex]")?.focus();
  } else if (target.tagName === "H2") {
    target.focus();
  } else {
    target.click();
  }
  return true;
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    typing?.form?.requestSubmit();
    return;
  }
  if (event.key === "Escape" && typing) typing.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  let done = true;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "/") document.querySelector("#search")?.focus();
  else if (event.key === "?") document.querySelector("#keys")?.showModal();
  else if (event.key === "x") select();
  else if ("adehlnrstuwz".includes(event.key)) done = press(event.key);
  else done = false;
  if (done) event.preventDefault();
});

document.querySelector("#search")?.addEventListener("input", (event) => filter(event.target.value));

function filter(text) {
  for (const row of document.querySelectorAll("#rows li")) {
    row.hidden = !row.textContent.toLowerCase().includes(text.toLowerCase());
  }
}

// A form is sent once, however often its key is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));

for (const form of document.querySelectorAll("form[data-diff]")) {
  let wait;
  form.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(async () => {
      const answer = await fetch(form.dataset.diff, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      // The answer is made by our own templates, which escape what they are given.
      if (answer.ok) form.querySelector(".diff").innerHTML = await answer.text();
    }, 250);
  });
}

// Who leaves a draft lets others decide on it. The time names the claim: the page
// after this one has another.
const claimed = document.querySelector("[data-leave]")?.dataset;
if (claimed) {
  addEventListener("pagehide", () => {
    const body = new URLSearchParams({ csrf: claimed.csrf, act: "leave", until: claimed.until });
    navigator.sendBeacon(claimed.leave, body);
  });
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

const now = document.querySelector("#now");
if (now) {
  const look = async () => {
    const answer = await fetch(now.dataset.now);
    // The answer is made by our own templates, which escape what they are given.
    if (answer.ok && !answer.redirected) now.innerHTML = await answer.text();
    // Who waited for somebody else to leave gets what they can do with it.
    if (now.dataset.waits && !now.querySelector(".held")) location.reload();
  };
  const live = new EventSource("/live");
  live.onmessage = look;
  // What changed before anybody listened is not told.
  live.onopen = look;
}

if (document.querySelector("#rows")) {
  new EventSource("/live").onmessage = async () => {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const places = "#rows :is(a, input), #tabs a";
    const focused = document.activeElement?.closest(places);
    const chosen = [...document.querySelectorAll("#rows input:checked")].map((box) => box.value);
    for (const id of ["rows", "tabs"]) {
      document.getElementById(id).replaceWith(document.adoptNode(page.getElementById(id)));
    }
    for (const box of document.querySelectorAll("#rows input[type=checkbox]")) box.checked = chosen.includes(box.value);
    filter(document.querySelector("#search").value);
    const again = (one) => one.getAttribute("href") === focused.getAttribute("href") && one.value === focused.value;
    if (focused) [...document.querySelectorAll(places)].find(again)?.focus();
    document.querySelector("#told").textContent = "The list has changed.";
  };
}
