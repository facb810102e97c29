// The survey inside an operator's page. No framework, no cookies, nothing stored; one `window.afterbill`.
// `python -m afterbill_dev.generate.widget` turns this file and widget.css into afterbill.js. Written for it: every statement ends with a
// semicolon, no property is written short (it refuses both), there are no regular expressions, and no property has the name of a constant, function or variable of ours.
(() => {
  const tree = document;
  // The newest element of this script: modules are not told theirs, and pages that exchange their body bring another one.
  const find = () => [...tree.querySelectorAll("script[data-user][src*='/afterbill.js']")].pop();
  let script = tree.currentScript || find(), options, told, who = {}, open, tied, stop, warned, tried;

  const complain = (problem) => {
    if (!warned) console.warn("afterbill: " + problem);
    warned = 1;
  };

  if (window.afterbill) return window.afterbill.look?.(script);
  if (!script) return complain("data-user is missing");

  // What the server answers to a user; throws what it says is wrong.
  const send = async (whom, action, more) => {
    let said;
    try {
      const response = await fetch(new URL(action, script.src), {
        method: "POST",
        keepalive: true,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...whom, ...more }),
      });
      said = await response.json();
      if (response.ok) return said;
    } catch {}
    throw said ? said.message : script.src + " gave no answer: is " + location.origin + " in origins of [in_product], its host in connect-src?";
  };

  // An element with properties or attributes, and what it holds.
  const make = (tag, given, ...inner) => {
    const element = tree.createElement(tag);
    for (const key in given) key in element ? (element[key] = given[key]) : element.setAttribute(key, given[key]);
    element.append(...inner);
    return element;
  };

  const radio = (field, chosen, text, more) => make("label", {}, make("input", { type: "radio", name: field, value: chosen, ...more }), make("span", {}, text));

  // Builds the card of a survey for this user, and gives what puts it into the page and what takes it out; throws where
  // this browser cannot have it.
  const build = (whom, survey) => {
    let timer, before, rated, queue = Promise.resolve();
    const about = { survey: survey.id };
    const ended = new AbortController();
    // One after the other, so that no earlier word comes last.
    const answer = (fields) => {
      timer = clearTimeout(timer);
      return (queue = queue.catch(() => {}).then(() => send(whom, "answer", { ...about, ...fields })));
    };
    const keep = () => timer && answer({ rating: rated }).catch(complain);
    const quit = () => {
      ended.abort();
      keep();
      host.remove();
      open = 0;
    };
    const leave = () => {
      quit();
      rated || send(whom, "dismissal", about).catch(complain);
      before?.focus();
    };
    // Another page, or another showing of this one, may have the survey: the address is one that no preflight delays.
    const part = () => rated || send(whom, "shown", { ...about, gone: true }).catch(complain);
    const back = (event) => event.persisted && !rated && send(whom, "shown", about).then((said) => said.show || quit(), quit);
    const escape = (event) => {
      const at = tree.activeElement;
      if (event.key == "Escape" && !event.defaultPrevented && (at == host || at == tree.body)) leave();
    };

    const host = make("div", { lang: survey.language, dir: survey.direction });
    const sheet = new CSSStyleSheet();
    const colours = survey.colours;
    const dark = "section{--s:#1d2126;--i:#eef1f4;--m:#b3bcc7;--e:#8a95a3;--a:" + colours[2] + ";--o:" + colours[3] + "}";
    sheet.replaceSync("STYLE(widget.css)section{--a:" + colours[0] + ";--o:" + colours[1] + "}" + (options.theme == "light" ? "" : "@media(prefers-color-scheme:dark){" + dark + "}"));

    const low = survey.lowest;
    const high = survey.highest;
    const numbers = make("div", { className: high > 9 ? "n t" : "n" });
    for (let rating = low; rating <= high; rating++) numbers.append(radio("rating", rating, rating, { "aria-describedby": rating == low ? "l" : rating == high ? "h" : "" }));
    const why = make("span", {});
    const reasons = survey.reasons.length && make("fieldset", {}, make("legend", {}, why, survey.optional), make("div", { className: "r" }, ...survey.reasons.map(([slug, text]) => radio("reason", slug, text))));
    const rest = make(
      "div",
      { hidden: true },
      reasons || "",
      make("label", { className: "f", htmlFor: "c" }, reasons ? survey.more : why, survey.optional),
      make("textarea", { id: "c", name: "comment", maxLength: 10000, dir: "auto" }),
      make("label", { className: "k" }, make("input", { type: "checkbox", name: "contact_ok" }), make("span", {}, survey.contact)),
      make("button", { className: "g" }, survey.send),
    );
    const form = make(
      "form",
      {},
      make("fieldset", {}, make("legend", { id: "q" }, survey.question), numbers, make("div", { className: "w" }, make("span", { id: "l" }, low + " = " + survey.low), make("span", { id: "h" }, high + " = " + survey.high))),
      rest,
    );
    const status = make("p", { role: "status" });
    const card = (called, ...inner) => make("section", { role: "dialog", "aria-label": called, tabIndex: -1 }, make("button", { className: "x", type: "button", "aria-label": survey.close, onclick: leave }, "×"), ...inner, status);
    const box = card(survey.title, form);

    numbers.onchange = (event) => {
      rated = event.target.value;
      why.textContent = survey.follow[rated >= survey.good ? "promoter" : rated > survey.bad ? "passive" : "detractor"];
      rest.hidden = false;
      clearTimeout(timer);
      timer = setTimeout(keep, 1000);
    };
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        await answer(Object.fromEntries(new FormData(form)));
        // A card of its own: one that shrank late would count as a shift of the page.
        const last = card(survey.thanks);
        box.replaceWith(last);
        status.textContent = survey.thanks;
        last.focus();
      } catch (problem) {
        complain(problem);
        status.textContent = survey.unavailable;
      }
    };
    host.addEventListener("focusin", (event) => (before ||= event.relatedTarget));
    const root = host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    root.append(box);
    return {
      part: part,
      quit: () => {
        quit();
        part();
      },
      show: () => {
        addEventListener("visibilitychange", keep, ended);
        addEventListener("pagehide", part, ended);
        addEventListener("pageshow", back, ended);
        addEventListener("keydown", escape, ended);
        // Beside the body, which some pages exchange.
        tree.documentElement.append(host);
      },
    };
  };

  // From now on this user is at the page, or nobody: what is open is for whoever was there before, and closes.
  const become = (newUser, newProof) => {
    if (newUser != who.user) {
      stop?.();
      open?.quit?.();
      told = open = 0;
      who = {};
    }
    who.user = newUser;
    if (newProof) who.hash = newProof;
  };

  // Whether a survey is shown now; another user or a newer hash may be named by pages that change both without loading.
  const ask = async (newUser, newProof) => {
    if (newUser !== undefined) become(newUser || "", newProof);
    // Whom the page forgot to name, the server misses; where it says that nobody is there, there is nothing to ask.
    if (open || who.user === "") return false;
    const mine = (open = {});
    const whom = who;
    try {
      const said = await send(whom, "survey", { locale: options.locale || tree.documentElement.lang });
      const found = said.survey;
      // A browser that cannot build the card must not use up a showing.
      const card = found && open == mine && build(whom, found);
      if (card && (await send(whom, "shown", { survey: found.id })).show) {
        if (open == mine) {
          open = card;
          card.show();
          return true;
        }
        card.part();
      }
      // Once for each user, for another window may show it all day; the next user did not choose this moment.
      if (said.soon && tried != whom) {
        tried = whom;
        setTimeout(() => who == whom && ask(), 9000);
      }
    } catch (problem) {
      complain(problem);
    }
    if (open == mine) open = 0;
    return false;
  };

  // Waits for the moment to ask.
  const begin = () => {
    stop?.();
    // By then a loader has taken the element away that takes it away: only later its absence says something.
    setTimeout(() => (tied = script.isConnected));
    const moment = options.moment || "load";
    if (moment == "manual") return;
    let waiting, watcher;
    const come = new AbortController();
    come.capture = true;
    stop = () => {
      clearTimeout(waiting);
      come.abort();
      watcher?.disconnect();
    };
    const now = () => {
      stop();
      ask();
    };
    const later = () => {
      clearTimeout(waiting);
      waiting = setTimeout(now, 3000);
    };
    if (moment == "load") {
      for (const kind of ["keydown", "pointerdown", "scroll"]) addEventListener(kind, later, come);
      later();
    } else if (moment >= 0) waiting = setTimeout(now, moment * 1000);
    else {
      // Something to press is the moment when it is pressed, anything else when it is there.
      const check = () => {
        const found = tree.querySelector(moment);
        if (found && !found.matches("a,button,input,select,summary,[role=button]")) now();
      };
      try {
        tree.querySelector(moment);
      } catch {
        return complain("data-moment is no moment: " + moment);
      }
      addEventListener("click", (event) => event.target.closest?.(moment) && now(), come);
      watcher = new MutationObserver(check);
      watcher.observe(tree, { childList: true, subtree: true });
      check();
    }
  };

  // Takes over what the page says of its user: in other attributes, or in the element of a new head or body. Where the
  // element has gone with its body and no other one came, nobody is known to be there.
  const words = (element) => element.dataset.user + element.dataset.hash;
  const look = (another, changes) => {
    const here = script.isConnected;
    // Other changes of the page name nobody, unless they bring back an element that had gone.
    if (here && tied && changes?.every((change) => change.target != script)) return;
    const found = another && (!here || words(another) != told) ? another : here ? script : tied && find();
    if (found == script && words(found) == told) return;
    if (found) {
      script = found;
      options = found.dataset;
      become(options.user, options.hash);
      told = words(found);
      begin();
    } else if (tied) {
      tied = 0;
      become("");
    }
  };
  window.afterbill = { ask: ask, close: () => become(""), look: look };
  look(script);
  new MutationObserver((changes) => look(0, changes)).observe(tree, { childList: true, subtree: true, attributeFilter: ["data-user", "data-hash"] });
})();
