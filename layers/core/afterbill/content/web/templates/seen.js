{#- A page that is loaded again (reload, back, a restored or doubled tab) is no new click. Its entry in the history of the
    browser survives all of these: the address says `again`, which the server stores no visit for, and the state says whether
    the number was told: true, false, or null where somebody else opened the address. -#}
(function () {
  var form = document.forms[0], chosen = form.dataset.tapped, reports = 5, left, since, timer;
  function remember(told) {
    try { history.replaceState(told, "", "?rating=" + chosen + "&again=1"); } catch (error) {}
  }
  function report() {
    var told = new URLSearchParams({ seen: 1, rating: chosen });
    remember(true);
    chosen = "";
    if (!--reports) end();
    if (!navigator.sendBeacon || !navigator.sendBeacon("?", told))
      fetch("?", { method: "POST", body: told, keepalive: true }).catch(function () {});
  }
  function begin() {
    left = form.dataset.visible * 1000;
    since = 0;
    look();
  }
  function look() {
    clearTimeout(timer);
    if (since) left -= performance.now() - since;
    since = 0;
    if (chosen && document.visibilityState == "visible") {
      since = performance.now();
      timer = setTimeout(report, Math.max(left, 0));
    }
  }
  function choose(event) {
    if (event.target.name != "rating") return;
    chosen = event.target.value;
    remember(false);
    begin();
  }
  function end() {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
    form.removeEventListener("change", choose);
  }
  document.addEventListener("visibilitychange", look);
  form.addEventListener("change", choose);
  form.addEventListener("submit", end);
  if (history.state !== false && (document.wasDiscarded || /[?&]again=/.test(location.search))) chosen = "";
  else remember(false);
  begin();
})();
